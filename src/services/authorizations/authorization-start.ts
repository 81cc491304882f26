import { authorizationUrl, newVerifier } from '../../auth/oauth2-code.ts';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { startAuthorizationRequest } from '../../db/queries/authorization-requests.ts';
import { type ConnectionRow, findConnection } from '../../db/queries/connections.ts';
import { type ConnectorRow, findConnector } from '../../db/queries/connectors.ts';
import { findTenant } from '../../db/queries/tenants.ts';
import { notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { brokerAddress, brokerFor, linkAccount, toolkitNameOf } from '../brokers/account-authorizations.ts';
import type { BrokerTarget } from '../brokers/brokers.ts';
import { callbackPath, connectorCallbackPath } from '../connections/connection-addresses.ts';
import { connectionName } from '../connections/connections.ts';
import { subject } from '../connectors/connectors.ts';
import { requireEnabled } from '../connectors/provisioned-entries.ts';
import { tenantKeys } from '../secrets/keyring.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import {
  type AuthorizationRequest,
  findRequest,
  Refusal,
  requireRightPerson,
  retryOf,
  type Visit,
} from './authorization-visit.ts';
import { openTokenTarget } from './authorizations.ts';
import { bindingCookie, fits, hashOf, newSecret } from './binding-cookie.ts';
import type { TokenTarget } from './token-endpoint.ts';

/** What the page that asks for consent shows. */
export interface Consent {
  request: AuthorizationRequest;
  ctx: Ctx;
  connector: ConnectorRow;
  /** The connection that is authorised anew. */
  connection: ConnectionRow | null;
  /** The workspace's name. */
  workspace: string;
  /** What is connected, as people know it. */
  service: string;
  scopes: string[];
  /** Where the browser will go, as people know the host. */
  host: string;
  /** Where it really goes. */
  origin: string;
}

/** Seconds for signing in and consenting at the service. */
const minutesAtService = 10;

/**
 * What somebody is asked to agree to.
 * @throws AppError not_found, Refusal
 */
export async function lookAtAuthorization(visit: Visit, id: string): Promise<Consent> {
  const request = await findRequest(visit.hub, id);
  if (!request || request.linkHash) throw notFound('authorisation');
  return consentFor(visit, request);
}

/** The same for a request that was found already. */
export async function consentFor(visit: Visit, request: AuthorizationRequest): Promise<Consent> {
  const ctx = requireRightPerson(visit, request);
  const { connector, connection } = await findStart(ctx, request);
  requireOpen(request, nameOf(connector, connection));
  const target = brokerFor(ctx, request, connector);
  if (target) return brokeredConsent(target, { request, ctx, connector, connection });
  const { driver, opened, registration } = await openTokenTarget(ctx, connector);
  const goal = new URL(driver.oauth.endpoints(opened.config).authorization);
  const workspace = (await findTenant(ctx.hub.db.system, ctx.tenantId))?.name ?? '';
  const { origin } = ctx.hub.outbound.policy.overrides.forward(goal);
  const named = { ...{ request, ctx, connector, connection, workspace }, scopes: registration.scopes };
  return { ...named, service: connector.catalog.name, host: goal.host, origin };
}

/** The broker says itself what the service will ask for. */
async function brokeredConsent(
  target: BrokerTarget,
  about: Pick<Consent, 'request' | 'ctx' | 'connector' | 'connection'>,
): Promise<Consent> {
  const { ctx, request, connector } = about;
  const toolkit = await toolkitNameOf(ctx, target, request.toolkitSlug);
  const workspace = (await findTenant(ctx.hub.db.system, ctx.tenantId))?.name ?? '';
  const service = `${toolkit} via ${connector.catalog.name}`;
  return { ...about, workspace, service, scopes: [], ...brokerAddress(ctx, target) };
}

export const nameOf = (connector: ConnectorRow, connection: ConnectionRow | null): string =>
  connection ? connectionName(connection, connector) : connector.name;

