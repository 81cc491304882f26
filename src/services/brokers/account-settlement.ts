import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { BrokeredKey } from '../../db/queries/brokered-connections.ts';
import { type ConnectionRow, insertConnection, updateConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { BrokerAccount } from '../../drivers/driver.ts';
import { AppError, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { connectionSubject } from '../connections/connections.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { checkSoon } from '../health/check-queue.ts';
import { announce } from '../webhooks/announcements.ts';

/** A connection that is being made at a broker: everybody sees that it is under way, and nothing goes through it. */
export const insertInitiated = (
  tx: Tx,
  ctx: Ctx,
  key: BrokeredKey,
  { label, claim }: { label: string; claim: { refreshClaim: string; refreshClaimedUntil: Date } | null },
): Promise<ConnectionRow> =>
  insertConnection(tx, {
    ...key,
    ...claim,
    tenantId: ctx.tenantId,
    id: uuidv7(),
    status: 'initiated',
    accountLabel: label,
    ...madeBy(ctx),
    ...changedBy(ctx),
  });

/** The account is there at the broker, and works: the connection is for it from now on. The caller has locked the connector. */
export async function settleAccount(
  tx: Tx,
  ctx: Ctx,
  { connector, before, account }: { connector: ConnectorRow; before: ConnectionRow; account: BrokerAccount },
): Promise<ConnectionRow> {
  const after = await updateConnectionRow(tx, ctx.tenantId, before.id, {
    status: 'active',
    statusReason: null,
    externalAccountId: account.id,
    accountLabel: account.label ?? before.accountLabel,
    health: 'unknown',
    healthMessage: null,
    healthFailures: 0,
    nextCheckAt: new Date(),
    refreshClaim: null,
    refreshClaimedUntil: null,
    ...changedBy(ctx),
  });
  if (!after) throw notFound('connection');
  const made = before.status === 'initiated' && before.externalAccountId === null;
  if (made) await announce(tx, ctx, 'connection.created', after.id);
  const action = made ? 'connection.created' : 'connection.reauthorized';
  await recordAudit(tx, ctx, { action, subject: connectionSubject(after, connector) });
  await settleConnector(tx, ctx, connector);
  await checkSoon(tx, ctx, connector.id);
  return after;
}

/** @throws AppError conflict for a connector that is switched off: nothing is asked of its broker */
export function requireOn({ name, status }: ConnectorRow): void {
  if (status === 'inactive') throw new AppError('conflict', `${name} is inactive. Activate it first.`);
}

/** @throws AppError forbidden for a connector that is for accounts of the whole workspace only */
export function requireOwnAccounts({ name, auth }: ConnectorRow, userId: string | null): void {
  if (userId === null || auth.personal_accounts !== false) return;
  throw new AppError('forbidden', `${name} is for accounts of the whole workspace.`);
}
