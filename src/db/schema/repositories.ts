import { boolean, foreignKey, pgTable, primaryKey, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';
import { connections } from './connections.ts';

/** Code repositories seen through a connection. */
export const repositories = pgTable(
  'repositories',
  {
    tenantId: tenantId(),
    id: id(),
    connectionId: uuid('connection_id').notNull(),
    externalId: varchar('external_id', { length: 100 }).notNull(),
    fullName: varchar('full_name', { length: 255 }).notNull(),
    description: text('description'),
    defaultBranch: varchar('default_branch', { length: 255 }),
    private: boolean('private').notNull(),
    archived: boolean('archived').notNull().default(false),
    url: varchar('url', { length: 2048 }).notNull(),
    syncedAt: instant('synced_at').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'repositories_connection',
      columns: [table.tenantId, table.connectionId],
      foreignColumns: [connections.tenantId, connections.id],
    }).onDelete('cascade'),
    uniqueIndex('repositories_external').on(table.tenantId, table.connectionId, table.externalId),
    tenantFence(),
  ],
);