/** The connector and the connection that a request is about. @throws Refusal deleted, AppError entry_disabled */
export async function findStart(ctx: Ctx, { connectorId, connectionId }: AuthorizationRequest) {
  const read = async (tx: Tx) => {
    const connector = await findConnector(tx, ctx.tenantId, connectorId);
    if (!connector)
      throw new Refusal('deleted', 'The connector was deleted meanwhile, so there is nothing to connect.');
    await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
    const connection = connectionId ? await findConnection(tx, ctx.tenantId, connectionId) : null;
    if (connectionId && !connection)
      throw new Refusal(
        'deleted',
        `The connection of ${connector.name} was deleted meanwhile. Connect it as a new one.`,
      );
    return { connector, connection };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

/** @throws Refusal for a request that was used, has ended, or whose time is up */
export function requireOpen(request: AuthorizationRequest, name: string): void {
  const { status, usedAt, over } = request;
  const retry = status === 'succeeded' ? null : retryOf(request);
  if (status === 'expired' || (status === 'pending' && !usedAt && over))
    throw new Refusal('expired', `The time to connect ${name} is up. Nothing was changed.`, { retry });
  if (status !== 'pending' || usedAt)
    throw new Refusal('replayed', `This authorisation of ${name} was used already. It works once.`, { retry });
}

/**
 * Consent was given: binds the request to this browser, and tells where to send it.
 * @throws AppError not_found, Refusal
 */
export async function startAuthorization(visit: Visit, id: string): Promise<{ url: URL; setCookie: string }> {
  const consent = await lookAtAuthorization(visit, id);
  return sendOff(visit, consent);
}

/** The same for a request that was found already. A request of a link stays with the browser that opened it first. */
export async function sendOff(visit: Visit, { request, ctx, connector }: Consent) {
  const cookie = bindingCookie(ctx.hub.config, request.id);
  if (request.linkHash && request.startedAt && !fits(cookie.read(visit.cookies), request.browserHash))
    throw new Refusal(
      'foreign_browser',
      'This link was opened in another browser already. Go on there, or ask for a new one.',
    );
  const broker = brokerFor(ctx, request, connector);
  if (broker) {
    const { url, browser } = await linkAccount(ctx, broker, request);
    return { url, setCookie: cookie.issue(browser, minutesAtService * 60 + 60) };
  }
  const target = await openTokenTarget(ctx, connector);
  const [browser, state] = [newSecret(), `${request.id}.${newSecret()}`];
  const verifier = target.driver.oauth.pkce ? newVerifier() : null;
  const redirectUri = redirectUriOf(ctx, target);
  const { scopes } = target.registration;
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    const started = await startAuthorizationRequest(
      tx,
      ctx.tenantId,
      request.id,
      {
        ...{ stateHash: hashOf(state), browserHash: hashOf(browser), redirectUri, scopes },
        sealedVerifier: verifier && ctx.hub.vault.seal(keys, verifierPlace(request), verifier),
      },
      minutesAtService * 60,
    );
    if (!started) throw new Refusal('replayed', `This authorisation of ${connector.name} was used already.`);
    await recordAudit(tx, ctx, { action: 'authorization.started', subject: subject(connector) });
  });
  const config = withoutSecrets(connector.config);
  const params = target.driver.oauth.authorizationParams?.(config, withoutSecrets(connector.auth)) ?? {};
  const attempt = { redirectUri, state, scopes, verifier, params };
  const endpoints = target.driver.oauth.endpoints(target.opened.config);
  const url = authorizationUrl(
    { provider: target.driver.oauth, endpoints, client: target.registration.client },
    attempt,
  );
  return {
    url: ctx.hub.outbound.policy.overrides.forward(url),
    setCookie: cookie.issue(browser, minutesAtService * 60 + 60),
  };
}

export const verifierPlace = ({ tenantId, id }: Pick<AuthorizationRequest, 'tenantId' | 'id'>) => ({
  tenantId,
  table: 'authorization_requests',
  rowId: id,
  field: 'sealed_verifier',
});

/**
 * A tenant's own application has the connector's own address, so that an answer meant for one can never be taken for another's. The
 * operator's application is registered once for all, and asks only the service's usual addresses.
 */
export const redirectUriOf = ({ hub }: Ctx, { registration, connector }: TokenTarget): string =>
  `${hub.config.baseUrl}${registration.owner === 'hub' ? callbackPath : connectorCallbackPath(connector.id)}`;
