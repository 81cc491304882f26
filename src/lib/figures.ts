const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** `1,234,567` */
export const whole = (value: number): string => plain.format(value);

/** `1.2M` */
export const short = (value: number): string => compact.format(value);

/** US dollars with as many digits as say something: `$1,234`, `$12.34`, `$0.0012`. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0';
  if (dollars >= 1_000) return `$${plain.format(dollars)}`;
  if (dollars >= 0.1) return `$${dollars.toFixed(2)}`;
  const digits = Math.min(9, Math.max(3, 1 - Math.floor(Math.log10(dollars))));
  return `$${dollars.toFixed(digits)}`;
}

/** `840 ms`, `1.2 s`, `2.5 min` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  return `${(ms / 60_000).toFixed(1)} min`;
}

/** A share of a whole: `12 %`, `< 1 %`. */
export function share(part: number, of: number): string {
  if (of <= 0) return '';
  const percent = (part / of) * 100;
  if (part > 0 && percent < 1) return '< 1 %';
  return `${Math.round(percent)} %`;
}

/** Cents, or as many digits as tell two steps apart. */
const decimals = (step: number) => (step >= 1 ? 0 : Math.max(2, Math.ceil(-Math.log10(step) - 1e-9)));

/** For axes: all values of one look the same. */
export const units = {
  money: {
    axis: (value: number, step: number) =>
      step >= 1_000 ? `$${compact.format(value)}` : `$${value.toFixed(decimals(step))}`,
  },
  count: { axis: (value: number) => compact.format(value), whole: true },
  duration: {
    axis: (ms: number, step: number) =>
      step < 1_000 && ms < 10_000 && step % 100
        ? `${Math.round(ms)} ms`
        : `${(ms / 1_000).toFixed(step % 1_000 ? 1 : 0)} s`,
  },
};
