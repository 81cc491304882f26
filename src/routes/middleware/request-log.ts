import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import { addressList, clientAddress } from '../../lib/client-address.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { requestId } from '../../lib/request-id.ts';
import type { Env } from '../env.ts';

interface Options {
  log: Logger;
  metrics: Metrics;
  /** Peers whose X-Forwarded-For is believed: addresses and ranges. */
  proxies?: readonly string[];
  /** Paths that are asked every few seconds; logged at debug only. */
  quiet?: string[];
}

/**
 * Gives each request an id (a valid `X-Request-Id`, else a new one), the caller's address and a logger, and writes one
 * line and one measurement when it is answered. The path is logged without its query: queries may carry secrets.
 */
export function requestLog({ log, metrics, proxies = [], quiet = [] }: Options): MiddlewareHandler<Env> {
  const trusted = addressList(proxies);
  return async function requestLog(c, next) {
    const outer = c.env?.outer;
    if (outer) return insideAnother(c, next, outer);

    const started = performance.now();
    const id = requestId(c.req.header('x-request-id'));
    const requestLogger = log.child({ request_id: id });
    c.set('requestId', id);
    c.set('log', requestLogger);
    c.set('ip', clientAddress(c.env?.incoming?.socket?.remoteAddress, c.req.header('x-forwarded-for'), trusted));
    await next();
    c.res.headers.set('x-request-id', id);

    const { status } = c.res;
    const ms = performance.now() - started;
    const method = c.req.method;
    metrics.observeRequest({ method, route: c.get('route') ?? patternOf(c), status, seconds: ms / 1000 });
    const level = status >= 500 ? 'error' : quiet.includes(c.req.path) ? 'debug' : 'info';
    const { user, tenant } = c.get('session') ?? {};
    const key = c.get('scopes') && c.get('ctx');
    requestLogger[level](
      {
        method,
        path: pathOf(c),
        status,
        ms: Math.round(ms * 10) / 10,
        ip: c.get('ip'),
        tenant_id: tenant?.id ?? (key ? key.tenantId : undefined),
        user_id: user?.id,
        ...(key && { key_id: key.actor.id }),
      },
      'request',
    );
  };
}

/**
 * A token in a path is a secret, and what services have in theirs nobody knows: the route's pattern stands for it.
 * Where no route took it, such as one with a slash at its end, what looks like a token is left out.
 */
function pathOf(c: Context): string {
  const secretive = matchedRoutes(c).find(({ path }) => path.endsWith('/:token') || path.endsWith('/proxy/:id/*'));
  return secretive?.path ?? c.req.path.replace(tokenLike, '…');
}

/** Tokens have 43 such characters; ids have 36. */
const tokenLike = /(?:[\w-]|%[0-9a-f]{2}){40,}/gi;

type Context = Parameters<MiddlewareHandler<Env>>[0];

/** The second round of a form post with `_method`: same id, and what it learns goes to the first round's line. */
async function insideAnother(c: Context, next: () => Promise<void>, outer: Env['Variables']) {
  c.set('requestId', outer.requestId);
  c.set('log', outer.log);
  c.set('ip', outer.ip);
  await next();
  outer.route = patternOf(c);
  outer.session = c.get('session');
}

/** The pattern of the route that answers; paths that no route knows share one label. */
const patternOf = (c: Context): string =>
  matchedRoutes(c).find(({ handler }) => !isMiddleware(handler))?.path ?? 'none';

/** Middleware takes what comes next as well. */
const isMiddleware = (handler: { length: number }) => handler.length > 1;
