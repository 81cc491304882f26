import type { Ctx } from '../context.ts';
import { type ConnectionRow, updateConnectionRow } from '../db/queries/connections.ts';
import { notFound } from '../errors.ts';
import { recordAudit } from './audit.ts';
import { checkSoon } from './check-queue.ts';
import { findPair } from './connection-pair.ts';
import { requireDecision } from './connection-rights.ts';
import { requireTransition } from './connection-states.ts';
import { connectionName, connectionSubject } from './connections.ts';
import { settleConnector } from './connector-settlement.ts';

/**
 * Switches a connection on or off; setting the status that is there changes nothing. What is switched on is checked soon.
 * @throws AppError forbidden, not_found, invalid_transition
 */
export async function setConnectionStatus(ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<ConnectionRow> {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { connection: before, connector } = await findPair(tx, ctx, id, { lock: true });
    await requireDecision(tx, ctx, before, 'switch connections of the workspace on and off');
    requireTransition(before.status, status, 'person', connectionName(before, connector));
    if (before.status === status) return before;
    const after = await updateConnectionRow(tx, ctx.tenantId, id, {
      ...{ status, statusReason: null, updatedBy: ctx.actor.id, updatedByName: ctx.actor.name },
    });
    if (!after) throw notFound('connection');
    const action = status === 'active' ? 'connection.activated' : 'connection.deactivated';
    await recordAudit(tx, ctx, { action, subject: connectionSubject(after, connector) });
    await settleConnector(tx, ctx, connector);
    if (status === 'active') await checkSoon(tx, ctx, connector.id);
    return after;
  });
}
