import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import { type ConnectorRow, noteStanding, updateConnectorRow } from '../../db/queries/connectors.ts';
import { selectDisabled } from '../../db/queries/provisioned-entries.ts';
import { recordAudit } from '../audit.ts';
import { byFile } from './managed.ts';

/**
 * A connector that is switched on but has no usable connection left is in error and says why; one check that passes clears it.
 * The caller has locked the connector.
 */
export async function settleConnector(tx: Tx, ctx: Ctx, connector: ConnectorRow): Promise<void> {
  if (connector.status === 'inactive' && !isAwaited(connector)) return;
  const every = await selectConnections(tx, ctx.tenantId, { connectorIds: [connector.id], limit: 1_000 });
  // A broker works when its own key does, whatever the accounts are that it holds.
  const all = every.filter(({ authConfigId }) => authConfigId === null);
  const usable = all.some(isUsable);
  if (connector.status === 'inactive') {
    if (usable) await switchOn(tx, ctx, connector);
    return;
  }
  const status = usable ? 'active' : 'error';
  const statusReason = usable ? null : whyUnusable(all);
  if (connector.status === status && connector.statusReason === statusReason) return;
  await noteStanding(tx, ctx.tenantId, connector.id, { status, statusReason });
  if (connector.status !== status)
    await recordAudit(tx, ctx, {
      action: status === 'error' ? 'connector.failed' : 'connector.recovered',
      subject: { type: 'connector', id: connector.id, name: connector.name },
      details: statusReason ? { reason: statusReason } : {},
    });
}

/** A file said that it is to be active, and it only waits for an account. */
const isAwaited = ({ managedBy, fileState, statusReason }: ConnectorRow): boolean =>
  managedBy === byFile && fileState?.settings.active === true && statusReason === null;

async function switchOn(tx: Tx, ctx: Ctx, { id, catalogId }: ConnectorRow): Promise<void> {
  if ((await selectDisabled(tx, ctx.tenantId)).has(catalogId)) return;
  const after = await updateConnectorRow(tx, ctx.tenantId, id, { status: 'active' });
  const subject = { type: 'connector', id, name: after.name };
  await recordAudit(tx, ctx, { action: 'connector.activated', subject, details: { managed_by: byFile } });
}

/** Whether calls may go through it: what is merely slow or unsure may be tried. */
export const isUsable = ({ status, health }: Pick<ConnectionRow, 'status' | 'health'>): boolean =>
  status === 'active' && health !== 'unhealthy';

/** The one sentence for a connector of whose connections none is usable. */
export function whyUnusable(all: ConnectionRow[]): string {
  const broken = all.find(({ status }) => status !== 'inactive');
  if (broken) return broken.statusReason ?? broken.healthMessage ?? 'Its account does not work. Connect it again.';
  return all.length
    ? 'No connection of it is switched on. Switch one on, or deactivate the connector.'
    : 'No account is connected any more. Connect one, or deactivate it.';
}
