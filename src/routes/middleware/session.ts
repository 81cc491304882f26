import type { Context, MiddlewareHandler } from 'hono';
import type { Ctx, Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { sameOriginPath } from '../../lib/same-origin-path.ts';
import type { Identity } from '../../services/people/identity.ts';
import type { Session } from '../../services/people/sessions.ts';
import type { OperatorCtx } from '../../services/tenants/operator-trail.ts';
import type { Env } from '../env.ts';
import { nothingHere } from '../not-found.ts';
import { paths } from '../paths.ts';
import { bearerOf, enterByKey } from './api-key.ts';

interface Options {
  hub: Hub;
  identity: Identity;
}

/**
 * For pages and fragments: whoever is not signed in is sent to the sign-in page and comes back afterwards.
 * @throws AppError forbidden for a person without any workspace
 */
export function pageSession({ hub, identity }: Options): MiddlewareHandler<Env> {
  return async function pageSession(c, next) {
    const session = await readInto(c, hub, identity);
    if (!session) return toSignIn(c, hub);
    requireTenant(session);
    await settle(c, identity, session);
    await next();
  };
}

/**
 * For the JSON API: a session, or an API key, which then counts alone.
 * @throws AppError not_signed_in, or forbidden for a person without any workspace
 */
export function apiSession({ hub, identity }: Options): MiddlewareHandler<Env> {
  return async function apiSession(c, next) {
    const key = bearerOf(c);
    if (key !== null) {
      await enterByKey(c, hub, key);
      return next();
    }
    const session = await readInto(c, hub, identity);
    if (!session)
      throw new AppError(
        'not_signed_in',
        'Sign in first: this needs an API key as Authorization: Bearer, or the session cookie that POST /api/auth/sign-in/email gives.',
      );
    requireTenant(session);
    await settle(c, identity, session);
    await next();
  };
}

/**
 * For the pages of operators, who may belong to no workspace. For everybody else there is nothing at these addresses.
 * @throws AppError not_found
 */
export function operatorSession({ hub, identity }: Options): MiddlewareHandler<Env> {
  return async function operatorSession(c, next) {
    const session = await readInto(c, hub, identity);
    if (!session) return toSignIn(c, hub);
    if (!session.operator) throw nothingHere();
    await next();
  };
}

/** The service context of a request behind `operatorSession`. */
export function operatorCtxOf(c: Context<Env>, hub: Hub): OperatorCtx {
  const session = c.get('session');
  if (!session?.operator) throw nothingHere();
  const { id, name } = session.user;
  return { hub, actor: { type: 'user', id, name }, requestId: c.get('requestId'), ip: c.get('ip'), log: c.get('log') };
}

/** The service context of a request behind `pageSession` or `apiSession`. */
export function ctxOf(c: Context<Env>): Ctx {
  const ctx = c.get('ctx');
  if (!ctx) throw new Error('This route is not behind a session middleware.');
  return ctx;
}

async function readInto(c: Context<Env>, hub: Hub, identity: Identity): Promise<Session | null> {
  const known = c.get('session');
  if (known) return known; // two session middlewares in one chain read once
  const session = await identity.readSession(c.req.raw.headers);
  if (!session) return null;
  c.set('session', session);
  c.set('log', c.get('log').child({ user_id: session.user.id, tenant_id: session.tenant?.id }));
  if (session.tenant && session.role) c.set('ctx', contextFor(c, hub, session.tenant.id, session.user, session.role));
  return session;
}

function contextFor(
  c: Context<Env>,
  hub: Hub,
  tenantId: string,
  user: Session['user'],
  role: Ctx['actor']['role'],
): Ctx {
  return {
    hub,
    tenantId,
    actor: { type: 'user', id: user.id, name: user.name, role },
    requestId: c.get('requestId'),
    ip: c.get('ip'),
    log: c.get('log'),
  };
}

/**
 * A change that was meant for a workspace that is gone must not land in the next one. Looking settles the session there.
 * @throws AppError conflict
 */
async function settle(c: Context<Env>, identity: Identity, session: Session): Promise<void> {
  if (!session.moved || !session.tenant) return;
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD')
    throw new AppError(
      'conflict',
      `The workspace that you were in is gone, so nothing was changed. Load the page again to go on in ${session.tenant.name}.`,
    );
  await identity.switchTenant(session, session.tenant.id);
}

function requireTenant(session: Session): void {
  if (session.tenant) return;
  throw new AppError('forbidden', `${session.user.email} is not a member of any workspace. Ask an owner to add you.`);
}

/** A fragment cannot follow a redirect: htmx is told to load the sign-in page instead of swapping it in. */
function toSignIn(c: Context<Env>, hub: Hub): Response {
  const { basePath } = hub.config;
  const target = `${basePath}${paths.signin}?next=${encodeURIComponent(returnPath(c, hub))}`;
  c.header('vary', 'HX-Request', { append: true });
  if (c.req.header('hx-request') === 'true') return c.body(null, 401, { 'hx-redirect': target });
  return c.redirect(target, 303);
}

/** The page that the person sees: of a fragment or a post it is the one it was sent from. */
function returnPath(c: Context<Env>, hub: Hub): string {
  const home = `${hub.config.basePath}${paths.home}`;
  const isPage = (c.req.method === 'GET' || c.req.method === 'HEAD') && c.req.header('hx-request') !== 'true';
  const url = URL.parse(isPage ? c.req.url : (c.req.header('hx-current-url') ?? c.req.header('referer') ?? ''));
  return url ? sameOriginPath(`${url.pathname}${url.search}`, home) : home;
}
