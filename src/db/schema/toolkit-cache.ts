import {
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { id, instant, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

/** What a broker answered about its toolkits and tools: shown at once, also while the broker is away, and read again before it is old. */
export const toolkitCache = pgTable(
  'toolkit_cache',
  {
    tenantId: tenantId(),
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    /** Digest of what was asked and of the settings and the age of the secrets with which it was asked. */
    key: varchar('key', { length: 64 }).notNull(),
    question: jsonb('question').$type<Record<string, unknown>>().notNull(),
    /** JSON text: others write NUL characters, which jsonb refuses. */
    value: text('value').notNull(),
    bytes: integer('bytes').notNull(),
    /** The version that the broker gave what it describes; null where it gives none. */
    version: varchar('version', { length: 100 }),
    fetchedAt: instant('fetched_at').notNull(),
    /** From then on it is read again. */
    staleAt: instant('stale_at').notNull(),
    usedAt: instant('used_at').notNull(),
    /** Until when somebody is reading it again. */
    claimedUntil: instant('claimed_until'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'toolkit_cache_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    uniqueIndex('toolkit_cache_key').on(table.tenantId, table.connectorId, table.key),
    index('toolkit_cache_used').on(table.tenantId, table.connectorId, table.usedAt),
    index('toolkit_cache_stale').on(table.staleAt),
    tenantFence(),
  ],
);
