import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, numeric, pgTable, primaryKey, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, tenantFence, tenantId } from './columns.ts';

/** What one call of a language model used. No foreign keys: what was spent outlives connectors, keys and executions. */
export const llmUsage = pgTable(
  'llm_usage',
  {
    tenantId: tenantId(),
    /** The execution's id. */
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    /** Null for what people call. */
    apiKeyId: uuid('api_key_id'),
    operation: varchar('operation', { length: 20 }).$type<'chat' | 'embeddings'>().notNull(),
    /** As the provider names it in its answer, or as it was asked for. */
    model: varchar('model', { length: 200 }).notNull(),
    tier: varchar('tier', { length: 20 }),
    tokensIn: integer('tokens_in').notNull(),
    /** Of `tokens_in`. */
    tokensCached: integer('tokens_cached').notNull(),
    tokensOut: integer('tokens_out').notNull(),
    /** The provider did not say, so tokens are guessed from the texts. */
    estimated: boolean('estimated').notNull(),
    /** US dollars; null when nobody knows the price. */
    costUsd: numeric('cost_usd', { precision: 20, scale: 9 }),
    /** Where the price is from: the list that comes with the hub, or the workspace's own; null when nobody knows it. */
    priceSource: varchar('price_source', { length: 10 }).$type<'list' | 'override'>(),
    /** The prices that were used, in US dollars for a million tokens. */
    priceInput: numeric('price_input_usd', { precision: 18, scale: 6 }),
    priceCached: numeric('price_cached_usd', { precision: 18, scale: 6 }),
    priceOutput: numeric('price_output_usd', { precision: 18, scale: 6 }),
    firstTokenMs: integer('first_token_ms'),
    totalMs: integer('total_ms').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('llm_usage_day').on(table.tenantId, table.createdAt),
    check('llm_usage_counts', sql`${table.tokensIn} >= 0 and ${table.tokensCached} >= 0 and ${table.tokensOut} >= 0`),
    tenantFence(),
  ],
);
