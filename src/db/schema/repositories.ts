import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
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
    index('repositories_name').on(table.tenantId, table.connectionId, table.fullName),
    uniqueIndex('repositories_external').on(table.tenantId, table.connectionId, table.externalId),
    tenantFence(),
  ],
);

/** How the last reading of a connection's repositories went, and when the next one is due. */
export const repositorySyncs = pgTable(
  'repository_syncs',
  {
    tenantId: tenantId(),
    id: id(),
    connectionId: uuid('connection_id').notNull(),
    status: varchar('status', { length: 20 }).$type<'running' | 'succeeded' | 'failed'>().notNull(),
    /** Whose turn it is: one that was taken over settles nothing. */
    turn: uuid('turn').notNull(),
    /** Why the last one failed, in one sentence. */
    error: text('error'),
    /** How many there were at the end of the last one that succeeded. */
    count: integer('count').notNull().default(0),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at'),
    /** When the next one begins; while one runs, when it counts as cut off. */
    dueAt: instant('due_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'repository_syncs_connection',
      columns: [table.tenantId, table.connectionId],
      foreignColumns: [connections.tenantId, connections.id],
    }).onDelete('cascade'),
    uniqueIndex('repository_syncs_once').on(table.tenantId, table.connectionId),
    index('repository_syncs_due').on(table.dueAt),
    check('repository_syncs_status_known', sql`${table.status} in ('running', 'succeeded', 'failed')`),
    tenantFence(),
  ],
);
