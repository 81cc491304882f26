import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Drizzle, Tx } from '../client.ts';
import { connectorCatalog, provisionedEntries, tenantEntries } from '../schema/index.ts';

/** A catalog entry with what operators decided about it; `tenantEnabled` is null where the tenant follows the hub. */
export interface EntrySwitch {
  id: string;
  key: string;
  name: string;
  icon: string;
  enabled: boolean;
  tenantEnabled: boolean | null;
}

/** Every entry that can be installed, by name, as the hub and this tenant have it. */
export function selectSwitches(tx: Drizzle | Tx, tenantId: string | null): Promise<EntrySwitch[]> {
  const { id, key, name, icon } = connectorCatalog;
  return tx
    .select({
      id,
      key,
      name,
      icon,
      enabled: sql<boolean>`coalesce(${provisionedEntries.enabled}, true)`,
      tenantEnabled: tenantEntries.enabled,
    })
    .from(connectorCatalog)
    .leftJoin(provisionedEntries, eq(provisionedEntries.catalogId, connectorCatalog.id))
    .leftJoin(
      tenantEntries,
      and(
        eq(tenantEntries.catalogId, connectorCatalog.id),
        tenantId ? eq(tenantEntries.tenantId, tenantId) : sql`false`,
      ),
    )
    .where(isNull(connectorCatalog.retiredAt))
    .orderBy(asc(connectorCatalog.name));
}

/** The ids of the entries that are off for the tenant. */
export async function selectDisabled(tx: Tx, tenantId: string): Promise<Set<string>> {
  const rows = await selectSwitches(tx, tenantId);
  return new Set(rows.filter((row) => !(row.tenantEnabled ?? row.enabled)).map(({ id }) => id));
}

/** Switches the entry for every tenant that does not say otherwise; says whether that changed anything. */
export async function upsertSwitch(tx: Tx, catalogId: string, wanted: boolean): Promise<boolean> {
  const changed = await tx
    .insert(provisionedEntries)
    .values({ catalogId, enabled: wanted })
    .onConflictDoUpdate({
      target: provisionedEntries.catalogId,
      set: { enabled: wanted, updatedAt: sql`now()` },
      setWhere: sql`${provisionedEntries.enabled} <> ${wanted}`,
    })
    .returning({ id: provisionedEntries.catalogId });
  return changed.length > 0;
}

/** Switches the entry for one tenant; null lets it follow the hub again. */
export async function setTenantSwitch(tx: Tx, tenantId: string, catalogId: string, wanted: boolean | null) {
  if (wanted === null) {
    await tx
      .delete(tenantEntries)
      .where(and(eq(tenantEntries.tenantId, tenantId), eq(tenantEntries.catalogId, catalogId)));
    return;
  }
  await tx
    .insert(tenantEntries)
    .values({ tenantId, id: uuidv7(), catalogId, enabled: wanted })
    .onConflictDoUpdate({
      target: [tenantEntries.tenantId, tenantEntries.catalogId],
      set: { enabled: wanted, updatedAt: sql`now()` },
    });
}
