import { type AuthorizationServer, type Granted, redeemCode } from '../../auth/oauth2-code.ts';
import type { Ctx } from '../../context.ts';
import { claimAuthorizationRequest, finishAuthorizationRequest } from '../../db/queries/authorization-requests.ts';
import { findTenant } from '../../db/queries/tenants.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { recordAudit } from '../audit.ts';
import { brokerFor } from '../brokers/account-authorizations.ts';
import { completeAccount } from '../brokers/account-completion.ts';
import { callbackPath, connectorCallbackPath } from '../connections/connection-addresses.ts';
import { connectionSubject } from '../connections/connections.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { subject } from '../connectors/connectors.ts';
import { revokeGrant } from '../credentials/revocation.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { type Established, settle, whoIsConnected } from './authorization-settlement.ts';
import { type Consent, findStart, nameOf, redirectUriOf, requireOpen, verifierPlace } from './authorization-start.ts';
import {
  type AuthorizationRequest,
  findRequest,
  Refusal,
  type RefusalReason,
  type Retry,
  requireRightPerson,
  retryOf,
  type Visit,
} from './authorization-visit.ts';
import { openTokenTarget } from './authorizations.ts';
import { bindingCookie, fits, hashOf } from './binding-cookie.ts';
import { askTokenEndpoint, type TokenTarget } from './token-endpoint.ts';

/** What the browser brought back from a service. */
export interface Answer {
  /** The connector in the address; null for the address that all of an operator's application share. */
  connectorId: string | null;
  query: URLSearchParams;
}

export type Outcome =
  | { connected: Established; returnTo: string | null; guest: boolean; workspace: string; setCookie: string }
  /** `request` is null where the visitor may not know of it. */
  | { refused: Refusal; request: AuthorizationRequest | null; retry: Retry | null };

type Found = Pick<Consent, 'ctx' | 'connector' | 'connection'> & { request: AuthorizationRequest; state: string };

/**
 * Takes what a service sent the browser back with. Everything that the request was bound to is compared before it is used up, and it
 * is used up before the code is.
 * @throws AppError suspended, unavailable
 */
export async function completeAuthorization(visit: Visit, answer: Answer): Promise<Outcome> {
  const request = await requestOf(visit, answer);
  if (!request) return unknown('It belongs to no authorisation that was started here.');
  try {
    const found = await check(visit, request, answer);
    const connected = await redeem(found, answer.query);
    const setCookie = bindingCookie(visit.hub.config, request.id).clear();
    const workspace = (await findTenant(visit.hub.db.system, request.tenantId))?.name ?? '';
    return { connected, returnTo: request.returnTo, guest: request.linkHash !== null, workspace, setCookie };
  } catch (error) {
    if (error instanceof AppError && error.status === 404)
      return unknown('It belongs to another workspace than yours.');
    if (!(error instanceof Refusal)) throw error;
    if (untold.includes(error.reason)) return { refused: error, request: null, retry: null };
    const again = !['deleted', 'signed_out', 'replayed'].includes(error.reason);
    return { refused: error, request, retry: again ? retryOf(request) : error.retry };
  }
}

const unknown = (why: string): Outcome => ({ refused: misfit(why), request: null, retry: null });
const misfit = (why: string) =>
  new Refusal('mismatch', `This answer of a service cannot be taken. ${why} Nothing was connected.`);

/** What a request that does not fit it learns nothing about. */
const untold: RefusalReason[] = ['mismatch', 'foreign_session', 'foreign_browser'];

/** `state` is the request's id and a secret. */
async function requestOf({ hub }: Visit, { query }: Answer): Promise<AuthorizationRequest | null> {
  const [id = '', secret] = stateOf(query).split('.');
  return secret ? findRequest(hub, id) : null;
}

/** A parameter that comes twice is none. */
const stateOf = (query: URLSearchParams) => single(query, 'state');
function single(query: URLSearchParams, name: string): string {
  const values = query.getAll(name);
  return values.length === 1 ? (values[0] ?? '') : '';
}

/** Is it the answer to this request, in the browser that was sent, by the person who agreed? @throws Refusal */
async function check(visit: Visit, request: AuthorizationRequest, answer: Answer): Promise<Found> {
  const state = stateOf(answer.query);
  if (!fits(state, request.stateHash)) throw misfit('It belongs to no authorisation that was started here.');
  if (answer.connectorId !== null && answer.connectorId !== request.connectorId)
    throw misfit('It was sent to the address of another connector.');
  const browser = bindingCookie(visit.hub.config, request.id).read(visit.cookies);
  const used = request.usedAt !== null || request.status !== 'pending';
  if (used && !browser)
    throw new Refusal(
      'replayed',
      'This authorisation was used already: it works once. If you have just connected, all is well.',
    );
  if (!fits(browser, request.browserHash))
    throw new Refusal(
      'foreign_browser',
      'This authorisation was started in another browser, or too long ago. Start it again in this one. Nothing was connected.',
    );
  const ctx = requireRightPerson(visit, request);
  const found = await findStart(ctx, request).catch((error) => endDeleted(ctx, request, error));
  requireOpen(request, nameOf(found.connector, found.connection));
  const path = answer.connectorId === null ? callbackPath : connectorCallbackPath(answer.connectorId);
  if (request.redirectUri !== `${visit.hub.config.baseUrl}${path}`)
    throw misfit('It was sent to another address than the one that was asked for.');
  return { ctx, request, state, ...found };
}

/** What it was for is gone: nobody has to wait for it any longer. */
async function endDeleted(ctx: Ctx, { id }: AuthorizationRequest, error: unknown): Promise<never> {
  if (error instanceof Refusal)
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
      finishAuthorizationRequest(tx, ctx.tenantId, id, {
        status: 'failed',
        error: error.reason,
        message: error.message,
      }),
    );
  throw error;
}

