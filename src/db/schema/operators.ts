import { bigint, index, integer, jsonb, pgTable, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
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
    /** Counted by the database when the row is written, so that a seal can say which rows it covers. */
    position: bigint('position', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
  },
  (table) => [
    index('operator_events_subject').on(table.subjectId, table.id),
    uniqueIndex('operator_events_position').on(table.position),
  ],
);

/** Seals over these events, made like those of tenants in `audit_seals`. Append-only, but for `head`. */
export const operatorSeals = pgTable(
  'operator_seals',
  {
    id: uuid('id').primaryKey(),
    number: integer('number').notNull(),
    lastPosition: bigint('last_position', { mode: 'number' }).notNull(),
    events: integer('events').notNull(),
    keyId: varchar('key_id', { length: 16 }).notNull(),
    register: bigint('register', { mode: 'number' }),
    mac: varchar('mac', { length: 64 }).notNull(),
    head: varchar('head', { length: 64 }),
    createdAt: createdAt(),
  },
  (table) => [uniqueIndex('operator_seals_number').on(table.number)],
);
