import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectBrokered } from '../../db/queries/brokered-connections.ts';
import { type ConnectionRow, selectByGrant } from '../../db/queries/connections.ts';
import { dueConnectorPurges, isPurgeable, purgeConnectorRow } from '../../db/queries/connector-purges.ts';
import { type ConnectorRow, findConnector } from '../../db/queries/connectors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { recordAudit } from '../audit.ts';
import { endAuthConfigs } from '../brokers/account-endings.ts';
import { asBroker } from '../brokers/brokers.ts';
import { markRevoked } from '../connections/connection-deletion.ts';
import { revokeAtService } from '../credentials/revocation.ts';
import type { Revocation } from '../credentials/revocation-outcome.ts';
import { systemCtx } from '../system.ts';
import { subject } from './connectors.ts';

/** How long a deleted connector can be brought back. */
const undoMinutes = 10;
const olderThan = `${undoMinutes} minutes`;

/**
 * Removes for good what can no longer be restored, in all tenants, and asks the services before that to end what they granted;
 * returns how many. Safe to run on every replica at once.
 */
export async function purgeDeletedConnectors(hub: Hub): Promise<number> {
  const due = await dueConnectorPurges(hub.db.system, olderThan, 500);
  const purged = await eachAtOnce(due, 8, ({ tenantId, id }) => purge(systemCtx(hub, tenantId, 'purge'), id));
  return purged.filter(Boolean).length;
}

async function purge(ctx: Ctx, id: string): Promise<boolean> {
  const { db } = ctx.hub;
  const claimed = await db.asTenant(ctx.tenantId, (tx) => claim(tx, ctx, id));
  if (!claimed) return false;
  const revocations = await eachAtOnce(claimed.granted, 8, (each) => revokeAtService(ctx, claimed.connector, each));
  const target = asBroker(ctx, claimed.connector);
  if (target) await endAuthConfigs(ctx, target);
  return db.asTenant(ctx.tenantId, async (tx) => {
    // Meanwhile it may have been restored, and deleted anew.
    if (!(await purgeConnectorRow(tx, ctx.tenantId, id, olderThan))) return false;
    const details = revocations.length ? { revocations: countOf(revocations) } : {};
    await recordAudit(tx, ctx, { action: 'connector.purged', subject: subject(claimed.connector), details });
    return true;
  });
}

/** Ends the use of what was granted before the services are asked: whoever restores it in this moment sees that. */
async function claim(
  tx: Tx,
  ctx: Ctx,
  id: string,
): Promise<{ connector: ConnectorRow; granted: ConnectionRow[] } | null> {
  const connector = await findConnector(tx, ctx.tenantId, id, { deleted: true, lock: true });
  if (!connector || !(await isPurgeable(tx, ctx.tenantId, id, olderThan))) return null;
  const granted = [
    ...(await selectByGrant(tx, ctx.tenantId, id, true)),
    ...(await selectBrokered(tx, ctx.tenantId, id)),
  ];
  for (const connection of granted) await markRevoked(tx, ctx, connection);
  return { connector, granted };
}

function countOf(revocations: Revocation[]): Partial<Record<Revocation['outcome'], number>> {
  const counts: Partial<Record<Revocation['outcome'], number>> = {};
  for (const { outcome } of revocations) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
