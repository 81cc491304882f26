import type { Context } from 'hono';
import type { Visit } from '../services/authorizations/authorization-visit.ts';
import type { Env } from './env.ts';
import type { PageTools } from './render.ts';

/** Who comes to a page that is open to everybody, or by its own rules to some. */
export const visitOf = async ({ hub, identity }: PageTools, c: Context<Env>): Promise<Visit> => ({
  hub,
  session: c.get('session') ?? (await identity.readSession(c.req.raw.headers)),
  cookies: c.req.header('cookie') ?? '',
  requestId: c.get('requestId'),
  ip: c.get('ip'),
  log: c.get('log'),
});
