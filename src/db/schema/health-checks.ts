import { foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, tenantFence, tenantId } from './columns.ts';
import { connections, type Health } from './connections.ts';

export interface CheckStep {
  name: 'address' | 'connection' | 'tls' | 'reply' | 'authentication' | 'permission';
  status: 'passed' | 'warning' | 'failed' | 'skipped';
  duration_ms: number | null;
  message: string;
  /** The form field to mend, dotted from the root. */
  field?: string;
}

/** The history of a connection's checks. */
export const healthChecks = pgTable(
  'health_checks',
  {
    tenantId: tenantId(),
    id: id(),
    connectionId: uuid('connection_id').notNull(),
    status: varchar('status', { length: 20 }).$type<Health>().notNull(),
    latencyMs: integer('latency_ms'),
    steps: jsonb('steps').$type<CheckStep[]>().notNull(),
    message: text('message').notNull(),
    /** Who asked: schedule, person, rotation. */
    trigger: varchar('trigger', { length: 20 }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'health_checks_connection',
      columns: [table.tenantId, table.connectionId],
      foreignColumns: [connections.tenantId, connections.id],
    }).onDelete('cascade'),
    index('health_checks_connection').on(table.tenantId, table.connectionId, table.createdAt),
    index('health_checks_age').on(table.createdAt),
    tenantFence(),
  ],
);
