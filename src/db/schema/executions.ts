import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

export type ExecutionStatus = 'running' | 'succeeded' | 'failed' | 'outcome_unknown' | 'awaiting_approval';

/** One run of a tool. No foreign keys: history outlives connectors and connections. */
export const executions = pgTable(
  'executions',
  {
    tenantId: tenantId(),
    id: id(),
    tool: varchar('tool', { length: 200 }).notNull(),
    connectorId: uuid('connector_id').notNull(),
    connectionId: uuid('connection_id'),
    status: varchar('status', { length: 20 }).$type<ExecutionStatus>().notNull().default('running'),
    durationMs: integer('duration_ms'),
    attempts: integer('attempts').notNull().default(0),
    errorCode: varchar('error_code', { length: 60 }),
    /** Why it failed, in one sentence. */
    errorMessage: text('error_message'),
    /** The id that the service gave its answer, for its support. */
    upstreamRequestId: varchar('upstream_request_id', { length: 200 }),
    /** Masked, and only when the tenant keeps them. */
    input: jsonb('input'),
    output: jsonb('output'),
    actorType: varchar('actor_type', { length: 20 }).notNull(),
    actorId: uuid('actor_id'),
    actorName: varchar('actor_name', { length: 255 }).notNull(),
    requestId: varchar('request_id', { length: 100 }).notNull(),
    finishedAt: instant('finished_at'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('executions_connector').on(table.tenantId, table.connectorId, table.createdAt),
    index('executions_connection').on(table.tenantId, table.connectionId, table.createdAt),
    index('executions_newest').on(table.tenantId, table.createdAt),
    index('executions_age').on(table.createdAt),
    index('executions_running').on(table.createdAt).where(sql`status = 'running'`),
    // For counting calls of language models that failed.
    index('executions_failed_llm')
      .on(table.tenantId, table.finishedAt)
      .where(sql`status in ('failed', 'outcome_unknown') and tool in ('llm.chat', 'llm.embeddings')`),
    check(
      'executions_status_known',
      sql`${table.status} in ('running', 'succeeded', 'failed', 'outcome_unknown', 'awaiting_approval')`,
    ),
    tenantFence(),
  ],
);
