import { type Ctx, changedBy, requireRole } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import { selectConnections } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { markDeleted, updateConnectorRow } from '../../db/queries/connectors.ts';
import { selectQuotas } from '../../db/queries/tenant-quotas.ts';
import type { ConnectorStatus } from '../../db/schema/index.ts';
import { AppError } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { releaseKept } from '../calls/kept-clients.ts';
import { ensureOwnConnection } from '../connections/connections.ts';
import { checkSoon } from '../health/check-queue.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { requireConnectorRoom } from '../tenants/quotas.ts';
import { isUsable, whyUnusable } from './connector-settlement.ts';
import { mustFind, subject } from './connectors.ts';
import { requireUnmanaged } from './managed.ts';
import { requireEnabled } from './provisioned-entries.ts';

/** What a person may set from each status; `error` is set and cleared by the system alone. */
const reachable: Record<ConnectorStatus, ('active' | 'inactive')[]> = {
  inactive: ['active', 'inactive'],
  active: ['active', 'inactive'],
  error: ['inactive'],
};

/**
 * Activates or deactivates; setting the status that is there changes nothing.
 * @throws AppError forbidden, not_found, managed, entry_disabled, or invalid_transition when the connector is not ready
 */
export async function setConnectorStatus(ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'activate and deactivate connectors');
  const saved = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    requireUnmanaged(before);
    if (!reachable[before.status].includes(status)) throw illegal(before, status);
    if (before.status === status) return before;
    if (status === 'active') {
      await requireEnabled(tx, ctx, { id: before.catalogId, name: before.catalog.name }, 'activated');
      await checkReady(tx, ctx, before);
    }
    const after = await updateConnectorRow(tx, ctx.tenantId, id, { status, statusReason: null, ...changedBy(ctx) });
    await recordAudit(tx, ctx, {
      action: status === 'active' ? 'connector.activated' : 'connector.deactivated',
      subject: subject(after),
    });
    if (status === 'active') await checkSoon(tx, ctx, id);
    return { ...after, catalog: before.catalog };
  });
  if (status === 'inactive') await releaseKept(ctx, saved);
  return saved;
}

/** Stops all use at once; can be undone for ten minutes, then the purge removes row and secrets for good. */
export async function deleteConnector(ctx: Ctx, id: string): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'delete connectors');
  const deleted = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    requireUnmanaged(before);
    const after = await markDeleted(tx, ctx.tenantId, id, changedBy(ctx));
    await recordAudit(tx, ctx, { action: 'connector.deleted', subject: subject(after) });
    return { ...after, catalog: before.catalog };
  });
  await releaseKept(ctx, deleted);
  return deleted;
}

/**
 * Brings a deleted connector back as it was.
 * @throws AppError forbidden, not_found after the purge, quota_exceeded, or conflict when the name was taken meanwhile
 */
export async function restoreConnector(ctx: Ctx, id: string): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'restore connectors');
  try {
    return await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      await requireConnectorRoom(tx, ctx.tenantId, await selectQuotas(tx, ctx.tenantId));
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

/** Its own connection is made with what is typed; one that a service has to grant must be there and usable. */
async function checkReady(tx: Tx, ctx: Ctx, connector: ConnectorRow) {
  const { name, catalog } = connector;
  const driver = ctx.hub.drivers.get(catalog.key);
  if (!driver || catalog.retiredAt)
    throw notReady(`This version of Patchbay no longer offers ${catalog.name}, so ${name} cannot be activated.`);
  const needsGrant = driver.needsConnection(withoutSecrets(connector.auth));
  if (!needsGrant) await ensureOwnConnection(tx, ctx, connector);
  const all = await selectConnections(tx, ctx.tenantId, { connectorIds: [connector.id], limit: 1_000 });
  if (!all.length)
    throw notReady(`${name} has no authorised account yet, so it cannot be activated. Connect one first.`);
  const usable = needsGrant ? all.some(isUsable) : all.some(({ status }) => status !== 'inactive');
  if (!usable) throw notReady(`${name} cannot be activated. ${whyUnusable(all)}`);
}

const notReady = (message: string) => new AppError('invalid_transition', message);

const illegal = (connector: ConnectorRow, status: string) =>
  new AppError(
    'invalid_transition',
    `${connector.name} cannot go from ${connector.status} to ${status}. Deactivate it, mend its configuration, then activate it.`,
  );
