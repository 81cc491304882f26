/** Whole billionths of a US dollar as dollars, with nine decimals; null for more than can be counted exactly. */
export function usdOf(nano: number): string | null {
  if (!Number.isSafeInteger(nano)) return null;
  const digits = String(Math.abs(nano)).padStart(10, '0');
  return `${nano < 0 ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** The same the other way round. @param usd digits, with at most nine decimals */
export function nanoOf(usd: string): number {
  const [whole = '', decimals = ''] = usd.split('.');
  return Number(`${whole}${decimals.padEnd(9, '0')}`);
}

/** As much of it as people look at: cents of dollars, and more of cents. */
export const roundUsd = (nano: number): string =>
  nano >= 1e9 ? (nano / 1e9).toFixed(2) : nano >= 1e7 ? (nano / 1e9).toFixed(4) : shortUsd(nano);

/** As people write it: at least two decimals, and no zeros after them. */
export const shortUsd = (nano: number): string => (usdOf(nano) ?? '').replace(/(\.\d\d\d*?)0+$/, '$1');
