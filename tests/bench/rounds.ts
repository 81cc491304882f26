/** Figures of several rounds: the middle one, and how far they are apart. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

export function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}

export interface Comparison {
  ours: Spread;
  other: Spread;
  /** Ours to the other's, of each round by itself: what else the machine did meets both. */
  ratio: Spread;
}

/**
 * Measures two things in turn, each first every other time, after one round of each that does not count.
 * @param rounds how often
 */
export async function sideBySide(
  rounds: number,
  ours: () => Promise<number>,
  other: () => Promise<number>,
): Promise<Comparison> {
  const measured: [number, number][] = [];
  for (let round = -1; round < rounds; round++) {
    const before = round % 2 ? await other() : null;
    const mine = await ours();
    const pair: [number, number] = [mine, before ?? (await other())];
    if (round >= 0) measured.push(pair);
  }
  return {
    ours: spreadOf(measured.map(([value]) => value)),
    other: spreadOf(measured.map(([, value]) => value)),
    ratio: spreadOf(measured.map(([a, b]) => a / b)),
  };
}