async function redeem(found: Found, query: URLSearchParams): Promise<Established> {
  const { ctx, request, connector, connection, state } = found;
  const name = nameOf(connector, connection);
  const broker = brokerFor(ctx, request, connector);
  if (broker) return completeAccount(ctx, broker, request, name);
  const claimed = await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    claimAuthorizationRequest(tx, ctx.tenantId, request.id, hashOf(state)),
  );
  if (!claimed) throw new Refusal('replayed', `This authorisation of ${name} was used already. It works once.`);
  let granted: Granted | undefined;
  try {
    const target = await openTokenTarget(ctx, connector);
    if (redirectUriOf(ctx, target) !== request.redirectUri)
      throw misfit('The OAuth application of the connector was changed meanwhile.');
    checkIssuer(ctx, target, query, name);
    const code = codeIn(query, name);
    const verifier = await verifierOf(ctx, claimed, target, name);
    const redirectUri = request.redirectUri ?? '';
    const ask = (server: AuthorizationServer) => redeemCode(server, { code, redirectUri, verifier });
    granted = await askTokenEndpoint(ctx, target, name, ask, code);
    const account = await whoIsConnected(ctx, target, granted, name);
    return await settle(ctx, { request: claimed, target, granted, account });
  } catch (error) {
    if (granted && isDecided(error)) await endUnused(ctx, connector, granted);
    throw await fail(found, error);
  }
}

/** Whether it is certain that nothing was saved. */
const isDecided = (error: unknown) => [Refusal, ServiceError, OutboundError].some((kind) => error instanceof kind);

/** What was granted and will not be used is ended again, where that can cost no other connection of the account anything. */
async function endUnused(ctx: Ctx, connector: Found['connector'], { value, scopes }: Granted): Promise<void> {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver?.revokesOneToken) return;
  const grant = { value, destinations: destinationsOf(driver, connector), scopes: scopes ?? [] };
  const { outcome, message } = await revokeGrant(ctx, connector, grant);
  ctx.log.info({ connector_id: connector.id, revocation: outcome, reason: message }, 'what was granted was not used');
}

/** Mix-up: the answer has to come from the service that the browser was sent to (RFC 9207). */
function checkIssuer(ctx: Ctx, { driver, opened }: TokenTarget, query: URLSearchParams, name: string): void {
  const sent = query.getAll('iss');
  if (!sent.length && !driver.oauth.sendsIssuer) return;
  const { issuer, authorization } = driver.oauth.endpoints(opened.config);
  const origin = new URL(authorization).origin;
  const url = URL.parse(sent[0] ?? '');
  const known = url && ctx.hub.outbound.policy.overrides.back(url, origin);
  const own = issuer ? known?.href === new URL(issuer).href : known?.origin === origin;
  if (sent.length === 1 && own) return;
  throw new Refusal(
    'mismatch',
    `The answer came from another service than the one that ${name} was to be connected with, so it was not used. Nothing was connected.`,
  );
}

/** @throws Refusal with what the service answered instead (RFC 6749, section 4.1.2.1) */
function codeIn(query: URLSearchParams, name: string): string {
  const error = query.get('error');
  const said = [error, query.get('error_description')]
    .filter(Boolean)
    .join(': ')
    .replace(/\p{C}+/gu, ' ')
    .slice(0, 300);
  if (error === 'access_denied')
    throw new Refusal('denied', `${name} was not connected, because access was denied. Nothing was changed.`, { said });
  if (error !== null)
    throw new Refusal('service_error', `${name} was not connected: the service answered with an error.`, { said });
  const code = single(query, 'code');
  if (code) return code;
  throw new Refusal('service_error', `${name} was not connected: the answer of the service has no code in it.`);
}

async function verifierOf(
  ctx: Ctx,
  claimed: Pick<AuthorizationRequest, 'tenantId' | 'id' | 'sealedVerifier'>,
  { driver }: TokenTarget,
  name: string,
) {
  if (!driver.oauth.pkce) return null;
  const { sealedVerifier } = claimed;
  if (!sealedVerifier)
    throw new Refusal('mismatch', `${name} was not connected: its authorisation was started without PKCE.`);
  const { vault, db } = ctx.hub;
  const keys = await db.asTenant(ctx.tenantId, (tx) => existingTenantKeys(tx, vault, ctx.tenantId), { readOnly: true });
  return vault.open(keys, verifierPlace(claimed), sealedVerifier);
}

/** Ends the request with the reason, so that whoever waits for it learns it; returns what the browser is told. */
async function fail({ ctx, request, connector, connection }: Found, error: unknown): Promise<unknown> {
  const refusal = asRefusal(error);
  const status = refusal?.reason === 'denied' ? 'denied' : 'failed';
  const message = refusal?.message ?? 'The hub failed while it finished this. Try again.';
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const values = { status, error: refusal?.reason ?? 'internal', message } as const;
    if (!(await finishAuthorizationRequest(tx, ctx.tenantId, request.id, values))) return;
    await recordAudit(tx, ctx, {
      action: status === 'denied' ? 'authorization.denied' : 'authorization.failed',
      subject: connection ? connectionSubject(connection, connector) : subject(connector),
      details: { reason: values.error },
    });
  });
  return refusal ?? error;
}

function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  const told = error instanceof ServiceError || error instanceof OutboundError;
  const ours = error instanceof AppError && error.status < 500;
  return told || ours ? new Refusal('service_error', error.message, { cause: error }) : null;
}
