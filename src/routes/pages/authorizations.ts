import type { Context } from 'hono';
import type { Consent } from '../../services/authorizations/authorization-start.ts';
import { Refusal, type RefusalReason, type Retry } from '../../services/authorizations/authorization-visit.ts';
import { connectionName } from '../../services/connections/connections.ts';
import type { Env } from '../env.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ConsentPage, RefusedPage } from '../view-models/connection.ts';
import type { ConnectForm } from '../view-models/shared.ts';

const shown: Record<RefusalReason, { title: string; status: number }> = {
  denied: { title: 'Access was denied', status: 403 },
  expired: { title: 'The time is up', status: 410 },
  replayed: { title: 'Used already', status: 409 },
  foreign_session: { title: 'Not yours to go on with', status: 403 },
  signed_out: { title: 'You are not signed in', status: 401 },
  foreign_browser: { title: 'Started in another browser', status: 403 },
  mismatch: { title: 'This answer does not fit', status: 400 },
  service_error: { title: 'The service did not connect', status: 400 },
  other_account: { title: 'Another account', status: 409 },
  deleted: { title: 'Deleted meanwhile', status: 410 },
};

interface Way {
  retry?: ConnectForm | null;
  /** Left out: to what is installed; null for somebody without an account. */
  next?: RefusedPage['next'];
}

const toInstalled = { label: 'Installed connectors', path: paths.installed, query: {} };

/** The page that says why nothing was connected, and offers a way on. */
export function refusedPage(
  tools: PageTools,
  c: Context<Env>,
  error: Refusal,
  { retry = null, next = toInstalled }: Way,
) {
  const { title, status } = shown[error.reason];
  return tools.html(
    c,
    'connections/refused',
    { refused: { title, message: error.message, said: error.said, retry, next } },
    status,
  );
}

/** The same for what a verb throws; every other error goes on. */
export async function orRefused(
  tools: PageTools,
  c: Context<Env>,
  way: Way,
  work: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return refusedPage(tools, c, error, { retry: retryForm(error.retry), ...way });
    throw error;
  }
}

export const retryForm = (retry: Retry | null): ConnectForm | null =>
  retry && {
    tenantId: retry.tenantId,
    connectorId: retry.connectorId,
    connectionId: retry.connectionId ?? '',
    user: retry.personal && !retry.connectionId ? 'me' : '',
    toolkit: retry.toolkitSlug ?? '',
  };

/**
 * The question before the browser goes to the service. Browsers apply the policy for forms to redirects, too, and the service's own
 * sign-in may be anywhere.
 */
export function consentPage(tools: PageTools, c: Context<Env>, consent: Consent, action: string): Response {
  c.set('formAction', `https: ${consent.origin}`);
  return tools.html(c, 'connections/consent', consentModel(consent, action));
}

function consentModel(consent: Consent, action: string): { consent: ConsentPage } {
  const { request, ctx, connector, connection, workspace, service, scopes, host } = consent;
  const guest = request.linkHash !== null;
  return {
    consent: {
      action,
      back: guest ? null : paths.connector(connector.id),
      icon: connector.catalog.icon,
      service,
      connector: connector.name,
      account: connection && !request.authConfigId ? connectionName(connection, connector) : '',
      workspace,
      for: guest ? 'guest' : request.userId === ctx.actor.id ? 'self' : 'workspace',
      guest: request.guestLabel ?? '',
      startedBy: request.createdByName ?? 'Somebody',
      scopes,
      host,
    },
  };
}

/** To the service, tied to this browser. */
export function sendOff(c: Context<Env>, { url, setCookie }: { url: URL; setCookie: string }): Response {
  c.header('Set-Cookie', setCookie, { append: true });
  return c.redirect(url.href, 303);
}
