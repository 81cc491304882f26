import { index, jsonb, pgTable, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, tenantFence, tenantId } from './columns.ts';

/** Who did what to which row, when and from where. Append-only: the application may insert and read, nothing else. */
export const auditEvents = pgTable(
  'audit_events',
  {
    tenantId: tenantId(),
    id: id(),
    /** `<noun>.<past tense>`, e.g. `connector.installed`. */
    action: varchar('action', { length: 100 }).notNull(),
    actorType: varchar('actor_type', { length: 20 }).notNull(),
    actorId: uuid('actor_id'),
    actorName: varchar('actor_name', { length: 255 }).notNull(),
    subjectType: varchar('subject_type', { length: 50 }).notNull(),
    subjectId: uuid('subject_id'),
    subjectName: varchar('subject_name', { length: 255 }).notNull(),
    /** What changed, in names of fields; never a secret's value. */
    details: jsonb('details').$type<Record<string, unknown>>().notNull(),
    requestId: varchar('request_id', { length: 100 }).notNull(),
    ip: text('ip'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('audit_events_subject').on(table.tenantId, table.subjectId, table.id),
    index('audit_events_action').on(table.tenantId, table.action, table.id),
    tenantFence(),
  ],
);
