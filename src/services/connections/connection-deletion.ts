import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, deleteConnectionRow, updateConnectionRow } from '../../db/queries/connections.ts';
import { notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { revokeAccount } from '../brokers/account-endings.ts';
import { asBroker } from '../brokers/brokers.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { revokeAtService } from '../credentials/revocation.ts';
import type { Revocation } from '../credentials/revocation-outcome.ts';
import { type ConnectionPair, findPair } from './connection-pair.ts';
import { requireDecision, requireStoppable } from './connection-rights.ts';
import { connectionSubject } from './connections.ts';

/**
 * Disconnects an account: its use stops at once, then the service is asked to end the access, then everything of it is deleted.
 * What the service said is in the result and in the audit row; it stops nothing.
 * @throws AppError forbidden, not_found, managed
 */
export async function deleteConnection(ctx: Ctx, id: string): Promise<ConnectionPair & { revocation: Revocation }> {
  const pair = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => stopUse(tx, ctx, id));
  const revocation = await revokeAtService(ctx, pair.connector, pair.connection);
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { connection, connector } = await findPair(tx, ctx, id, { lock: true });
    await removeConnection(tx, ctx, { connection, connector }, revocation);
    await settleConnector(tx, ctx, connector);
  });
  return { ...pair, revocation };
}

/**
 * Ends the access of an account and keeps its row with its history; deleting is another step. Use stops at once, whatever the service says.
 * @throws AppError forbidden, not_found, managed
 */
export async function revokeConnection(ctx: Ctx, id: string): Promise<ConnectionPair & { revocation: Revocation }> {
  const pair = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => stopUse(tx, ctx, id));
  const target = pair.connection.authConfigId ? asBroker(ctx, pair.connector) : null;
  const revocation = target
    ? await revokeAccount(ctx, target, pair.connection)
    : await revokeAtService(ctx, pair.connector, pair.connection);
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { connection, connector } = await findPair(tx, ctx, id, { lock: true });
    const subject = connectionSubject(connection, connector);
    const details = { revocation: revocation.outcome, reason: revocation.message };
    await recordAudit(tx, ctx, { action: 'connection.revoked', subject, details });
    await settleConnector(tx, ctx, connector);
    return { connection, connector, revocation };
  });
}

/** From here on nothing is called through it; who is cut off before the end sees it as revoked, and disconnects it again. */
async function stopUse(tx: Tx, ctx: Ctx, id: string): Promise<ConnectionPair> {
  const { connection, connector } = await findPair(tx, ctx, id, { lock: true });
  requireDecision(ctx, connection, 'disconnect accounts of the workspace');
  requireStoppable(ctx, connection, connector);
  const stopped = await markRevoked(tx, ctx, connection);
  await recordAudit(tx, ctx, { action: 'connection.stopped', subject: connectionSubject(connection, connector) });
  return { connector, connection: stopped };
}

/** Ends the use of a connection whose access is about to be ended at the service. The caller has locked it. */
export async function markRevoked(tx: Tx, ctx: Ctx, { id }: ConnectionRow): Promise<ConnectionRow> {
  const reason = `${ctx.actor.name} disconnected this account.`;
  const values = { status: 'revoked', statusReason: reason, refreshAfter: null, nextCheckAt: null } as const;
  const after = await updateConnectionRow(tx, ctx.tenantId, id, values);
  if (!after) throw notFound('connection');
  return after;
}

/** Deletes the row with its credentials and histories, and says what became of the access. */
async function removeConnection(tx: Tx, ctx: Ctx, { connection, connector }: ConnectionPair, revocation: Revocation) {
  if (!(await deleteConnectionRow(tx, ctx.tenantId, connection.id))) throw notFound('connection');
  await recordAudit(tx, ctx, {
    action: 'connection.deleted',
    subject: connectionSubject(connection, connector),
    details: { revocation: revocation.outcome, reason: revocation.message },
  });
}
