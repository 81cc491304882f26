import { boolean, pgTable, primaryKey, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { id, instant, tenantFence, tenantId } from './columns.ts';

/** What a workspace decides about itself; a tenant without a row has the defaults. */
export const tenantSettings = pgTable(
  'tenant_settings',
  {
    tenantId: tenantId(),
    id: id(),
    /** Whether executions keep their masked inputs and outputs. */
    keepPayloads: boolean('keep_payloads').notNull().default(false),
    /** What questions to language models go through when nothing else says it. No foreign key: one that is gone counts as none. */
    defaultModelConnectorId: uuid('default_model_connector_id'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    updatedBy: uuid('updated_by'),
    updatedByName: varchar('updated_by_name', { length: 255 }),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('tenant_settings_once').on(table.tenantId),
    tenantFence(),
  ],
);
