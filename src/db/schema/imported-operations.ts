import { sql } from 'drizzle-orm';
import { check, foreignKey, json, pgTable, primaryKey, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import type { OperationRequest } from '../../lib/openapi/operation.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { auditColumns, id, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

/** Operations of an OpenAPI document that became tools of a connector. */
export const importedOperations = pgTable(
  'imported_operations',
  {
    tenantId: tenantId(),
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    /** The last part of the tool's name; it outlasts changes of the document. */
    slug: varchar('slug', { length: 64 }).notNull(),
    operationId: varchar('operation_id', { length: 255 }),
    title: varchar('title', { length: 255 }).notNull(),
    description: text('description').notNull(),
    sideEffect: varchar('side_effect', { length: 20 }).$type<'none' | 'idempotent' | 'write'>().notNull(),
    /** As text, because the order of fields is the document's. */
    request: json('request').$type<OperationRequest>().notNull(),
    input: json('input').$type<JsonSchema>().notNull(),
    output: json('output').$type<JsonSchema>().notNull(),
    /** Where the document came from, without its query; null when it was pasted. */
    source: varchar('source', { length: 2048 }),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'imported_operations_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    uniqueIndex('imported_operations_slug').on(table.tenantId, table.connectorId, table.slug),
    check('imported_operations_side_effect_known', sql`${table.sideEffect} in ('none', 'idempotent', 'write')`),
    tenantFence(),
  ],
);
