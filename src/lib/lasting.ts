import { AsyncLocalStorage } from 'node:async_hooks';

/** What a piece of work has done that stays, whatever becomes of the rest of it. */
interface Traces {
  isAny: boolean;
  /** Failures that say nothing about what was done before them. */
  failures: WeakSet<object>;
}

const traces = new AsyncLocalStorage<Traces>();

/** Says that something stays: it was saved, or sent to where it may not be sent twice. */
export function noteLasting(): void {
  const now = traces.getStore();
  if (now) now.isAny = true;
}

/** Says that this failure came by itself, between any two steps; gives it back. */
export function noteBreak<E>(error: E): E {
  if (typeof error === 'object' && error !== null) traces.getStore()?.failures.add(error);
  return error;
}

/** Runs `work`; what breaks it after something stays is told as `partly` makes it. */
export async function tellPartly<T>(work: () => Promise<T>, partly: (error: unknown) => Error): Promise<T> {
  const mine: Traces = { isAny: false, failures: new WeakSet() };
  try {
    return await traces.run(mine, work);
  } catch (error) {
    throw mine.isAny && mine.failures.has(error as object) ? partly(error) : error;
  }
}
