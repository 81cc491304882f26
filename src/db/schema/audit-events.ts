import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

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
    /** Counted by the database when the row is written, so that a seal can say which rows it covers. */
    position: bigint('position', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('audit_events_subject').on(table.tenantId, table.subjectId, table.id),
    index('audit_events_action').on(table.tenantId, table.action, table.id),
    uniqueIndex('audit_events_position').on(table.tenantId, table.position),
    tenantFence(),
  ],
);

/** Seals over a tenant's events, each over those that came after the one before. Append-only, but for `head`. */
export const auditSeals = pgTable(
  'audit_seals',
  {
    tenantId: tenantId(),
    id: id(),
    /** Counts up from 1. */
    number: integer('number').notNull(),
    /** Of the last event that it covers; the first one is the one after the seal before. */
    lastPosition: bigint('last_position', { mode: 'number' }).notNull(),
    /** How many events it covers. */
    events: integer('events').notNull(),
    keyId: varchar('key_id', { length: 16 }).notNull(),
    /** How often the register had been written when it was made; null in seals from before there was one. */
    register: bigint('register', { mode: 'number' }),
    /** base64url: over the events in their order, all of the above, and the MAC of the seal before. */
    mac: varchar('mac', { length: 64 }).notNull(),
    /** Only the newest one has it. Nobody without the key can give it to an older one, so the newest cannot be taken away. */
    head: varchar('head', { length: 64 }),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('audit_seals_number').on(table.tenantId, table.number),
    tenantFence(),
  ],
);

/**
 * The newest seal of each trail, a second time and outside of it, so that taking away all seals of a workspace is noticed. It stays when
 * the workspace is deleted.
 */
export const auditHeads = pgTable('audit_heads', {
  /** The tenant, or `operatorScope`. */
  scope: uuid('scope').primaryKey(),
  number: integer('number').notNull(),
  sealMac: varchar('seal_mac', { length: 64 }).notNull(),
});

/** One row, over all of `audit_heads`: none of them can be taken away, changed or brought back without the key. */
export const auditRegister = pgTable('audit_register', {
  id: smallint('id').primaryKey(),
  /** Counts how often it was written; seals name it. */
  version: bigint('version', { mode: 'number' }).notNull(),
  keyId: varchar('key_id', { length: 16 }).notNull(),
  /** base64url */
  mac: varchar('mac', { length: 64 }).notNull(),
});

/** What was found when a tenant's seals were last computed again. */
export const auditVerifications = pgTable(
  'audit_verifications',
  {
    tenantId: tenantId(),
    id: id(),
    verifiedAt: instant('verified_at').notNull(),
    seals: integer('seals').notNull(),
    /** That the seals that hold cover. */
    events: integer('events').notNull(),
    problems: jsonb('problems').$type<AuditProblem[]>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('audit_verifications_once').on(table.tenantId),
    tenantFence(),
  ],
);

/** What does not hold: one seal, several that are missing, or the whole of them. */
export interface AuditProblem {
  /** The seal's number; null when it is about no single one. */
  seal: number | null;
  /** Between which times the events were sealed that it is about, in ISO 8601; null when that is not known. */
  after: string | null;
  until: string | null;
  message: string;
}
