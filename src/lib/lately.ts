import { performance } from 'node:perf_hooks';

/**
 * Measures over windows of so many milliseconds and more, while somebody asks and at no other time; in between it says what it said before.
 * @param next what to say of the window that is over
 */
function lately(windowMs: number, next: (seconds: number) => number): () => number {
  let since = performance.now();
  let said = 0;
  return () => {
    const now = performance.now();
    if (now - since < windowMs) return said;
    said = next((now - since) / 1_000);
    since = now;
    return said;
  };
}

/** Tells which part of the last tenth of a second, from 0 to 1, the main thread had something to do. */
export function loopUse(): () => number {
  let before = performance.eventLoopUtilization();
  return lately(100, () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
}

/** Tells how much something that is counted grew in the last second. */
export function rateOf(count: () => number): () => number {
  let before = count();
  return lately(1_000, (seconds) => {
    const grown = count() - before;
    before += grown;
    return grown / seconds;
  });
}
