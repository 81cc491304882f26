import { and, asc, count, eq, isNull } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { connectorCatalog, connectors } from '../schema/index.ts';

export type CatalogRow = typeof connectorCatalog.$inferSelect;

/** All entries that can be installed, by name. */
export function selectCatalog(tx: Tx): Promise<CatalogRow[]> {
  return tx
    .select()
    .from(connectorCatalog)
    .where(isNull(connectorCatalog.retiredAt))
    .orderBy(asc(connectorCatalog.name));
}

/** The entry, retired or not, or null; a text that cannot be a key names none. */
export async function findCatalogEntry(tx: Drizzle | Tx, key: string): Promise<CatalogRow | null> {
  if (!/^[a-z0-9-]{1,100}$/.test(key)) return null;
  const [row] = await tx.select().from(connectorCatalog).where(eq(connectorCatalog.key, key));
  return row ?? null;
}

/** How many connectors the tenant has, by the id of their catalog entry; deleted ones do not count. */
export async function countInstalledByEntry(tx: Tx, tenantId: string): Promise<Map<string, number>> {
  const rows = await tx
    .select({ catalogId: connectors.catalogId, n: count() })
    .from(connectors)
    .where(and(eq(connectors.tenantId, tenantId), isNull(connectors.deletedAt)))
    .groupBy(connectors.catalogId);
  return new Map(rows.map((row) => [row.catalogId, row.n]));
}

/** Every row, locked against a second seed at the same time; for the owner's login only. */
export async function lockCatalog(tx: Tx): Promise<CatalogRow[]> {
  await tx.execute('lock table connector_catalog in share row exclusive mode');
  return tx.select().from(connectorCatalog);
}

export async function insertCatalogRow(tx: Tx, values: typeof connectorCatalog.$inferInsert) {
  await tx.insert(connectorCatalog).values(values);
}

export async function updateCatalogRow(tx: Tx, key: string, values: Partial<typeof connectorCatalog.$inferInsert>) {
  await tx.update(connectorCatalog).set(values).where(eq(connectorCatalog.key, key));
}
