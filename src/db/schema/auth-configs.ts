import { boolean, foreignKey, index, pgTable, primaryKey, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

/**
 * How accounts of one toolkit are connected at a broker. What was typed into it is with the broker alone; here is a keyed digest of it, by
 * which the same configuration is found again.
 */
export const authConfigs = pgTable(
  'auth_configs',
  {
    tenantId: tenantId(),
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    toolkitSlug: varchar('toolkit_slug', { length: 100 }).notNull(),
    /** In the broker's words, such as OAUTH2 or API_KEY. */
    scheme: varchar('scheme', { length: 40 }).notNull(),
    /** With the broker's own application, so that nothing has to be registered at the service. */
    managed: boolean('managed').notNull(),
    settingsHash: varchar('settings_hash', { length: 64 }).notNull(),
    /** Its id at the broker; null while it is made there. */
    externalId: varchar('external_id', { length: 255 }),
    /** Until when somebody is at making it; whoever comes after that takes over. */
    claimedUntil: instant('claimed_until'),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'auth_configs_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    uniqueIndex('auth_configs_once').on(
      table.tenantId,
      table.connectorId,
      table.toolkitSlug,
      table.scheme,
      table.settingsHash,
    ),
    index('auth_configs_external').on(table.tenantId, table.connectorId, table.externalId),
    tenantFence(),
  ],
);
