import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, uniqueIndex } from 'drizzle-orm/pg-core';
import { id, instant, tenantFence, tenantId } from './columns.ts';

/** What the operator allows a tenant; null and no row mean without limit. The tenant reads it, only operators write it. */
export const tenantQuotas = pgTable(
  'tenant_quotas',
  {
    tenantId: tenantId(),
    id: id(),
    maxConnectors: integer('max_connectors'),
    executionsPerHour: integer('executions_per_hour'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('tenant_quotas_once').on(table.tenantId),
    check('tenant_quotas_positive', sql`${table.maxConnectors} >= 0 and ${table.executionsPerHour} >= 0`),
    tenantFence(),
  ],
);
