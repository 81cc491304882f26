import { sql } from 'drizzle-orm';
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

export type ConnectionStatus = 'initiated' | 'active' | 'expired' | 'failed' | 'inactive' | 'revoked';
export type Health = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';

/** One authorised account at the service under a connector; without `userId` it serves the whole tenant. */
export const connections = pgTable(
  'connections',
  {
    tenantId: tenantId(),
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    userId: uuid('user_id'),
    toolkitSlug: varchar('toolkit_slug', { length: 100 }),
    /** How it was connected at a broker. No foreign key: it goes with the connector, and nothing deletes one before. */
    authConfigId: uuid('auth_config_id'),
    /** The account's id at the service; null until the service was asked. */
    externalAccountId: varchar('external_account_id', { length: 255 }),
    accountLabel: varchar('account_label', { length: 255 }),
    status: varchar('status', { length: 20 }).$type<ConnectionStatus>().notNull().default('active'),
    statusReason: text('status_reason'),
    health: varchar('health', { length: 20 }).$type<Health>().notNull().default('unknown'),
    healthMessage: text('health_message'),
    healthCheckedAt: instant('health_checked_at'),
    healthLatencyMs: integer('health_latency_ms'),
    /** Checks that failed since the last one that passed. */
    healthFailures: integer('health_failures').notNull().default(0),
    scopes: jsonb('scopes').$type<string[]>().notNull().default([]),
    nextCheckAt: instant('next_check_at'),
    refreshAfter: instant('refresh_after'),
    refreshClaimedUntil: instant('refresh_claimed_until'),
    /** Whose claim on the refresh it is: a claim that was taken over settles nothing. */
    refreshClaim: uuid('refresh_claim'),
    refreshFailures: integer('refresh_failures').notNull().default(0),
    /** What the service last said about how many calls are left. */
    rateLimit: jsonb('rate_limit').$type<{ limit: number; remaining: number; resets_at: string }>(),
    lastUsedAt: instant('last_used_at'),
    version: integer('version').notNull().default(1),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'connections_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    unique('connections_account')
      .on(
        table.tenantId,
        table.connectorId,
        table.userId,
        table.toolkitSlug,
        table.externalAccountId,
        table.authConfigId,
      )
      .nullsNotDistinct(),
    // One for each person, toolkit and configuration, also while it is being made at the broker.
    uniqueIndex('connections_auth_config')
      .on(
        table.tenantId,
        table.connectorId,
        sql`coalesce(${table.userId}, '00000000-0000-0000-0000-000000000000'::uuid)`,
        table.toolkitSlug,
        table.authConfigId,
      )
      .where(sql`auth_config_id is not null`),
    index('connections_user').on(table.tenantId, table.userId),
    index('connections_status').on(table.tenantId, table.status),
    index('connections_next_check').on(table.nextCheckAt).where(sql`next_check_at is not null`),
    index('connections_refresh').on(table.refreshAfter).where(sql`refresh_after is not null`),
    check(
      'connections_status_known',
      sql`${table.status} in ('initiated', 'active', 'expired', 'failed', 'inactive', 'revoked')`,
    ),
    check('connections_health_known', sql`${table.health} in ('healthy', 'degraded', 'unhealthy', 'unknown')`),
    tenantFence(),
  ],
);
