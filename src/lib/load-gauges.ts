import { performance } from 'node:perf_hooks';

/**
 * What is measured anew when somebody asks and the last time is at least so many milliseconds ago; until then it says the same again.
 * Nothing runs while nobody asks.
 * @param next what to say of the time since then
 */
function gauge(windowMs: number, next: (seconds: number) => number): () => number {
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
  return gauge(100, () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
}

/** Tells how much something that is counted grew in the last second. */
export function rateOf(count: () => number): () => number {
  let before = count();
  return gauge(1_000, (seconds) => {
    const grown = count() - before;
    before += grown;
    return grown / seconds;
  });
}
