import type { Granted } from '../../auth/oauth2-code.ts';
import { type Ctx, changedBy } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  type AuthorizationRequestRow,
  findAuthorizationRequest,
  finishAuthorizationRequest,
} from '../../db/queries/authorization-requests.ts';
import { type ConnectionRow, findConnection, updateConnectionRow } from '../../db/queries/connections.ts';
import { type ConnectorRow, findConnector } from '../../db/queries/connectors.ts';
import { makeSyncDue } from '../../db/queries/repositories.ts';
import { type Account, type LoadedDriver, ServiceError } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { recordAudit } from '../audit.ts';
import { callOpened } from '../calls/calls.ts';
import { plainAccount, plainScopes, secretsIn } from '../calls/echoes.ts';
import { requireTransition } from '../connections/connection-states.ts';
import { connectionName, connectionSubject, establishConnection } from '../connections/connections.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { addCredential, retireCurrent } from '../credentials/credentials.ts';
import { checkSoon } from '../health/check-queue.ts';
import { Refusal } from './authorization-visit.ts';
import { lifetimeOf, type TokenTarget } from './token-endpoint.ts';

/** What an authorisation came to. */
export interface Established {
  connection: ConnectionRow;
  connector: ConnectorRow;
  created: boolean;
  /** Scopes that it has now and had not before, and the other way round; empty for a new one. */
  gained: string[];
  lost: string[];
  /** Scopes that were asked for and not granted. */
  missing: string[];
}

interface Settlement {
  request: AuthorizationRequestRow;
  target: TokenTarget;
  granted: Granted;
  account: Account | null;
}

