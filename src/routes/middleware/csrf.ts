import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';
import { bearerOf } from './api-key.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses changes that another site sends: every unsafe method, whatever its content type. Browsers say where a request
 * comes from (`Sec-Fetch-Site`, `Origin`); programs say neither, and carry no cookie that was not given to them. A browser too
 * old to say it still keeps the session cookie back, which is SameSite=Lax.
 * A request that brings an API key is no browser's doing: no other site can add one. Where apps ask for tokens no cookie is read.
 * @param options.baseUrl the hub's public address; its origin is the only one that may send changes
 * @throws AppError forbidden
 */
export function csrf({ baseUrl }: { baseUrl: string }): MiddlewareHandler<Env> {
  const own = new URL(baseUrl);
  const prefix = own.pathname.replace(/\/$/, '');
  return async function csrf(c, next) {
    const path = c.req.path.slice(prefix.length);
    const byKey = bearerOf(c) !== null && /^\/(api|v1)\//.test(path);
    const cookieless = byKey || /^\/oauth\/(register|token|revoke)$/.test(path);
    if (!safeMethods.has(c.req.method) && !cookieless) refuseForeign(c, own);
    await next();
  };
}

function refuseForeign(c: Context<Env>, own: URL): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  if (origin !== undefined && !isOwn(origin, own)) throw wrongOrigin(origin, own);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign();
}

/** On one's own machine `localhost` and `127.0.0.1` are the same hub; no page of another site has such an origin. */
function isOwn(origin: string, own: URL): boolean {
  if (origin === own.origin) return true;
  const sent = URL.parse(origin);
  if (!sent || sent.origin !== origin) return false;
  return (
    sent.protocol === own.protocol &&
    sent.port === own.port &&
    loopback.has(sent.hostname) &&
    loopback.has(own.hostname)
  );
}

const foreign = () =>
  new AppError(
    'forbidden',
    'This request came from another site, so nothing was changed. Go back to Patchbay and try again there.',
  );

const wrongOrigin = (origin: string, own: URL) =>
  new AppError(
    'forbidden',
    `This request came from ${printable(origin)}, but the hub answers at ${own.origin}, so nothing was changed. Open ${own.origin} instead, or set BASE_URL to the address that you use.`,
  );

const printable = (origin: string) => (/^https?:\/\/[\w.:[\]-]{1,255}$/.test(origin) ? origin : 'another origin');
