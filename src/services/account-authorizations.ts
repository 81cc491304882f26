import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../context.ts';
import { findAuthConfig } from '../db/queries/auth-configs.ts';
import {
  type AuthorizationRequestRow,
  claimPoll,
  dueAuthorizationPolls,
  findAuthorizationRequest,
  findSameRequest,
  finishAuthorizationRequest,
  insertAuthorizationRequest,
  startAuthorizationRequest,
} from '../db/queries/authorization-requests.ts';
import { type ConnectionRow, findByAuthConfig, findConnection } from '../db/queries/connections.ts';
import { type ConnectorRow, findConnector } from '../db/queries/connectors.ts';
import { holdMembership } from '../db/queries/members.ts';
import { type BrokerAccount, ServiceError } from '../drivers/driver.ts';
import { invalid } from '../errors.ts';
import { eachAtOnce } from '../lib/each-at-once.ts';
import { OutboundError } from '../lib/outbound/outbound.ts';
import { insertInitiated, requireOn, requireOwnAccounts, settleAccount } from './account-settlement.ts';
import { goneStanding, standingOf } from './account-standing.ts';
import { recordAudit } from './audit.ts';
import { type ChosenConfig, chooseAuthConfig, withAuthConfig } from './auth-configs.ts';
import type { Established } from './authorization-settlement.ts';
import { type AuthorizationRequest, Refusal } from './authorization-visit.ts';
import { hashOf, newSecret } from './binding-cookie.ts';
import { asBroker, type BrokerTarget, brokerProblem, brokerUserId, callBroker } from './brokers.ts';
import { detailsFor, forgetAccount, readAccount, toolkitOf } from './connected-accounts.ts';
import { connectorCallbackPath } from './connection-addresses.ts';
import { subject } from './connectors.ts';
import { withoutSecrets } from './secrets.ts';
import { withMembers } from './with-members.ts';

export interface AccountRequest {
  connection: ConnectionRow | null;
  userId: string | null;
  toolkitSlug: string | null;
  authConfigId: string | null;
  returnTo: string | null;
}

/**
 * Begins the connection of an account that a person agrees to on the broker’s page. The same again, before anybody went there, gives the
 * request that is there; an account that is connected already is connected anew, in place.
 * @throws AppError invalid_input, forbidden, unavailable
 */
export async function requestAccount(
  ctx: Ctx,
  target: BrokerTarget,
  input: AccountRequest,
  seconds: number,
): Promise<AuthorizationRequestRow> {
  const { connector } = target;
  const wantedToolkit = input.connection?.toolkitSlug ?? input.toolkitSlug;
  if (!wantedToolkit)
    throw invalid({ toolkit_slug: [`Say which toolkit of ${connector.name} is meant. GET /api/toolkits lists them.`] });
  requireOwnAccounts(connector, input.userId);
  requireOn(connector);
  const details = await detailsFor(ctx, target, wantedToolkit);
  const authConfigId = input.connection?.authConfigId ?? input.authConfigId;
  const { config } = await chooseAuthConfig(ctx, target, details, { authConfigId, connects: 'link' });
  const userId = input.connection ? input.connection.userId : input.userId;
  const key = { connectorId: connector.id, userId, toolkitSlug: details.slug, authConfigId: config.id };
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    await findConnector(tx, ctx.tenantId, connector.id, { lock: true }); // two that ask at once come one after the other
    const there = input.connection ?? (await findByAuthConfig(tx, ctx.tenantId, key));
    const wanted = { ...key, connectionId: there?.id ?? null, createdBy: ctx.actor.id };
    const open = await findSameRequest(tx, ctx.tenantId, wanted);
    if (open) return open;
    const more = { returnTo: input.returnTo, createdByName: ctx.actor.name, createdByType: ctx.actor.type };
    const request = await insertAuthorizationRequest(
      tx,
      { ...wanted, ...more, tenantId: ctx.tenantId, id: uuidv7() },
      seconds,
    );
    await recordAudit(tx, ctx, {
      action: 'authorization.requested',
      subject: subject(connector),
      details: { changed: [details.slug] },
    });
    return request;
  });
}

