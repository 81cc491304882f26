import { randomInt } from 'node:crypto';
import type { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import type { Logger } from 'pino';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { loopUse, rateOf } from '../../lib/load-gauges.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Env } from '../env.ts';
import { type Body, type Limits, unfinishedBodies } from './unfinished-bodies.ts';

type Fetch = Hono<Env>['fetch'];

interface Options {
  db: Pick<Hub['db'], 'waitedMs'>;
  metrics: Pick<Metrics, 'counter' | 'observeRequest'>;
  log: Logger;
  /** The error as it is told to whoever asked this. */
  refusal: (request: Request, error: AppError) => Response;
  /** Peers whose X-Forwarded-For is believed: addresses and ranges. */
  proxies?: readonly string[];
  /** Paths, or what they begin with when they end in a slash, that are always answered, unless a body comes along. */
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
  unfinished?: { perAddress: Limits; altogether: Limits };
  /** Who is under way for longer waits for a service, or for the rest of a body: that costs the hub nothing. */
  longMs?: number;
}

const mebibyte = 1024 * 1024;
const saturated = 0.9;
const longestWaitMs = 250;

/**
 * Refuses what the hub would not come to for long: once more is under way than it answers in half a second, and either the processor is
 * never idle or connections to the database are waited for. Requests that wait for a service cost neither, so many of them may be under way;
 * whoever is under way for long is taken to be one of them.
 *
 * It stands around the whole app and not among its middleware: hundreds are refused in a second, and looking for a route, a line in the log and
 * headers made one by one would take that time from those who are let in.
 */
export function refuseOverload({
  db,
  metrics,
  log,
  refusal,
  proxies,
  exempt = [],
  few = 50,
  aheadS = 0.5,
  most = 2_000,
  use = loopUse(),
  longMs = 3_000,
  unfinished = {
    perAddress: { bodies: 100, bytes: 128 * mebibyte },
    altogether: { bodies: most / 2, bytes: 512 * mebibyte },
  },
}: Options): (answer: Fetch) => Fetch {
  const help = 'Requests refused because the hub had too much to do';
  const refused = metrics.counter('patchbay_refused_requests_total', help, ['reason']);
  const isExempt = (path: string) => exempt.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  let underWay = 0;
  let answered = 0;
  /** Since when, the longest first: those under way that may be waiting for the hub itself. */
  const recent = new Set<{ since: number }>();
  const bodies = unfinishedBodies({ ...unfinished, proxies });
  const tell = oncePerSecond(log);
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
  const refuse = (request: Request, reason: string) => {
    refused.inc({ reason });
    metrics.observeRequest({ method: request.method, route: 'none', status: 503, seconds: 0 });
    tell();
    return refusal(request, tooBusy[randomInt(tooBusy.length)] as AppError); // not everybody comes back at the same moment
  };
  const counted = async (body: Body | null, answer: () => ReturnType<Fetch>) => {
    const one = { since: performance.now() };
    recent.add(one);
    underWay += 1;
    const arrived = bodies.arrives(body);
    try {
      return await answer();
    } finally {
      arrived();
      recent.delete(one);
      underWay -= 1;
      answered += 1;
      perSecond(); // or what it says in need would be of a time long past
    }
  };
  return (answer) => (request, env, execution) => {
    const { incoming, outer }: Env['Bindings'] = env ?? {};
    const body = bodies.of(request, incoming);
    if (outer || (!body && isExempt(getPath(request)))) return answer(request, env, execution);
    const reason = bodies.tooMany(body) ? 'bodies' : reasonToRefuse();
    return reason ? refuse(request, reason) : counted(body, () => answer(request, env, execution));
  };
}

/** Says how many there were, a second after the first of them. */
function oncePerSecond(log: Logger): () => void {
  let count = 0;
  const say = () => {
    log.warn({ refused: count }, `refused ${count} ${count === 1 ? 'request' : 'requests'}`);
    count = 0;
  };
  return () => {
    if (!count) setTimeout(say, 1_000).unref();
    count += 1;
  };
}

/** Made once: hundreds of them are told in a second, and an error looks at the stack when it is made. */
const tooBusy = [1, 2, 3].map(
  (retryAfter) =>
    new AppError('overloaded', 'The hub has too much to do just now. Try again in a few seconds.', { retryAfter }),
);
