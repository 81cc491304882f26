import { setTimeout as sleep } from 'node:timers/promises';
import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type BrokeredKey, dueConnectionRecoveries, findByAuthConfig } from '../../db/queries/brokered-connections.ts';
import {
  type ConnectionRow,
  deleteConnectionRow,
  findConnection,
  updateConnectionRow,
} from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { type BrokerAccount, ServiceError, type Values } from '../../drivers/driver.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import { defaultsOf } from '../../lib/schema/walk.ts';
import { accountWithoutEchoes, enteredSecrets } from '../calls/echoes.ts';
import { mustFind } from '../connectors/connectors.ts';
import { requireEnabled } from '../connectors/provisioned-entries.ts';
import { systemCtx } from '../system.ts';
import { insertInitiated, requireOn, requireOwnAccounts, settleAccount } from './account-settlement.ts';
import { goneStanding, standingOf } from './account-standing.ts';
import { type ChosenConfig, chooseAuthConfig, withAuthConfig } from './auth-config-choice.ts';
import { asBroker, type BrokerTarget, brokerProblem, brokerUserId, callBroker } from './brokers.ts';
import { brokeredDetails } from './toolkit-details.ts';

export interface AccountInput {
  userId: string | null;
  /** As lists name it, or without the broker’s name. */
  toolkitSlug: string;
  authConfigId?: string | null;
  /** By the scheme’s `accountFields`. */
  credential?: Values;
}

/** The toolkit as its broker calls it. */
export const toolkitOf = ({ driver }: BrokerTarget, slug: string): string => {
  const prefix = `${driver.entry.key}.`;
  const lower = slug.toLowerCase();
  return lower.startsWith(prefix) ? lower.slice(prefix.length) : lower;
};

/** A toolkit that the broker does not have is a mistake in the request. */
export async function detailsFor(ctx: Ctx, target: BrokerTarget, slug: string) {
  const toolkit = toolkitOf(target, slug);
  try {
    return (await brokeredDetails(ctx, target, toolkit)).value;
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    throw invalid({ toolkit_slug: [`${target.connector.name} has no toolkit “${toolkit.slice(0, 100)}”.`] });
  }
}

/** Seconds in which an account is made at the broker. */
const claimSeconds = 90;
const lookEveryMs = 150;

/**
 * Connects an account with values that somebody enters; they go to the broker and are not kept here. The same person, toolkit and
 * configuration again give the one that is there, also at the same moment.
 * @throws AppError forbidden, not_found, invalid_input with `credential.…`, unavailable, outcome_unknown
 */
export async function connectAccount(
  ctx: Ctx,
  target: BrokerTarget,
  input: AccountInput,
): Promise<{ connection: ConnectionRow; created: boolean }> {
  requireOwnAccounts(target.connector, input.userId);
  requireOn(target.connector);
  const details = await detailsFor(ctx, target, input.toolkitSlug);
  const choice = await chooseAuthConfig(ctx, target, details, { authConfigId: input.authConfigId, connects: 'values' });
  const values = checkCredential(choice, input.credential);
  const key = {
    connectorId: target.connector.id,
    userId: input.userId,
    toolkitSlug: details.slug,
    authConfigId: choice.config.id,
  };
  const place = await takePlace(ctx, target, key, details.name);
  if (!place.claim) return { connection: place.connection, created: false };
  try {
    const account = await withAuthConfig(ctx, target, details, choice, (authConfigId) =>
      make(ctx, target, {
        authConfigId,
        brokerUserId: brokerUserId(ctx, key.connectorId, key.userId),
        scheme: choice.config.scheme,
        values,
        secrets: enteredSecrets(choice.scheme.accountFields, values),
      }),
    );
    return { connection: await finish(ctx, target, place.connection, account), created: place.created };
  } catch (error) {
    await leavePlace(ctx, place);
    throw brokerProblem(error, target, { field: 'credential', write: true });
  }
}

function checkCredential({ scheme }: ChosenConfig, given: Values = {}): Values {
  const values = { ...defaultsOf(scheme.accountFields), ...given };
  const errors: FieldErrors = compileSchema(scheme.accountFields, { prefix: 'credential' })(values);
  if (Object.keys(errors).length) throw invalid(errors);
  return values;
}

interface Place {
  connection: ConnectionRow;
  /** Set when it is the caller's to make the account. */
  claim: string | null;
  created: boolean;
}

/** The connection's row, made first so that only one makes the account; whoever comes meanwhile waits for that. */
async function takePlace(ctx: Ctx, target: BrokerTarget, key: BrokeredKey, label: string): Promise<Place> {
  for (const until = Date.now() + claimSeconds * 1000; ; await sleep(lookEveryMs)) {
    const place = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => claimPlace(tx, ctx, key, label));
    if (place) return place;
    if (Date.now() > until)
      throw new AppError('unavailable', `${target.connector.name} is busy. Try again shortly.`, { retryAfter: 5 });
  }
}

/** Null while somebody else is at it. What works is given as it is; what does not is connected anew. */
async function claimPlace(tx: Tx, ctx: Ctx, key: BrokeredKey, label: string): Promise<Place | null> {
  const connector = await mustFind(tx, ctx, key.connectorId, { lock: true });
  await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
  const claim = crypto.randomUUID();
  const claimed = { refreshClaim: claim, refreshClaimedUntil: new Date(Date.now() + claimSeconds * 1000) };
  const found = await findByAuthConfig(tx, ctx.tenantId, key);
  if (!found)
    return { connection: await insertInitiated(tx, ctx, key, { label, claim: claimed }), claim, created: true };
  if (found.status === 'active' || found.status === 'inactive')
    return { connection: found, claim: null, created: false };
  if (found.refreshClaimedUntil && found.refreshClaimedUntil > new Date()) return null;
  const connection = await updateConnectionRow(tx, ctx.tenantId, found.id, claimed);
  return connection && { connection, claim, created: false };
}

