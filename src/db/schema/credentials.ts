import { sql } from 'drizzle-orm';
import {
  check,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';
import { connections } from './connections.ts';

export type CredentialState = 'pending' | 'current' | 'previous' | 'revoked';

/** One version of what a service granted for a connection, or of what an admin typed while it waits for its turn. */
export const credentials = pgTable(
  'credentials',
  {
    tenantId: tenantId(),
    id: id(),
    connectionId: uuid('connection_id').notNull(),
    version: integer('version').notNull(),
    state: varchar('state', { length: 20 }).$type<CredentialState>().notNull(),
    /**
     * `grant`: what the service gave for a person's authorisation; `obtained`: what the hub got for itself with the client's own
     * credentials; `entered`: the auth fields that a person typed, when those are rotated.
     */
    kind: varchar('kind', { length: 20 }).$type<'grant' | 'obtained' | 'entered'>().notNull().default('grant'),
    /** One envelope over the JSON of the credential and its destinations; null once it was revoked. */
    sealed: text('sealed'),
    scopes: jsonb('scopes').$type<string[]>().notNull().default([]),
    /** When the access token ends; null when it does not, or the service does not say. */
    expiresAt: instant('expires_at'),
    verifiedAt: instant('verified_at'),
    /** Until when a previous version is kept for a rollback. */
    keptUntil: instant('kept_until'),
    /** What ended it: rotated, rolled_back, refreshed, revoked, rejected. */
    endedBy: varchar('ended_by', { length: 40 }),
    createdBy: uuid('created_by'),
    createdByName: varchar('created_by_name', { length: 255 }),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'credentials_connection',
      columns: [table.tenantId, table.connectionId],
      foreignColumns: [connections.tenantId, connections.id],
    }).onDelete('cascade'),
    uniqueIndex('credentials_version').on(table.tenantId, table.connectionId, table.version),
    uniqueIndex('credentials_current').on(table.tenantId, table.connectionId).where(sql`state = 'current'`),
    uniqueIndex('credentials_pending').on(table.tenantId, table.connectionId).where(sql`state = 'pending'`),
    check('credentials_state_known', sql`${table.state} in ('pending', 'current', 'previous', 'revoked')`),
    tenantFence(),
  ],
);
