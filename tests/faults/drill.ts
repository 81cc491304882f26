/** What a drill is given. */
export interface Given {
  /** How often it breaks something. */
  rounds: number;
  /** From 0 to 1, the same numbers again for the same seed. */
  random(): number;
  say(text: string): void;
  /** Called in reverse order when the drill is over, however it ended. */
  atEnd(stop: () => unknown): void;
}

export interface Outcome {
  /** What was counted and measured. */
  figure: Record<string, number | string>;
  /** A sentence for each promise that was not kept. */
  misses: string[];
  /** Why it, or a part of it, could not be tried on this machine. */
  skipped?: string;
}

export interface Drill {
  name: string;
  /** What is promised, in a sentence. */
  promise: string;
  /** The figure that it has to reach. */
  target: string;
  /** How often it breaks something unless told. */
  rounds: number;
  /** Seconds after which a drill of `rounds` rounds is given up. */
  limitS(rounds: number): number;
  run(given: Given): Promise<Outcome>;
}

/** The generator of Tommy Ettinger, “mulberry32”. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The value below which this share of them lies. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Adds the sentence when the condition does not hold. */
export function demand(misses: string[], holds: boolean, sentence: string): void {
  if (!holds) misses.push(sentence);
}
