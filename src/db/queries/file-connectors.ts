import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { connectors, type FileState } from '../schema/index.ts';

/** Deleted connectors that can still be restored and have one of these handles: their ids. */
export async function selectDeletedByHandle(
  tx: Tx,
  tenantId: string,
  handles: string[],
): Promise<Map<string, { id: string; catalogId: string }>> {
  const rows = await tx
    .select({ id: connectors.id, handle: connectors.handle, catalogId: connectors.catalogId })
    .from(connectors)
    .where(
      and(
        eq(connectors.tenantId, tenantId),
        isNotNull(connectors.deletedAt),
        sql`${connectors.handle} = any(string_to_array(${handles.join()}, ','))`,
      ),
    );
  return new Map(rows.map(({ handle, ...row }) => [handle, row]));
}

/** Says who manages the connector and what was applied; `name` frees one that another connector takes. */
export async function setManagement(
  tx: Tx,
  tenantId: string,
  id: string,
  values: { managedBy: string | null; fileState?: FileState | null; name?: string },
): Promise<void> {
  await tx
    .update(connectors)
    .set(values)
    .where(and(eq(connectors.tenantId, tenantId), eq(connectors.id, id)));
}

/** Lets one file at a time be applied to the workspace, until the transaction ends; false while another one is. */
export async function lockFiles(tx: Tx, tenantId: string): Promise<boolean> {
  const [row] = await tx.execute(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`patchbay:files:${tenantId}`}, 0)) as mine`,
  );
  return row?.mine === true;
}

/** Changes whenever a connector of the tenant does. */
export async function connectorsMark(tx: Tx | Drizzle, tenantId: string): Promise<string> {
  const [row] = await tx.execute(sql`
    select md5(coalesce(string_agg(id::text || version || xmin, ',' order by id), '')) as mark
    from connectors where tenant_id = ${tenantId}::uuid`);
  return String(row?.mark);
}

/** How many connectors of the tenant a file manages. */
export const countFileManaged = (tx: Tx, tenantId: string): Promise<number> =>
  tx.$count(
    connectors,
    and(eq(connectors.tenantId, tenantId), eq(connectors.managedBy, 'file'), isNull(connectors.deletedAt)),
  );
