import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, findByAccount, updateConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { insertHealthCheck, selectHealthChecks } from '../../db/queries/health-checks.ts';
import { recordAudit } from '../audit.ts';
import { checkAccount } from '../brokers/account-checks.ts';
import { asBroker } from '../brokers/brokers.ts';
import { findPair } from '../connections/connection-pair.ts';
import { connectionSubject, mustFindConnection } from '../connections/connections.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { driverFor, mustFind } from '../connectors/connectors.ts';
import { undoRotation } from '../credentials/rotation-undo.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { checkFresh } from './fresh-checks.ts';
import { pausesOf } from './health-overview.ts';
import { judge, nextCheck } from './health-states.ts';
import { type CheckOutcome, healthOf, sameAccount } from './health-steps.ts';

export type Trigger = 'schedule' | 'person' | 'rotation';

/**
 * Checks a connection and remembers how it went.
 * @throws AppError not_found, also when it was deleted while it was checked
 */
export async function checkConnection(ctx: Ctx, id: string, trigger: Trigger): Promise<CheckOutcome> {
  const { connection, connector } = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findPair(tx, ctx, id), {
    readOnly: true,
  });
  const outcome = await checkStored(ctx, connector, connection);
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => settle(tx, ctx, id, outcome, trigger));
  if (outcome.credentialRefused && (await undoRotation(ctx, id, outcome.message)))
    return checkConnection(ctx, id, 'rotation');
  return outcome;
}

/** The check of what is saved, through this connection. */
async function checkStored(ctx: Ctx, connector: ConnectorRow, connection: ConnectionRow) {
  const target = connection.authConfigId ? asBroker(ctx, connector) : null;
  if (target) return checkAccount(ctx, target, connection);
  const driver = driverFor(ctx, connector.catalog.key);
  const addresses = driver.destinations(withoutSecrets(connector.config), withoutSecrets(connector.auth));
  const outcome = await checkFresh(ctx, { driver, connector, connection }, addresses);
  return sameAccount(connection, outcome);
}

async function settle(tx: Tx, ctx: Ctx, id: string, outcome: CheckOutcome, trigger: Trigger): Promise<void> {
  const { connection: before, connector } = await findPair(tx, ctx, id, { lock: true });
  const judgement = judge(before, outcome);
  const { account, rateLimit } = outcome;
  const now = new Date();
  await insertHealthCheck(tx, {
    tenantId: ctx.tenantId,
    id: uuidv7(),
    connectionId: id,
    status: healthOf(outcome),
    latencyMs: outcome.latencyMs,
    steps: outcome.steps,
    message: outcome.message,
    trigger,
  });
  const after = (await updateConnectionRow(tx, ctx.tenantId, id, {
    ...judgement,
    healthMessage: outcome.message,
    healthCheckedAt: now,
    healthLatencyMs: outcome.latencyMs,
    nextCheckAt: nextCheck(judgement.healthFailures, now),
    ...(account && {
      externalAccountId: before.externalAccountId ?? (await freeAccount(tx, before, account.externalId)),
      accountLabel: account.label,
      ...(account.scopes && { scopes: account.scopes }),
    }),
    ...(rateLimit && { rateLimit }),
  })) as ConnectionRow;
  if (after.status !== before.status || after.health !== before.health)
    await recordAudit(tx, ctx, {
      action: after.status === before.status ? 'connection.health_changed' : `connection.${after.status}`,
      subject: connectionSubject(after, connector),
      details: { from: before.health, to: after.health, status: after.status, reason: outcome.message },
    });
  if (account && before.accountLabel && account.label !== before.accountLabel)
    await recordAudit(tx, ctx, {
      action: 'connection.account_changed',
      subject: connectionSubject(after, connector),
      details: { from: before.accountLabel, to: account.label, changed: [`${before.accountLabel} → ${account.label}`] },
    });
  await settleConnector(tx, ctx, connector);
}

/** The account's id, unless another connection of the connector has it already: one row stands for one account. */
async function freeAccount(tx: Tx, connection: ConnectionRow, externalAccountId: string): Promise<string | null> {
  const { tenantId, connectorId, userId, toolkitSlug } = connection;
  const key = { connectorId, userId, toolkitSlug, externalAccountId };
  return (await findByAccount(tx, tenantId, key)) ? null : externalAccountId;
}

/** How old a result may be when somebody asks for a fresh one; what asks at once waits for the same check. */
const freshSeconds = 10;
const running = new WeakMap<Hub, Map<string, Promise<unknown>>>();

/**
 * The connection with its last check; `refresh` checks now, unless that was done within the last ten seconds.
 * @throws AppError not_found
 */
export async function getHealth(ctx: Ctx, id: string, { refresh = false } = {}) {
  const read = () =>
    ctx.hub.db.asTenant(
      ctx.tenantId,
      async (tx) => {
        const connection = await mustFindConnection(tx, ctx, id);
        const [last] = await selectHealthChecks(tx, ctx.tenantId, id, 1);
        const connector = await mustFind(tx, ctx, connection.connectorId);
        return { connection, last: last ?? null, pauses: pausesOf(ctx, connector) };
      },
      { readOnly: true },
    );
  const found = await read();
  const checkedAt = found.connection.healthCheckedAt?.getTime() ?? 0;
  if (!refresh || Date.now() - checkedAt < freshSeconds * 1000) return found;
  await together(ctx.hub, id, () => checkConnection(ctx, id, 'person'));
  return read();
}

function together(hub: Hub, id: string, work: () => Promise<unknown>): Promise<unknown> {
  const checks = running.get(hub) ?? new Map<string, Promise<unknown>>();
  running.set(hub, checks);
  const mine = checks.get(id) ?? work().finally(() => checks.delete(id));
  checks.set(id, mine);
  return mine;
}

/** The last checks of a connection, newest first. @throws AppError not_found */
export async function listHealthChecks(ctx: Ctx, id: string, limit = 48) {
  const read = async (tx: Tx) => {
    await mustFindConnection(tx, ctx, id);
    return selectHealthChecks(tx, ctx.tenantId, id, limit);
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}