/** Asks the service whose tokens these are; null where it cannot be asked. @throws ServiceError that names the connection */
export async function whoIsConnected(
  ctx: Ctx,
  { driver, connector, opened }: TokenTarget,
  granted: Granted,
  name: string,
): Promise<Account | null> {
  if (!driver.whoami) return null;
  const auth = { method: connector.auth.method, ...granted.value, scopes: granted.scopes ?? [] };
  const target = { driver, config: opened.config, auth, destinations: opened.destinations };
  try {
    const { value } = await callOpened(ctx, target, { sideEffect: 'none' }, async (context) =>
      driver.whoami?.(context),
    );
    return value ? plainAccount(value, secretsIn(driver, opened.config, auth)) : null;
  } catch (error) {
    if (!(error instanceof ServiceError || error instanceof OutboundError)) throw error;
    const fault = error instanceof ServiceError ? error.fault : 'service';
    throw new ServiceError(fault, `${name} was authorised, but the service did not say for whom: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * The connection, its credential and the request, all at once or not at all.
 * @throws Refusal deleted, replayed, other_account
 */
export async function settle(ctx: Ctx, settlement: Settlement): Promise<Established> {
  try {
    return await ctx.hub.db.asTenant(ctx.tenantId, (tx) => settleIn(tx, ctx, settlement));
  } catch (error) {
    if (uniqueViolation(error) !== 'connections_account') throw error;
    throw new Refusal(
      'other_account',
      `${settlement.account?.label ?? 'This account'} has a connection of its own already. Reconnect that one. Nothing was changed.`,
    );
  }
}

async function settleIn(tx: Tx, ctx: Ctx, { request, target, granted, account }: Settlement): Promise<Established> {
  // Locked first, so that two answers for the same account come one after the other.
  const connector = await findConnector(tx, ctx.tenantId, request.connectorId, { lock: true });
  if (!connector) throw deleted(target.connector.name);
  const pending = await findAuthorizationRequest(tx, ctx.tenantId, request.id, { lock: true });
  if (pending?.status !== 'pending')
    throw new Refusal('expired', `The authorisation of ${connector.name} ended meanwhile. Try again.`);
  const scopes = account?.scopes ?? plainScopes(granted.scopes ?? request.scopes);
  const { connection: before, created } = request.connectionId
    ? { connection: await sameConnection(tx, ctx, request.connectionId, connector, account), created: false }
    : await establish(tx, ctx, connector, request, account, scopes);
  if (request.linkHash && !request.connectionId && !created) throw connectedAlready(before, connector);
  const connection = await authorise(tx, ctx, before, { target, granted, account, scopes });
  const outcome = {
    connection,
    connector,
    created,
    ...compare(created ? scopes : before.scopes, scopes, request.scopes),
  };
  if (!created) await recordReauthorization(tx, ctx, outcome);
  await settleConnector(tx, ctx, connector);
  await checkSoon(tx, ctx, connector.id);
  await makeSyncDue(tx, ctx.tenantId, connection.id); // what could not be read with the old credential
  const done = { status: 'succeeded', connectionId: connection.id } as const;
  await finishAuthorizationRequest(tx, ctx.tenantId, request.id, done);
  return outcome;
}

const deleted = (name: string) => new Refusal('deleted', `${name} was deleted meanwhile, so nothing was connected.`);

/** A guest connects a new account; what is there they may renew only with a link that was made for it. */
const connectedAlready = (connection: ConnectionRow, connector: ConnectorRow) =>
  new Refusal(
    'other_account',
    `${connection.accountLabel ?? 'This account'} is connected already to ${connector.name}, so nothing was changed. To connect it anew, ask for a link that is made for this connection.`,
  );

/** Reconnecting keeps the account: whatever uses the connection acts as who it acted before. */
async function sameConnection(tx: Tx, ctx: Ctx, id: string, connector: ConnectorRow, account: Account | null) {
  const connection = await findConnection(tx, ctx.tenantId, id, { lock: true });
  if (!connection) throw deleted(`The connection of ${connector.name}`);
  const { externalAccountId } = connection;
  if (!account || externalAccountId === null || externalAccountId === account.externalId) return connection;
  throw new Refusal(
    'other_account',
    `This connection is for ${connectionName(connection, connector)}, but ${account.label} was signed in at the service. Nothing was changed. Sign in there as the right account, or connect ${account.label} as a connection of its own.`,
  );
}

const establish = (
  tx: Tx,
  ctx: Ctx,
  connector: ConnectorRow,
  { userId, toolkitSlug }: AuthorizationRequestRow,
  account: Account | null,
  scopes: string[],
) =>
  establishConnection(tx, ctx, connector, {
    connectorId: connector.id,
    userId,
    toolkitSlug,
    externalAccountId: account?.externalId ?? null,
    accountLabel: account?.label ?? null,
    scopes,
  });

/** The new credential takes the place of the one before, and the connection is well again until a check, which comes soon, says otherwise. */
export async function authorise(
  tx: Tx,
  ctx: Ctx,
  before: ConnectionRow,
  {
    target,
    granted,
    account,
    scopes,
  }: Pick<Settlement, 'granted' | 'account'> & {
    target: { driver: LoadedDriver; connector: ConnectorRow };
    scopes: string[];
  },
): Promise<ConnectionRow> {
  requireTransition(before.status, 'active', 'system', connectionName(before, target.connector));
  const { expiresAt, refreshAfter } = lifetimeOf(granted);
  await retireCurrent(tx, ctx, before.id, { endedBy: 'reconnected', keptUntil: new Date() });
  await addCredential(tx, ctx, before, {
    state: 'current',
    kind: 'grant',
    value: granted.value,
    scopes,
    expiresAt,
    verifiedAt: new Date(),
    destinations: destinationsOf(target.driver, target.connector),
  });
  const after = await updateConnectionRow(tx, ctx.tenantId, before.id, {
    status: 'active',
    statusReason: null,
    scopes,
    ...(account && { externalAccountId: account.externalId, accountLabel: account.label }),
    health: 'unknown',
    healthMessage: null,
    healthFailures: 0,
    nextCheckAt: new Date(),
    refreshAfter,
    refreshClaim: null,
    refreshClaimedUntil: null,
    refreshFailures: 0,
    ...changedBy(ctx),
  });
  if (!after) throw deleted(target.connector.name);
  return after;
}

function compare(before: string[], now: string[], wanted: string[]) {
  const without = (some: string[], others: string[]) => some.filter((scope) => !others.includes(scope));
  return { gained: without(now, before), lost: without(before, now), missing: without(wanted, now) };
}

const recordReauthorization = (tx: Tx, ctx: Ctx, { connection, connector, gained, lost }: Established) =>
  recordAudit(tx, ctx, {
    action: 'connection.reauthorized',
    subject: connectionSubject(connection, connector),
    details: { changed: [...gained.map((scope) => `+ ${scope}`), ...lost.map((scope) => `− ${scope}`)] },
  });
