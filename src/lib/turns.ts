import { AppError } from '../errors.ts';

interface Options {
  /** How many run at the same time. */
  atOnce: number;
  /** How many may wait; whoever comes after them is refused. */
  mayWait: number;
  /** Said to whoever is refused. */
  message: string;
  /** Seconds after which they should try again. */
  retryAfter: number;
}

/**
 * Lets work that is costly run a few at a time, first come, first served.
 * @returns a function that runs the work in its turn; it throws AppError unavailable when too many wait already
 */
export function turns({ atOnce, mayWait, message, retryAfter }: Options): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running < atOnce) running += 1;
    else if (waiting.length < mayWait) await new Promise<void>((resolve) => waiting.push(resolve));
    else throw new AppError('unavailable', message, { retryAfter });
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next)
        next(); // hands its place over, so that nobody slips in between
      else running -= 1;
    }
  };
}
