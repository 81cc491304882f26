import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { apiKeys } from './api-keys.ts';
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

/** Billionths of a US dollar, in which sums are exact. */
const nano = (name: string) => bigint(name, { mode: 'number' });

/** What language models may cost in a day or month (UTC): all calls of the workspace, or those of a key or through a connector. */
export const budgets = pgTable(
  'budgets',
  {
    tenantId: tenantId(),
    id: id(),
    /** At most one of these two; neither for the whole workspace. */
    apiKeyId: uuid('api_key_id'),
    connectorId: uuid('connector_id'),
    period: varchar('period', { length: 10 }).$type<'day' | 'month'>().notNull(),
    limitNano: nano('limit_nano').notNull(),
    /** Percent of the limit from which on people are told; null for never. */
    warnPercent: integer('warn_percent'),
    /** What becomes of calls whose price nobody knows. */
    unknownPrice: varchar('unknown_price', { length: 10 }).$type<'refuse' | 'allow'>().notNull().default('refuse'),
    /** The period that the two counters are of; an older one than now’s counts as nothing used. */
    periodStart: instant('period_start').notNull().default(sql`to_timestamp(0)`),
    spentNano: nano('spent_nano').notNull().default(0),
    /** What calls that are under way may cost at most. */
    reservedNano: nano('reserved_nano').notNull().default(0),
    /** The periods in which people were told last. */
    warnedFor: instant('warned_for'),
    exceededFor: instant('exceeded_for'),
    ...auditColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    unique('budgets_once').on(table.tenantId, table.apiKeyId, table.connectorId, table.period).nullsNotDistinct(),
    foreignKey({
      name: 'budgets_api_key',
      columns: [table.tenantId, table.apiKeyId],
      foreignColumns: [apiKeys.tenantId, apiKeys.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'budgets_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    check('budgets_one_subject', sql`${table.apiKeyId} is null or ${table.connectorId} is null`),
    check('budgets_period_known', sql`${table.period} in ('day', 'month')`),
    check('budgets_unknown_price_known', sql`${table.unknownPrice} in ('refuse', 'allow')`),
    check('budgets_warn_percent', sql`${table.warnPercent} between 1 and 100`),
    check('budgets_counts', sql`${table.limitNano} > 0 and ${table.spentNano} >= 0 and ${table.reservedNano} >= 0`),
    tenantFence(),
  ],
);

/** What a call that is under way holds of budgets. Gone when it ends; one whose process died is released after a while. */
export const budgetReservations = pgTable(
  'budget_reservations',
  {
    tenantId: tenantId(),
    /** The execution's id. */
    id: id(),
    /** By budget, the period in which it is held. */
    holds: jsonb('holds').$type<{ id: string; began: string }[]>().notNull(),
    amountNano: nano('amount_nano').notNull(),
    /** What the prompt alone is thought to cost: that counts when nobody will ever know how the call went. */
    promptNano: nano('prompt_nano').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('budget_reservations_expiry').on(table.expiresAt),
    tenantFence(),
  ],
);
