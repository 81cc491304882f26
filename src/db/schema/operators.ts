import { index, jsonb, pgTable, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { users } from './identity.ts';

/** People who run the hub itself: they look after workspaces without belonging to them. */
export const operators = pgTable('operators', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  createdAt: createdAt(),
});

/**
 * What operators did, and what the hub did for them. Append-only, and outside of workspaces: it goes on when a workspace is deleted,
 * so it names people and workspaces by copies and has no foreign keys.
 */
export const operatorEvents = pgTable(
  'operator_events',
  {
    id: uuid('id').primaryKey(),
    /** `<noun>.<past tense>`, e.g. `tenant.suspended`. */
    action: varchar('action', { length: 100 }).notNull(),
    actorId: uuid('actor_id'),
    actorName: varchar('actor_name', { length: 255 }).notNull(),
    subjectType: varchar('subject_type', { length: 50 }).notNull(),
    subjectId: uuid('subject_id'),
    subjectName: varchar('subject_name', { length: 255 }).notNull(),
    /** What changed; never a secret's value. */
    details: jsonb('details').$type<Record<string, unknown>>().notNull(),
    requestId: varchar('request_id', { length: 100 }).notNull(),
    ip: text('ip'),
    createdAt: createdAt(),
  },
  (table) => [index('operator_events_subject').on(table.subjectId, table.id)],
);