/** The connector’s broker when this request is for one of its accounts. */
export const brokerFor = (
  ctx: Ctx,
  { authConfigId }: AuthorizationRequestRow,
  connector: ConnectorRow,
): BrokerTarget | null => (authConfigId ? asBroker(ctx, connector) : null);

/** The toolkit’s name as people know it; its slug while the broker cannot be asked. */
export const toolkitNameOf = (ctx: Ctx, target: BrokerTarget, slug: string | null): Promise<string> =>
  detailsFor(ctx, target, slug ?? '').then(
    ({ name }) => name,
    () => toolkitOf(target, slug ?? ''),
  );

/** The broker’s own address, as people know it and as it really is. */
export function brokerAddress(ctx: Ctx, { driver, connector }: BrokerTarget): { host: string; origin: string } {
  const [address = ''] = driver.destinations(withoutSecrets(connector.config), withoutSecrets(connector.auth));
  const url = new URL(address);
  return { host: url.host, origin: ctx.hub.outbound.policy.overrides.forward(url).origin };
}

/** Seconds that the browser has for the broker’s page, and after which the broker is asked for the first time. */
const patience = { page: 10 * 60, firstPoll: 5 };

/**
 * Starts the account at the broker, ties the request to this browser, and tells where to send it.
 * @throws Refusal, AppError
 */
export async function linkAccount(
  ctx: Ctx,
  target: BrokerTarget,
  request: AuthorizationRequest,
): Promise<{ url: URL; browser: string }> {
  const { connector } = target;
  const [browser, state] = [newSecret(), `${request.id}.${newSecret()}`];
  const redirectUri = `${ctx.hub.config.baseUrl}${connectorCallbackPath(connector.id)}`;
  const link = await startLink(ctx, target, request, `${redirectUri}?${new URLSearchParams({ state })}`);
  const before = request.providerRequestId;
  const started = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const values = {
      ...{ stateHash: hashOf(state), browserHash: hashOf(browser), redirectUri, providerRequestId: link.accountId },
      nextPollAt: new Date(Date.now() + patience.firstPoll * 1000),
    };
    const done = await startAuthorizationRequest(tx, ctx.tenantId, request.id, values, patience.page);
    if (done) await recordAudit(tx, ctx, { action: 'authorization.started', subject: subject(connector) });
    return done;
  });
  const useless = started ? before : link.accountId;
  if (useless && useless !== request.connectionId) await forgetAccount(ctx, target, useless);
  if (!started) throw new Refusal('replayed', `This authorisation of ${connector.name} was used already.`);
  return { url: ctx.hub.outbound.policy.overrides.forward(new URL(link.redirectUrl)), browser };
}

async function startLink(ctx: Ctx, target: BrokerTarget, request: AuthorizationRequest, callbackUrl: string) {
  const options = { operation: 'link_account', sideEffect: 'write' } as const;
  const owner = brokerUserId(ctx, target.connector.id, request.userId);
  try {
    const details = await detailsFor(ctx, target, request.toolkitSlug ?? '');
    const choice = await chosen(ctx, target, details, request);
    return await withAuthConfig(ctx, target, details, choice, (authConfigId) =>
      callBroker(ctx, target, options, (broker, context) =>
        broker.linkAccount(context, { authConfigId, brokerUserId: owner, callbackUrl }),
      ),
    );
  } catch (error) {
    const told = brokerProblem(error, target, { write: true });
    throw new Refusal(
      'service_error',
      `${target.connector.name} could not begin this. ${(told as Error).message} Nothing was connected.`,
      { cause: error },
    );
  }
}

