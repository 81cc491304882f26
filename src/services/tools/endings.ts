import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';

/** How long it is tried, and how long between two tries, in milliseconds. */
const patienceMs = 4_000;
const pauseMs = 200;

/**
 * Writes how a call ended, and again while the database is away: what was called was called.
 * @throws AppError outcome_unknown when it stays away: “try again” would make the call a second time
 */
export async function writeEnding(executionId: string, write: () => Promise<void>): Promise<void> {
  for (const until = performance.now() + patienceMs; ; await sleep(pauseMs)) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      if (performance.now() > until) throw notWritten(executionId, error);
    }
  }
}

export const isDatabaseAway = (error: unknown): boolean => error instanceof AppError && error.status === 503;

/** @param cause what the database said */
export const notWritten = (executionId: string, cause: unknown) =>
  new AppError(
    'outcome_unknown',
    'The call was made, but the database was away when its end was to be written. Look before you try again.',
    { retryAfter: 2, extra: { execution_id: executionId }, cause },
  );
