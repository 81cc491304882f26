import { randomInt } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { loopUse, rateOf } from '../../lib/load-gauges.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Env } from '../env.ts';
import { unfinishedBodies } from './unfinished-bodies.ts';

interface Options {
  db: Pick<Hub['db'], 'waitedMs'>;
  metrics: Pick<Metrics, 'counter'>;
  /** Paths, or what they begin with when they end in a slash, that are always answered. */
  exempt?: string[];
  /** So many may always be under way. */
  few?: number;
  /** And as many as are answered in so many seconds. */
  aheadS?: number;
  /** Never more than this, however calm it is: each holds memory. */
  most?: number;
  /** Which part of the time just now, from 0 to 1, the main thread had something to do. */
  use?: () => number;
  /** Bodies of one address, and of all, that may be on their way at the same time. */
  unfinished?: { perAddress: number; altogether: number };
  /** Who is under way for longer waits for a service, or for the rest of a body: that costs the hub nothing. */
  longMs?: number;
}

const saturated = 0.9;
const longestWaitMs = 250;

/**
 * Refuses what the hub would not come to for long: once more is under way than it answers in half a second, and either the processor is
 * never idle or connections to the database are waited for. Requests that wait for a service cost neither, so many of them may be under way;
 * whoever is under way for long is taken to be one of them.
 * @throws AppError overloaded
 */
export function refuseOverload({
  db,
  metrics,
  exempt = [],
  few = 50,
  aheadS = 0.5,
  most = 2_000,
  use = loopUse(),
  longMs = 3_000,
  unfinished = { perAddress: 100, altogether: most / 2 },
}: Options): MiddlewareHandler<Env> {
  const help = 'Requests refused because the hub had too much to do';
  const refused = metrics.counter('patchbay_refused_requests_total', help, ['reason']);
  const isExempt = (path: string) => exempt.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  let underWay = 0;
  let answered = 0;
  /** Since when, the longest first: those under way that may be waiting for the hub itself. */
  const recent = new Set<{ since: number }>();
  const bodies = unfinishedBodies(unfinished);
  const perSecond = rateOf(() => answered);
  const countRecent = () => {
    const long = performance.now() - longMs;
    for (const one of recent) {
      if (one.since > long) break;
      recent.delete(one);
    }
    return recent.size;
  };
  const reasonToRefuse = () => {
    if (underWay < few) return null;
    if (underWay >= most) return 'number';
    if (countRecent() < Math.max(few, perSecond() * aheadS)) return null;
    if (db.waitedMs() > longestWaitMs) return 'database';
    return use() > saturated ? 'processor' : null;
  };
  return async function refuseOverload(c, next) {
    if (c.env?.outer || isExempt(c.req.path)) return next();
    const body = bodies.of(c);
    const reason = bodies.tooMany(body) ? 'bodies' : reasonToRefuse();
    if (reason) {
      refused.inc({ reason });
      throw tooBusy[randomInt(tooBusy.length)]; // not everybody comes back at the same moment
    }
    const one = { since: performance.now() };
    recent.add(one);
    underWay += 1;
    const arrived = bodies.arrives(body);
    try {
      await next();
    } finally {
      arrived();
      recent.delete(one);
      underWay -= 1;
      answered += 1;
      perSecond(); // or what it says in need would be of a time long past
    }
  };
}

/** Made once: hundreds of them are thrown in a second, and an error looks at the stack when it is made. */
const tooBusy = [1, 2, 3].map(
  (retryAfter) =>
    new AppError('overloaded', 'The hub has too much to do just now. Try again in a few seconds.', { retryAfter }),
);
