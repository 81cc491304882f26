import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { giveBack, type Limit, limit } from '../rate-limits.ts';

type Parts = Pick<Hub, 'db' | 'log'>;

/**
 * Runs work that tells whether a secret was guessed. Each run counts; one that succeeds is given back, so that only failures add up.
 * @param what completes “Too many tries to …”
 * @throws AppError rate_limited, and what the work throws
 */
export async function limitGuesses<T>(parts: Parts, limits: Limit[], what: string, work: () => Promise<T>): Promise<T> {
  for (const each of limits) await take(parts, each, what);
  const result = await work();
  await Promise.all(limits.map((each) => giveBack(parts, each)));
  return result;
}

async function take(parts: Parts, each: Limit, what: string): Promise<void> {
  const { allowed, retryAfter } = await limit(parts, each);
  if (allowed) return;
  parts.log.warn({ limit: each.key }, `too many tries to ${what}`);
  throw new AppError('rate_limited', `Too many tries to ${what}. Try again in ${retryAfter} seconds.`, { retryAfter });
}
