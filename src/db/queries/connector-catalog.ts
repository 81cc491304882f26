import { asc, eq, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { connectorCatalog } from '../schema/index.ts';
import { rowVersion } from './row-version.ts';

export type CatalogRow = typeof connectorCatalog.$inferSelect;

/** How an entry stands in a workspace, without what is the same for all of them. */
export interface EntryStanding extends Record<string, unknown> {
  id: string;
  /** Of the entry's row; another one says that its contents may be others. */
  version: string;
  installedCount: number;
  /** Whether operators let the workspace install it. */
  enabled: boolean;
  /** Whether the hub has registered an OAuth application at the service. */
  hasApplication: boolean;
}

/** Every entry, also what is retired. */
export const selectEntryStandings = (tx: Tx, tenantId: string): Promise<EntryStanding[]> =>
  tx.execute<EntryStanding>(sql`
    select entry.id, ${rowVersion(sql`entry.xmin`)} as version, coalesce(installed.n, 0) as "installedCount",
      coalesce(own.enabled, hub.enabled, true) as enabled, hub.oauth_client_id is not null as "hasApplication"
    from connector_catalog entry
    left join provisioned_entries hub on hub.catalog_id = entry.id
    left join tenant_entries own on own.catalog_id = entry.id and own.tenant_id = ${tenantId}
    left join (
      select catalog_id, count(*)::int as n from connectors
      where tenant_id = ${tenantId} and deleted_at is null group by catalog_id
    ) installed on installed.catalog_id = entry.id`);

/** Every entry, also what is retired, by name. */
export const selectCatalog = (tx: Tx): Promise<CatalogRow[]> =>
  tx.select().from(connectorCatalog).orderBy(asc(connectorCatalog.name));

/** The entry, retired or not, or null; a text that cannot be a key names none. */
export async function findCatalogEntry(tx: Drizzle | Tx, key: string): Promise<CatalogRow | null> {
  if (!/^[a-z0-9-]{1,100}$/.test(key)) return null;
  const [row] = await tx.select().from(connectorCatalog).where(eq(connectorCatalog.key, key));
  return row ?? null;
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
