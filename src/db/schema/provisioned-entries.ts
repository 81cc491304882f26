import { boolean, jsonb, pgTable, primaryKey, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { id, instant, tenantFence, tenantId } from './columns.ts';
import { connectorCatalog } from './connector-catalog.ts';

const catalogId = () =>
  uuid('catalog_id')
    .notNull()
    .references(() => connectorCatalog.id);

/** What operators decided about a catalog entry for the whole hub; no row means on, without an application of the hub's own. */
export const provisionedEntries = pgTable('provisioned_entries', {
  catalogId: catalogId().primaryKey(),
  enabled: boolean('enabled').notNull().default(true),
  /** The OAuth application that the operator registered for all tenants; its secret is sealed in `hub_secrets`. */
  oauthClientId: varchar('oauth_client_id', { length: 255 }),
  oauthScopes: jsonb('oauth_scopes').$type<string[]>().notNull().default([]),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

/** Entries that operators switched for one tenant against what holds for the hub. The tenant reads it, only operators write it. */
export const tenantEntries = pgTable(
  'tenant_entries',
  {
    tenantId: tenantId(),
    id: id(),
    catalogId: catalogId(),
    enabled: boolean('enabled').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('tenant_entries_once').on(table.tenantId, table.catalogId),
    tenantFence(),
  ],
);
