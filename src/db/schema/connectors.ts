import { sql } from 'drizzle-orm';
import {
  check,
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
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';
import { connectorCatalog } from './connector-catalog.ts';

export type ConnectorStatus = 'inactive' | 'active' | 'error';

/** What a file said of a connector when it was last applied; of a secret only since when it is saved. */
export interface FileState {
  /** What the file calls itself. */
  source: string;
  applied_at: string;
  settings: {
    name: string;
    tags: string[];
    config: Record<string, unknown>;
    auth: Record<string, unknown>;
    active: boolean;
  };
  /** Somebody took the connector away from the file, until it is applied again. */
  taken_over?: { at: string; by: string };
}

/** A catalog entry that a tenant has installed. Secret fields of `config` and `auth` are sealed envelopes. */
export const connectors = pgTable(
  'connectors',
  {
    tenantId: tenantId(),
    id: id(),
    catalogId: uuid('catalog_id')
      .notNull()
      .references(() => connectorCatalog.id),
    name: varchar('name', { length: 255 }).notNull(),
    /** ASCII, made from the first name, never changes; what tools, MCP and files call it. */
    handle: varchar('handle', { length: 32 }).notNull(),
    status: varchar('status', { length: 20 }).$type<ConnectorStatus>().notNull().default('inactive'),
    statusReason: text('status_reason'),
    config: jsonb('config').$type<Record<string, unknown>>().notNull(),
    auth: jsonb('auth').$type<Record<string, unknown>>().notNull(),
    tags: jsonb('tags').$type<string[]>().notNull().default([]),
    /** The catalog entry's schema version that `config` and `auth` were written under. */
    schemaVersion: integer('schema_version').notNull(),
    /** Optimistic locking: goes up by one with every change. */
    version: integer('version').notNull().default(1),
    managedBy: varchar('managed_by', { length: 50 }),
    /** Only of connectors that a file describes or described. */
    fileState: jsonb('file_state').$type<FileState>(),
    /** Deleted, but can be undone until the purge. */
    deletedAt: instant('deleted_at'),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('connectors_name').on(table.tenantId, sql`lower(${table.name})`).where(sql`deleted_at is null`),
    uniqueIndex('connectors_handle').on(table.tenantId, table.handle),
    index('connectors_catalog').on(table.tenantId, table.catalogId),
    index('connectors_status').on(table.tenantId, table.status),
    index('connectors_deleted').on(table.tenantId, table.deletedAt).where(sql`deleted_at is not null`),
    check('connectors_status_known', sql`${table.status} in ('inactive', 'active', 'error')`),
    check('connectors_handle_ascii', sql`${table.handle} ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'`),
    tenantFence(),
  ],
);
