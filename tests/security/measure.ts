import { appendFileSync } from 'node:fs';
import fc from 'fast-check';

const { SECURITY_N = '', SECURITY_SEED = '', SECURITY_FIGURES = '' } = process.env;

/** How many tries a check makes: `N=` of the run, or what it usually makes. */
export const tries = (usual: number): number => Number(SECURITY_N) || usual;

/** What everything random in this run comes from. */
export const seed: number = Number(SECURITY_SEED) || 1;

/** Tells the run what was measured; a test that is run by itself tells nobody. */
export function figure(text: string) {
  if (SECURITY_FIGURES) appendFileSync(SECURITY_FIGURES, `${text}\n`);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomness(from = seed): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Text of any signs, halves of some among them. */
export const anyText = (maxLength = 60): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff })), { maxLength })
    .map((codes) => String.fromCharCode(...codes));

/** The same things in an order that the seed decides. */
export function shuffled<T>(things: readonly T[], random = randomness()): T[] {
  const mixed = [...things];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}
