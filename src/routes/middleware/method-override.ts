import type { Hono, MiddlewareHandler } from 'hono';
import type { Env } from '../env.ts';
import { formFields } from './form-fields.ts';

const methods = new Set(['PUT', 'PATCH', 'DELETE']);

/**
 * Forms can only POST: without JavaScript the field `_method` names the method that is meant, and the request goes
 * round once more under it. Only what came through the checks of a POST is ever turned into something else.
 * @param app the app to send it to; register this behind the log, the body limit and the CSRF check
 */
export function methodOverride(app: Pick<Hono<Env>, 'fetch'>): MiddlewareHandler<Env> {
  return async function methodOverride(c, next) {
    const fields = c.req.method === 'POST' && !c.env?.outer ? await formFields(c) : null;
    const method = fields?.get('_method')?.toUpperCase() ?? '';
    if (!methods.has(method)) return next();

    const body = await c.req.arrayBuffer();
    const headers = new Headers(c.req.raw.headers);
    headers.delete('transfer-encoding');
    const again = new Request(c.req.url, { method, headers, body });
    const outer = { ...c.var };
    c.res = await app.fetch(again, { ...c.env, outer });
    c.set('route', outer.route);
    c.set('session', outer.session);
  };
}
