import { sql } from 'drizzle-orm';
import { check, foreignKey, index, pgTable, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';
import { executions } from './executions.ts';

/** `withdrawn`: what it needs is gone, such as the key that asked or the connector. */
export type ApprovalStatus = 'pending' | 'approved' | 'refused' | 'expired' | 'withdrawn';

/** A call that waits, or waited, for an admin. Its id is the execution's; who asked by which key stands there. */
export const approvals = pgTable(
  'approvals',
  {
    tenantId: tenantId(),
    id: id(),
    tool: varchar('tool', { length: 200 }).notNull(),
    /** As it was called when it was asked for. */
    title: varchar('title', { length: 255 }).notNull(),
    connectorId: uuid('connector_id').notNull(),
    connectorName: varchar('connector_name', { length: 255 }).notNull(),
    connectionId: uuid('connection_id').notNull(),
    /** The key that asks, and for whom it acts. */
    keyId: uuid('key_id').notNull(),
    keyName: varchar('key_name', { length: 255 }).notNull(),
    makerId: uuid('maker_id').notNull(),
    makerName: varchar('maker_name', { length: 255 }).notNull(),
    status: varchar('status', { length: 20 }).$type<ApprovalStatus>().notNull().default('pending'),
    /** What is to be called, until that begins or nothing will come of it; then what came back, until `resultUntil`. */
    sealed: text('sealed'),
    /** When nobody can decide any more; once it is approved, when it has to have begun. */
    expiresAt: instant('expires_at').notNull(),
    decidedAt: instant('decided_at'),
    decidedBy: uuid('decided_by'),
    decidedByName: varchar('decided_by_name', { length: 255 }),
    note: varchar('note', { length: 500 }),
    /** From then on it is never begun again. */
    begunAt: instant('begun_at'),
    resultUntil: instant('result_until'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'approvals_execution',
      columns: [table.tenantId, table.id],
      foreignColumns: [executions.tenantId, executions.id],
    }).onDelete('cascade'),
    index('approvals_waiting').on(table.tenantId, table.keyId).where(sql`${table.status} = 'pending'`),
    index('approvals_open').on(table.expiresAt).where(sql`${table.begunAt} is null and ${table.sealed} is not null`),
    index('approvals_results').on(table.resultUntil).where(sql`${table.resultUntil} is not null`),
    check('approvals_status_known', sql`${table.status} in ('pending', 'approved', 'refused', 'expired', 'withdrawn')`),
    tenantFence(),
  ],
);
