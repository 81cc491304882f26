import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connectors } from '../schema/index.ts';

/** Deleted connectors of all tenants that can no longer be restored. */
export async function dueConnectorPurges(tx: { execute: Tx['execute'] }, olderThan: string, max: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_connector_purges(${olderThan}::interval, ${max})`);
  return (rows as unknown as { tenant_id: string; id: string }[]).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
  }));
}

const purgeable = (tenantId: string, id: string, olderThan: string) =>
  and(
    eq(connectors.tenantId, tenantId),
    eq(connectors.id, id),
    sql`${connectors.deletedAt} < now() - ${olderThan}::interval`,
  );

/** Whether the row has been deleted for that long. */
export const isPurgeable = async (tx: Tx, tenantId: string, id: string, olderThan: string): Promise<boolean> =>
  (await tx.$count(connectors, purgeable(tenantId, id, olderThan))) > 0;

/** Removes the row if it has been deleted for that long, also now that it is locked; says whether. */
export async function purgeConnectorRow(tx: Tx, tenantId: string, id: string, olderThan: string): Promise<boolean> {
  const gone = await tx
    .delete(connectors)
    .where(purgeable(tenantId, id, olderThan))
    .returning({ id: connectors.id });
  return gone.length > 0;
}
