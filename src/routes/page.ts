import type { Context, Hono } from 'hono';
import type { Ctx, Hub } from '../context.ts';
import type { Role } from '../lib/role.ts';
import type { OperatorCtx } from '../services/tenants/operator-trail.ts';
import type { Env } from './env.ts';
import { ctxOf, operatorCtxOf } from './middleware/session.ts';

type Answer = Response | Promise<Response>;

/** One page or form route, with what the tests that sweep all routes need to know of it. */
export interface PageRoute {
  method: 'get' | 'post' | 'put' | 'delete';
  path: string;
  /**
   * The lowest role that may use it; `public` needs no sign-in. The service enforces it, this tells it. `operator` stands beside
   * the roles: people who run the hub, whatever they are in a workspace.
   */
  role: Role | 'public' | 'operator';
  /** The audit event that a success writes, an operator's into the operators' trail; null for what changes nothing. */
  audit: string | null;
  /** A request that works on a hub with one connector, whose id stands for `:id`. */
  example: { params?: Record<string, string>; query?: Record<string, string>; form?: Record<string, string> };
  handle(c: Context<Env>): Answer;
}

type Definition = Omit<PageRoute, 'handle'>;

/** A route for signed-in people. */
export const page = (definition: Definition, handle: (ctx: Ctx, c: Context<Env>) => Answer): PageRoute => ({
  ...definition,
  handle: (c) => handle(ctxOf(c), c),
});

/** A route for those who run the hub. */
export const operatorPage = (
  hub: Hub,
  definition: Omit<Definition, 'role'>,
  handle: (ctx: OperatorCtx, c: Context<Env>) => Answer,
): PageRoute => ({ ...definition, role: 'operator', handle: (c) => handle(operatorCtxOf(c, hub), c) });

/** A route for anybody. */
export const publicPage = (
  definition: Definition & { role: 'public' },
  handle: (c: Context<Env>) => Answer,
): PageRoute => ({ ...definition, handle });

export const mountPage = (app: Hono<Env>, route: PageRoute) =>
  app.on(route.method.toUpperCase(), route.path, route.handle);

/** The `:id` in the route's path. */
export const idOf = (c: Context<Env>): string => c.req.param('id') ?? '';

/** Whether htmx asks for a part of the page that is already there. */
export const isPartial = (c: Context<Env>) => wantsPart(c.req.raw);

export const wantsPart = ({ headers }: Request) =>
  headers.get('hx-request') === 'true' && headers.get('hx-request-type') !== 'full';
