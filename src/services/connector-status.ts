import { type Ctx, type Hub, requireRole } from '../context.ts';
import { uniqueViolation } from '../db/client.ts';
import type { ConnectorRow } from '../db/queries/connectors.ts';
import {
  dueConnectorPurges,
  findConnector,
  markDeleted,
  purgeConnectorRow,
  updateConnectorRow,
} from '../db/queries/connectors.ts';
import type { ConnectorStatus } from '../db/schema/index.ts';
import { AppError } from '../errors.ts';
import { recordAudit } from './audit.ts';
import { mustFind, subject } from './connectors.ts';
import { requireEnabled } from './provisioned-entries.ts';
import { requireConnectorRoom } from './quotas.ts';
import { withoutSecrets } from './secrets.ts';
import { systemCtx } from './system.ts';

/** How long a deleted connector can be brought back. */
const undoMinutes = 10;

/** What a person may set from each status; `error` is set and cleared by the system alone. */
const reachable: Record<ConnectorStatus, ('active' | 'inactive')[]> = {
  inactive: ['active', 'inactive'],
  active: ['active', 'inactive'],
  error: ['inactive'],
};

/**
 * Activates or deactivates; setting the status that is there changes nothing.
 * @throws AppError forbidden, not_found, entry_disabled, or invalid_transition when the connector is not ready
 */
export async function setConnectorStatus(ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'activate and deactivate connectors');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    if (!reachable[before.status].includes(status)) throw illegal(before, status);
    if (before.status === status) return before;
    if (status === 'active') {
      await requireEnabled(tx, ctx, { id: before.catalogId, name: before.catalog.name }, 'activated');
      checkReady(ctx, before);
    }
    const after = await updateConnectorRow(tx, ctx.tenantId, id, { status, statusReason: null, ...changedBy(ctx) });
    await recordAudit(tx, ctx, {
      action: status === 'active' ? 'connector.activated' : 'connector.deactivated',
      subject: subject(after),
    });
    return { ...after, catalog: before.catalog };
  });
}

/** Stops all use at once; can be undone for ten minutes, then the purge removes row and secrets for good. */
export async function deleteConnector(ctx: Ctx, id: string): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'delete connectors');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    const after = await markDeleted(tx, ctx.tenantId, id, changedBy(ctx));
    await recordAudit(tx, ctx, { action: 'connector.deleted', subject: subject(after) });
    return { ...after, catalog: before.catalog };
  });
}

/**
 * Brings a deleted connector back as it was.
 * @throws AppError forbidden, not_found after the purge, quota_exceeded, or conflict when the name was taken meanwhile
 */
export async function restoreConnector(ctx: Ctx, id: string): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'restore connectors');
  try {
    return await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      await requireConnectorRoom(tx, ctx.tenantId);
      const before = await mustFind(tx, ctx, id, { deleted: true, lock: true });
      const after = await updateConnectorRow(tx, ctx.tenantId, id, { deletedAt: null, ...changedBy(ctx) });
      await recordAudit(tx, ctx, { action: 'connector.restored', subject: subject(after) });
      return { ...after, catalog: before.catalog };
    });
  } catch (error) {
    if (uniqueViolation(error) !== 'connectors_name') throw error;
    throw new AppError('conflict', 'Another connector took this name meanwhile. Rename that one, then undo again.', {
      cause: error,
    });
  }
}

/** Removes for good what can no longer be restored, in all tenants; returns how many. Safe to run on every replica at once. */
export async function purgeDeletedConnectors(hub: Hub): Promise<number> {
  const olderThan = `${undoMinutes} minutes`;
  const due = await dueConnectorPurges(hub.db.system, olderThan, 500);
  let purged = 0;
  for (const { tenantId, id } of due) {
    const ctx = systemCtx(hub, tenantId, 'purge');
    purged += await hub.db.asTenant(tenantId, async (tx) => {
      const connector = await findConnector(tx, tenantId, id, { deleted: true, lock: true });
      // Meanwhile it may have been restored, and deleted anew.
      if (!connector || !(await purgeConnectorRow(tx, tenantId, id, olderThan))) return 0;
      await recordAudit(tx, ctx, { action: 'connector.purged', subject: subject(connector) });
      return 1;
    });
  }
  return purged;
}

function checkReady(ctx: Ctx, connector: ConnectorRow) {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver || connector.catalog.retiredAt)
    throw new AppError(
      'invalid_transition',
      `This version of Patchbay no longer offers ${connector.catalog.name}, so ${connector.name} cannot be activated.`,
    );
  if (driver.needsConnection(withoutSecrets(connector.auth)))
    throw new AppError(
      'invalid_transition',
      `${connector.name} has no authorised account yet, so it cannot be activated. Configure it with a token that you enter yourself, or wait for a version that can ask ${connector.catalog.name} for authorisation.`,
    );
}

const illegal = (connector: ConnectorRow, status: string) =>
  new AppError(
    'invalid_transition',
    `${connector.name} cannot go from ${connector.status} to ${status}. Deactivate it, mend its configuration, then activate it.`,
  );

const changedBy = (ctx: Ctx) => ({ updatedBy: ctx.actor.id, updatedByName: ctx.actor.name });
