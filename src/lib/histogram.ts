/**
 * How often which time was taken, in milliseconds, by buckets that are the same everywhere and so can be added up: bucket `b` holds
 * what took from 2^(b/4) to 2^((b+1)/4), so a percentile is never further off than a fifth. The last one, from 9 minutes on, is open.
 */
export type Histogram = ReadonlyMap<number, number>;

export const bucketsPerOctave = 4;
export const lastBucket = 76;

const lowerBound = (bucket: number): number => 2 ** (bucket / bucketsPerOctave);

/** The bucket of a time; SQL reckons the same in `db/queries/usage-facts.ts`. */
export const bucketOf = (ms: number): number =>
  Math.min(lastBucket, Math.floor(bucketsPerOctave * Math.log2(Math.max(1, ms)) + 1e-9));

/**
 * The time that so many of all stay below, in whole milliseconds; null when there is none.
 * @param share from 0 to 1
 */
export function percentile(histogram: Histogram, share: number): number | null {
  const buckets = [...histogram].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const wanted = share * buckets.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [bucket, count] of buckets) {
    if (below + count >= wanted) return Math.round(lowerBound(bucket + (wanted - below) / count));
    below += count;
  }
  return null;
}

export function merged(histograms: Iterable<Histogram>): Histogram {
  const all = new Map<number, number>();
  for (const histogram of histograms)
    for (const [bucket, count] of histogram) all.set(bucket, (all.get(bucket) ?? 0) + count);
  return all;
}
