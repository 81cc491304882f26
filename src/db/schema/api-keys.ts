import { sql } from 'drizzle-orm';
import { check, index, jsonb, pgTable, primaryKey, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import type { Role } from '../../lib/role.ts';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

/** What is left out is not limited. */
export interface KeyLimits {
  /** Ids of connectors, also of those that are gone. */
  connectors?: string[];
  /** Names of tools, with `*` for anything. */
  tools?: string[];
  readOnly?: true;
  callsPerHour?: number;
  /** Calls that wait for an admin: those that change something, or of them those that may change or remove what is there. */
  approval?: 'destructive' | 'writes';
  /** How long they wait; a day unless told. */
  approvalHours?: number;
}

/** Keys of programs. The key itself is not here, only its hash; what a key may do is never more than what its maker may do now. */
export const apiKeys = pgTable(
  'api_keys',
  {
    tenantId: tenantId(),
    id: id(),
    name: varchar('name', { length: 255 }).notNull(),
    /** The key's first characters, to recognise it by. */
    prefix: varchar('prefix', { length: 16 }).notNull(),
    /** SHA-256 of the key, hex; null for an app, which has tokens in `mcp_tokens` instead. */
    hash: varchar('hash', { length: 64 }),
    /** The registration of the app that this stands for; null for a key. No foreign key: what was allowed outlives a registration. */
    clientId: uuid('client_id'),
    /** Where the app had itself sent back to: its only part that is not just said. */
    clientHost: varchar('client_host', { length: 255 }),
    role: varchar('role', { length: 20 }).$type<Role>().notNull(),
    scopes: jsonb('scopes').$type<string[]>().notNull(),
    /**
     * The only connector that its questions to language models go through; null for any. No foreign key: a key stays bound to one that
     * is gone, instead of being free to use another.
     */
    modelConnectorId: uuid('model_connector_id'),
    /** What its calls are limited to beside scopes and role. */
    limits: jsonb('limits').$type<KeyLimits>().notNull().default({}),
    /** Null for a key without an end. */
    expiresAt: instant('expires_at'),
    /** Written at most once a minute. */
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
    revokedByName: varchar('revoked_by_name', { length: 255 }),
    /** The maker's membership, not the person: whoever leaves and comes back does not get old keys back. */
    memberId: uuid('member_id').notNull(),
    createdAt: createdAt(),
    createdBy: uuid('created_by').notNull(),
    createdByName: varchar('created_by_name', { length: 255 }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('api_keys_once').on(table.tenantId, table.hash),
    index('api_keys_hash').on(table.hash),
    index('api_keys_member').on(table.tenantId, table.memberId),
    check('api_keys_key_or_app', sql`(${table.hash} is null) = (${table.clientId} is not null)`),
    check('api_keys_role_known', sql`${table.role} in ('owner', 'admin', 'member')`),
    tenantFence(),
  ],
);