/** What was never an account goes; what was one stays as it was. */
const leavePlace = (ctx: Ctx, { connection: { id }, claim, created }: Place) =>
  ctx.hub.db
    .asTenant(ctx.tenantId, async (tx) => {
      const now = await findConnection(tx, ctx.tenantId, id, { lock: true });
      if (now?.refreshClaim !== claim) return;
      if (created) await deleteConnectionRow(tx, ctx.tenantId, id);
      else await updateConnectionRow(tx, ctx.tenantId, id, { refreshClaim: null, refreshClaimedUntil: null });
    })
    .catch((error: unknown) => ctx.log.warn({ err: error }, 'a connection that came to nothing was left behind'));

interface Making {
  authConfigId: string;
  brokerUserId: string;
  scheme: string;
  values: Values;
  /** Those of the values that nobody may read. */
  secrets: string[];
}

/** @throws ServiceError also for an account that the broker made and that does not work */
async function make(ctx: Ctx, target: BrokerTarget, { secrets, ...making }: Making): Promise<BrokerAccount> {
  const options = { operation: 'create_account', sideEffect: 'write', secrets } as const;
  const made = await callBroker(ctx, target, options, (broker, context) => broker.createAccount(context, making));
  const account = accountWithoutEchoes(made, secrets);
  if (account.status === 'active' || account.status === 'initiated') return account;
  await forgetAccount(ctx, target, account.id);
  const { reason } = standingOf(account, target.connector.catalog.name);
  throw new ServiceError('input', reason ?? 'The account does not work.');
}

/** Deletes an account that nobody needs; what is left behind is in the log. */
export async function forgetAccount(ctx: Ctx, target: BrokerTarget, accountId: string): Promise<void> {
  const options = { operation: 'delete_account', sideEffect: 'idempotent' } as const;
  await callBroker(ctx, target, options, (broker, context) => broker.deleteAccount(context, accountId)).catch(
    (error: unknown) => ctx.log.warn({ err: error, account_id: accountId }, 'an account was left behind at its broker'),
  );
}

/** One that is not ready yet keeps its place; a job asks for it. */
async function finish(
  ctx: Ctx,
  target: BrokerTarget,
  { id, externalAccountId }: ConnectionRow,
  account: BrokerAccount,
): Promise<ConnectionRow> {
  const after = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await findConnector(tx, ctx.tenantId, target.connector.id, { lock: true });
    const before = connector && (await findConnection(tx, ctx.tenantId, id, { lock: true }));
    if (!connector || !before) return null;
    if (account.status === 'active') return settleAccount(tx, ctx, { connector, before, account });
    return updateConnectionRow(tx, ctx.tenantId, id, { externalAccountId: account.id, status: 'initiated' });
  });
  if (after && externalAccountId && externalAccountId !== account.id)
    await forgetAccount(ctx, target, externalAccountId);
  if (after) return after;
  await forgetAccount(ctx, target, account.id);
  throw new AppError('conflict', `The connection was deleted while it was made, so nothing was connected.`);
}

/** Finishes or ends what was cut off, or was not ready at once, of all tenants; returns how much that was. */
export async function recoverAccounts(hub: Hub): Promise<number> {
  const due = await dueConnectionRecoveries(hub.db.system, 100);
  const done = await eachAtOnce(due, 4, async ({ tenantId, id }) => {
    const ctx = systemCtx(hub, tenantId, 'recover-connections');
    return recover(ctx, id).catch((error: unknown) => {
      ctx.log.warn({ err: error, connection_id: id }, 'a connection that was begun could not be looked at');
      return false;
    });
  });
  return done.filter(Boolean).length;
}

async function recover(ctx: Ctx, id: string): Promise<boolean> {
  const found = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connection = await findConnection(tx, ctx.tenantId, id);
    const connector = connection && (await findConnector(tx, ctx.tenantId, connection.connectorId));
    const target = connector && asBroker(ctx, connector);
    return connection?.status === 'initiated' && target ? { connection, target } : null;
  });
  if (!found) return false;
  const { connection, target } = found;
  const { externalAccountId } = connection;
  const account = externalAccountId ? await readAccount(ctx, target, externalAccountId) : null;
  if (account?.status === 'active') return Boolean(await finish(ctx, target, connection, account));
  const broker = target.connector.catalog.name;
  const told = externalAccountId ? (account ? standingOf(account, broker) : goneStanding(broker)) : null;
  const young = Date.now() - connection.createdAt.getTime() < 30 * 60_000;
  if (told?.status === 'initiated' && young) return false;
  const reason = told?.reason ?? `The hub was interrupted while ${broker} made this account. Connect it again.`;
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    updateConnectionRow(tx, ctx.tenantId, id, { status: 'failed', statusReason: reason }),
  );
  return true;
}

/** The account as the broker has it now; null when it was deleted there. @throws ServiceError, OutboundError */
export async function readAccount(ctx: Ctx, target: BrokerTarget, accountId: string): Promise<BrokerAccount | null> {
  try {
    return await callBroker(ctx, target, { operation: 'read_account' }, (broker, context) =>
      broker.getAccount(context, accountId),
    );
  } catch (error) {
    if (error instanceof ServiceError && error.fault === 'not_found') return null;
    throw error;
  }
}
