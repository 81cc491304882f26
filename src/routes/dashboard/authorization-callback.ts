import type { Context } from 'hono';
import { completeAuthorization, type Outcome } from '../../services/authorizations/authorization-callback.ts';
import type { Established } from '../../services/authorizations/authorization-settlement.ts';
import { startPath } from '../../services/connections/connection-addresses.ts';
import { connectionName } from '../../services/connections/connections.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { refusedPage, retryForm } from '../pages/authorizations.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { visitOf } from '../visit.ts';

const open = { method: 'get', role: 'public', audit: 'connection.created', example: {} } as const;

/**
 * Where services send browsers back to. Open to everybody, because whoever followed a connect link has no account; everybody else's
 * session is compared with the request.
 */
export const authorizationCallbackPages = (tools: PageTools): PageRoute[] => [
  publicPage({ ...open, path: paths.authorizationCallback }, (c) => callback(tools, c, null)),
  publicPage({ ...open, path: paths.connectorCallback(':connector') }, (c) =>
    callback(tools, c, c.req.param('connector') ?? ''),
  ),
];

async function callback(tools: PageTools, c: Context<Env>, connectorId: string | null): Promise<Response> {
  const visit = await visitOf(tools, c);
  const query = new URL(c.req.url).searchParams;
  const outcome = await completeAuthorization(visit, { connectorId, query });
  if ('connected' in outcome) return connected(tools, c, outcome);
  const { refused, request } = outcome;
  if (refused.reason === 'signed_out' && request) {
    const next = { label: 'Sign in', path: paths.signin, query: { next: tools.url(startPath(request.id)) } };
    return refusedPage(tools, c, refused, { next });
  }
  return refusedPage(tools, c, refused, {
    retry: retryForm(outcome.retry),
    next: request?.linkHash ? null : undefined,
  });
}

async function connected(tools: PageTools, c: Context<Env>, outcome: Extract<Outcome, { connected: Established }>) {
  const { connected: done, returnTo, guest, workspace, setCookie } = outcome;
  const { connection, connector } = done;
  c.header('Set-Cookie', setCookie, { append: true });
  if (guest) {
    const account = connection.accountLabel ?? 'Your account';
    return tools.html(c, 'connections/guest-done', {
      done: { account, service: connector.catalog.name, workspace },
    });
  }
  // Who connects for the workspace may switch on too.
  const off = connector.status === 'inactive' && connection.userId === null;
  leaveNotice(c, tools.hub, {
    ...{ tone: 'ok', name: connectionName(connection, connector), text: whatChanged(done) },
    ...(off && { action: { label: 'Activate', path: paths.connectorActivation(connector.id), method: 'post' } }),
  });
  return returnTo ? c.redirect(returnTo, 303) : tools.redirect(c, paths.connector(connector.id));
}

function whatChanged({ gained, lost, missing }: Established): string {
  const list = (some: string[]) => some.slice(0, 8).join(', ') + (some.length > 8 ? ' and more' : '');
  return [
    'is connected.',
    ...(gained.length ? [`It may now also: ${list(gained)}.`] : []),
    ...(lost.length ? [`It may no longer: ${list(lost)}.`] : []),
    ...(missing.length ? [`Asked for and not granted: ${list(missing)}.`] : []),
  ]
    .join(' ')
    .slice(0, 500);
}