/** A configuration that was deleted at the broker is found by `withAuthConfig`, which makes it again. */
async function chosen(
  ctx: Ctx,
  target: BrokerTarget,
  details: Awaited<ReturnType<typeof detailsFor>>,
  { authConfigId }: AuthorizationRequest,
): Promise<ChosenConfig> {
  const config = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findAuthConfig(tx, ctx.tenantId, authConfigId ?? ''), {
    readOnly: true,
  });
  const scheme = details.authSchemes.find((each) => each.scheme === config?.scheme);
  if (config && scheme && config.externalId) return { config, scheme };
  return chooseAuthConfig(ctx, target, details, { connects: 'link' });
}

/**
 * The browser came back. What it brought proves nothing: the broker is asked. While the account is not finished, or the broker cannot be
 * asked, the request stays open and a job asks again.
 * @throws Refusal
 */
export async function completeAccount(
  ctx: Ctx,
  target: BrokerTarget,
  request: AuthorizationRequest,
  name: string,
): Promise<Established> {
  const outcome = await lookAtAccount(ctx, target, request).catch((error: unknown) => {
    if (!(error instanceof ServiceError || error instanceof OutboundError)) throw error;
    throw new Refusal(
      'service_error',
      `${name} could not be asked whether this account is connected. ${error.message} The hub keeps asking; look again in a minute.`,
      { cause: error },
    );
  });
  if (outcome === 'pending')
    throw new Refusal(
      'service_error',
      `${name} says that this account is not connected yet. Finish there what it asks for; the hub keeps asking.`,
    );
  if ('refused' in outcome) throw outcome.refused;
  return outcome;
}

type Outcome = Established | { refused: Refusal } | 'pending';

async function lookAtAccount(ctx: Ctx, target: BrokerTarget, request: AuthorizationRequest): Promise<Outcome> {
  const broker = target.connector.catalog.name;
  const { providerRequestId } = request;
  if (!providerRequestId) return 'pending';
  const account = await readAccount(ctx, target, providerRequestId);
  if (account?.status === 'active') return establish(ctx, target, request, account);
  if (account?.status === 'initiated') return 'pending';
  const { reason } = account ? standingOf(account, broker) : goneStanding(broker);
  return {
    refused: await end(ctx, target, request, account?.status === 'failed' ? 'denied' : 'service_error', reason ?? ''),
  };
}

async function end(
  ctx: Ctx,
  { connector }: BrokerTarget,
  { id }: AuthorizationRequest,
  reason: 'denied' | 'service_error',
  said: string,
): Promise<Refusal> {
  const message = `${connector.name}: ${said} Nothing was changed.`;
  const status = reason === 'denied' ? 'denied' : 'failed';
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    if (!(await finishAuthorizationRequest(tx, ctx.tenantId, id, { status, error: reason, message }))) return;
    const action = status === 'denied' ? 'authorization.denied' : 'authorization.failed';
    await recordAudit(tx, ctx, { action, subject: subject(connector), details: { reason } });
  });
  return new Refusal(reason, message);
}

