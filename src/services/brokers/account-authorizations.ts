import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import { findAuthConfig } from '../../db/queries/auth-configs.ts';
import {
  type AuthorizationRequestRow,
  findSameRequest,
  insertAuthorizationRequest,
  startAuthorizationRequest,
} from '../../db/queries/authorization-requests.ts';
import { findByAuthConfig } from '../../db/queries/brokered-connections.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import { type ConnectorRow, findConnector } from '../../db/queries/connectors.ts';
import { invalid } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { type AuthorizationRequest, Refusal } from '../authorizations/authorization-visit.ts';
import { hashOf, newSecret } from '../authorizations/binding-cookie.ts';
import { connectorCallbackPath } from '../connections/connection-addresses.ts';
import { subject } from '../connectors/connectors.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { requireOn, requireOwnAccounts } from './account-settlement.ts';
import { type ChosenConfig, chooseAuthConfig, withAuthConfig } from './auth-config-choice.ts';
import { asBroker, type BrokerTarget, brokerProblem, brokerUserId, callBroker } from './brokers.ts';
import { detailsFor, forgetAccount, toolkitOf } from './connected-accounts.ts';

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
