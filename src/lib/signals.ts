/**
 * One signal that fires with the first of these. Unlike `AbortSignal.any` its sources hold it: a signal that nobody else holds may be
 * collected before it fires, and what waits for it would wait for ever.
 */
export function firstOf(...signals: (AbortSignal | null | undefined)[]): AbortSignal {
  const sources = new Set(signals.filter((signal) => signal instanceof AbortSignal));
  const [only] = sources;
  if (only && sources.size === 1) return only;
  const controller = new AbortController();
  for (const signal of sources) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}

export interface Deadline {
  signal: AbortSignal;
  /** Forgets it; call it once the work is done, else it is kept until it fires. */
  clear(): void;
}

/** A signal that fires after so many milliseconds with a TimeoutError, held by its timer. */
export function deadlineIn(ms: number): Deadline {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException('The time was up.', 'TimeoutError'));
  const timer = setTimeout(late, ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