/** The connection and the request, both or none; whoever comes second finds what is there. */
async function establish(
  ctx: Ctx,
  target: BrokerTarget,
  request: AuthorizationRequest,
  account: BrokerAccount,
): Promise<Outcome> {
  const key = {
    ...{ connectorId: request.connectorId, userId: request.userId },
    ...{ toolkitSlug: request.toolkitSlug ?? '', authConfigId: request.authConfigId ?? '' },
  };
  const label = await toolkitNameOf(ctx, target, request.toolkitSlug);
  const done = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await findConnector(tx, ctx.tenantId, request.connectorId, { lock: true });
    if (!connector) return null;
    const now = await findAuthorizationRequest(tx, ctx.tenantId, request.id, { lock: true });
    if (now?.status === 'succeeded' && now.connectionId) {
      const connection = await findConnection(tx, ctx.tenantId, now.connectionId);
      return connection && { connection, connector, created: false, before: null };
    }
    if (now?.status !== 'pending') return null;
    const known = request.connectionId
      ? await findConnection(tx, ctx.tenantId, request.connectionId, { lock: true })
      : null;
    const found = known ?? (await findByAuthConfig(tx, ctx.tenantId, key));
    const before = found ?? (await insertInitiated(tx, ctx, key, { label, claim: null }));
    const connection = await settleAccount(tx, ctx, { connector, before, account });
    const values = { status: 'succeeded', connectionId: connection.id, usedAt: new Date() } as const;
    await finishAuthorizationRequest(tx, ctx.tenantId, request.id, values);
    return { connection, connector, created: !found, before: found?.externalAccountId ?? null };
  });
  if (!done) {
    await forgetAccount(ctx, target, account.id);
    return {
      refused: new Refusal('expired', `The authorisation of ${target.connector.name} ended meanwhile. Try again.`),
    };
  }
  if (done.before && done.before !== account.id) await forgetAccount(ctx, target, done.before);
  const { connection, connector, created } = done;
  return { connection, connector, created, gained: [], lost: [], missing: [] };
}

/** Asks the brokers what became of what people began and did not bring back, of all tenants; returns how many have ended. */
export async function pollAuthorizations(hub: Hub): Promise<number> {
  const due = await dueAuthorizationPolls(hub.db.system, 200);
  const ended = await eachAtOnce(due, 8, ({ tenantId, id }) => pollAuthorization(hub, tenantId, id));
  return ended.filter(Boolean).length;
}

/** Whether the person whose account it would become, or who began it for the workspace, is no member any more. */
async function hasLeft(ctx: Ctx, request: AuthorizationRequest): Promise<boolean> {
  const { userId, createdBy, createdByType, linkHash } = request;
  const person = userId ?? (createdByType === 'user' && !linkHash ? createdBy : null);
  return person !== null && !(await withMembers(ctx, (tx) => holdMembership(tx, ctx.tenantId, person)));
}

async function endForLeaver(ctx: Ctx, target: BrokerTarget, request: AuthorizationRequest): Promise<true> {
  await end(ctx, target, request, 'service_error', 'Whoever began this has left the workspace.');
  if (request.providerRequestId && !request.connectionId) await forgetAccount(ctx, target, request.providerRequestId);
  return true;
}

/** Seconds until a broker is asked again, by how often it was asked. */
const pauses = [5, 10, 20, 40, 60, 120];

/** Asks the broker about one, if that is due; true when it has ended. It acts as who began. */
export async function pollAuthorization(hub: Hub, tenantId: string, id: string): Promise<boolean> {
  const found = await hub.db.asTenant(tenantId, async (tx) => {
    const request = await findAuthorizationRequest(tx, tenantId, id);
    const pause = pauses[Math.min(request?.polls ?? 0, pauses.length - 1)] ?? 120;
    if (!request || !(await claimPoll(tx, tenantId, id, pause))) return null;
    const connector = await findConnector(tx, tenantId, request.connectorId);
    return connector && { request, connector };
  });
  if (!found) return false;
  const { request, connector } = found;
  const { createdByType, createdBy, createdByName } = request;
  const actor = {
    type: createdByType as 'user',
    id: createdBy,
    name: createdByName ?? 'Somebody',
    role: 'member' as const,
  };
  const requestId = `poll-${uuidv7()}`;
  const ctx: Ctx = {
    hub,
    tenantId,
    actor,
    requestId,
    ip: null,
    log: hub.log.child({ request_id: requestId, tenant_id: tenantId }),
  };
  const target = asBroker(ctx, connector);
  if (!target) return false;
  try {
    if (await hasLeft(ctx, request)) return await endForLeaver(ctx, target, request);
    return (await lookAtAccount(ctx, target, request)) !== 'pending';
  } catch (error) {
    ctx.log.warn({ err: error, connection_request_id: id }, 'a broker could not be asked about an account');
    return false;
  }
}
