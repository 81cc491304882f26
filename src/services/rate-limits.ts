import type { Hub } from '../context.ts';
import { deleteIdleLimits, returnToLimit, takeFromLimit } from '../db/queries/rate-limits.ts';

type Parts = Pick<Hub, 'db' | 'log'>;

export interface Limit {
  /** Who and what is counted, at most 300 characters, e.g. `sign-in:203.0.113.7`. */
  key: string;
  /** Requests allowed in `per` seconds. */
  rate: number;
  per: number;
  /** How many may come at once; `rate` when not given. */
  burst?: number;
}

export interface LimitAnswer {
  allowed: boolean;
  /** How many more may come at once. */
  remaining: number;
  /** Seconds after which the next one is allowed, rounded up; 0 when this one was. */
  retryAfter: number;
}

/**
 * Counts a request, or several at once, against a limit that all replicas share. While the database is away each replica counts by itself:
 * a limit that cannot be asked neither opens the door nor closes it.
 */
export async function limit(
  { db, log }: Parts,
  { key, rate, per, burst = rate }: Limit,
  count = 1,
): Promise<LimitAnswer> {
  const interval = per / rate;
  const window = interval * burst;
  const taken = await shared(
    log,
    () => takeFromLimit(db.system, key, interval * count, window),
    () => takeLocally(key, interval * count, window),
  );
  if (taken.ahead === null)
    return { allowed: false, remaining: 0, retryAfter: Math.max(1, Math.ceil(taken.before + interval - window)) };
  return { allowed: true, remaining: Math.floor((window - taken.ahead) / interval + 1e-6), retryAfter: 0 };
}

/** At most so many are taken in advance, for at most so many seconds. */
const mostInAdvance = 50;
const advanceS = 1;

interface Advance {
  left: number;
  /** Requests since `since`. */
  used: number;
  since: number;
  until: number;
  remaining: number;
}

const advances = new Map<string, Advance>();

/**
 * The same for what is asked so often that one query for each would slow it down: as many requests as came in the last second are
 * taken at once. All replicas together still allow no more than the limit; somebody who suddenly falls silent loses at most what they
 * used in their last second.
 */
export async function limitInAdvance(parts: Parts, limited: Limit): Promise<LimitAnswer> {
  const { key, rate } = limited;
  const at = now();
  const known = advances.get(key);
  if (known && known.left > 0 && at < known.until) {
    known.left -= 1;
    known.used += 1;
    return { allowed: true, remaining: known.remaining + known.left, retryAfter: 0 };
  }
  const lately = known && at - known.since < 2 * advanceS ? known.used / Math.max(advanceS, at - known.since) : 0;
  const count = Math.max(
    1,
    Math.min(mostInAdvance, Math.floor(lately * advanceS), Math.floor((limited.burst ?? rate) / 10)),
  );
  const taken = await limit(parts, limited, count);
  // Near the limit what was to be taken in advance may not be there, and this request all the same.
  if (!taken.allowed && count > 1) return limit(parts, limited);
  if (taken.allowed) advance(key, at, count - 1, taken.remaining);
  return { ...taken, remaining: taken.remaining + count - 1 };
}

function advance(key: string, at: number, left: number, remaining: number): void {
  const known = advances.get(key);
  const recent = known && at - known.since < advanceS ? known : { used: 0, since: at };
  const unspent = known && at < known.until ? known.left : 0;
  advances.delete(key); // to the end of the order: who was not seen for longest goes first
  advances.set(key, {
    left: unspent + left,
    used: recent.used + 1,
    since: recent.since,
    until: at + advanceS,
    remaining,
  });
  if (advances.size > capacity) advances.delete(advances.keys().next().value as string);
}

/** Gives one request back, e.g. after a sign-in that succeeded: only failures count. */
export async function giveBack({ db, log }: Parts, { key, rate, per }: Limit): Promise<void> {
  const interval = per / rate;
  await shared(
    log,
    () => returnToLimit(db.system, key, interval),
    () => returnLocally(key, interval),
  );
}

/** Clears away what no longer limits anybody; for a job. Returns the number of rows. */
export const forgetIdleLimits = ({ db }: Parts): Promise<number> => deleteIdleLimits(db.system);

/** After a failure the database is left alone for a moment, so that callers do not each wait for its deadline. */
const pause = 2_000;
let awayUntil = 0;

async function shared<T>(log: Hub['log'], ask: () => Promise<T>, local: () => T): Promise<T> {
  if (performance.now() < awayUntil) return local();
  try {
    return await ask();
  } catch (error) {
    awayUntil = performance.now() + pause;
    log.warn({ err: error }, 'rate limits are counted in memory, because the database does not answer');
    return local();
  }
}

const capacity = 10_000;
const arrivals = new Map<string, number>();
const now = () => performance.now() / 1000;

function takeLocally(key: string, interval: number, window: number) {
  const before = Math.max(0, (arrivals.get(key) ?? 0) - now());
  const ahead = before + interval;
  if (ahead > window + 1e-9) return { ahead: null, before };
  arrivals.delete(key); // to the end of the order: what was not asked for longest goes first
  arrivals.set(key, now() + ahead);
  if (arrivals.size > capacity) arrivals.delete(arrivals.keys().next().value as string);
  return { ahead, before };
}

function returnLocally(key: string, interval: number): void {
  const arrival = arrivals.get(key);
  if (arrival !== undefined) arrivals.set(key, arrival - interval);
}
