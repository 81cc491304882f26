import { bigint, integer, jsonb, numeric, pgTable, primaryKey, unique, uuid, varchar } from 'drizzle-orm/pg-core';
import { id, instant, tenantFence, tenantId } from './columns.ts';

const counter = (name: string) => integer(name).notNull();
const large = (name: string) => bigint(name, { mode: 'number' }).notNull();
const histogram = (name: string) => jsonb(name).$type<Record<string, number>>();

/**
 * What language models used in one hour, by connector, key, model and tier. Hours are written in order, and each at once: all before the
 * newest one here are complete. They outlive the rows that they were made of.
 */
export const usageRollups = pgTable(
  'usage_rollups',
  {
    tenantId: tenantId(),
    id: id(),
    /** Its beginning, in UTC. */
    hour: instant('hour').notNull(),
    /** Null for calls that failed before anything was used: which model it would have been was not written down. */
    model: varchar('model', { length: 200 }),
    tier: varchar('tier', { length: 20 }),
    apiKeyId: uuid('api_key_id'),
    connectorId: uuid('connector_id').notNull(),
    /** Calls that used something: rows of `llm_usage`. */
    calls: counter('calls'),
    /** Those, and calls that failed before anything was used. */
    attempts: counter('attempts'),
    /** Of `attempts`. */
    failures: counter('failures'),
    estimated: counter('estimated'),
    /** Calls that `cost_usd` is without. */
    unknownCost: counter('unknown_cost'),
    tokensIn: large('tokens_in'),
    tokensCached: large('tokens_cached'),
    tokensOut: large('tokens_out'),
    /** Null when no cost is known. */
    costUsd: numeric('cost_usd', { precision: 30, scale: 9 }),
    /** How many calls took which time in all, by bucket; see `lib/histogram.ts`. */
    latency: histogram('latency'),
    /** The same of the time to the first token. */
    firstToken: histogram('first_token'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    unique('usage_rollups_once')
      .on(table.tenantId, table.hour, table.model, table.tier, table.apiKeyId, table.connectorId)
      .nullsNotDistinct(),
    tenantFence(),
  ],
);
