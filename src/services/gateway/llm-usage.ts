import type { Ctx, Hub } from '../../context.ts';
import type { UsageEntry } from '../../db/queries/model-calls.ts';
import type { llmUsage } from '../../db/schema/index.ts';
import { usdOf } from '../../lib/money.ts';
import { oneLine } from '../../lib/one-line.ts';
import type { Prices } from './llm-prices.ts';
import type { Seen } from './llm-stream.ts';
import type { WorstCase } from './llm-worst-case.ts';
import { guessTokens } from './model-tiers.ts';

/** What was written down of a call. */
export type RecordedUsage = Omit<typeof llmUsage.$inferSelect, 'tenantId' | 'createdAt'>;

const counters = new WeakMap<Hub, (usage: RecordedUsage) => void>();

/** Tells a counter of everything that is written down in this hub. */
export const countUsage = (hub: Hub, count: (usage: RecordedUsage) => void) => void counters.set(hub, count);

/** One call of a model, as it was sent. */
export interface ModelCall {
  executionId: string;
  operation: 'chat' | 'embeddings';
  connectorId: string;
  model: string;
  tier: string | null;
  /** The name of the provider's price list. */
  priceList: string;
  promptCharacters: number;
  /** What it may use at most; `worstCaseOf` tells. */
  worst: WorstCase;
  /** `performance.now()` */
  startedAt: number;
  /** Told what was written down. */
  recorded?(usage: RecordedUsage): void;
}

/** Who pays: null for what people call. */
export const apiKeyOf = ({ actor }: Ctx): string | null => (actor.type === 'api_key' ? actor.id : null);

/** What a call used, in tokens that were guessed where the provider did not say, and its cost; null when unknown. */
export async function usageOf(ctx: Ctx, call: ModelCall, prices: Prices, seen: Seen) {
  const guessed = { in: guessTokens(call.promptCharacters), cached: 0, out: guessTokens(seen.characters) };
  const tokens = seen.tokens ?? guessed;
  const model = oneLine(seen.model ?? call.model, 200); // as the provider names it
  // Under a name of its own that nobody has a price for, such as a deployment's, it is still the model that was asked for and reserved.
  const cost = (await prices(model, tokens)) ?? (await prices(call.model, tokens));
  const since = (at: number) => Math.round(at - call.startedAt);
  const row: RecordedUsage = {
    id: call.executionId,
    connectorId: call.connectorId,
    apiKeyId: apiKeyOf(ctx),
    operation: call.operation,
    model,
    tier: call.tier,
    tokensIn: tokens.in,
    tokensCached: tokens.cached,
    tokensOut: tokens.out,
    estimated: seen.tokens === null,
    costUsd: cost && usdOf(cost.nano),
    priceSource: cost?.rates.source ?? null,
    priceInput: cost?.rates.input ?? null,
    priceCached: cost?.rates.cached ?? null,
    priceOutput: cost?.rates.output ?? null,
    firstTokenMs: seen.firstAt === null ? null : since(seen.firstAt),
    totalMs: since(performance.now()),
  };
  return { row, cost };
}

/** As it is written down. */
export const usageEntry = (row: RecordedUsage): UsageEntry => ({
  operation: row.operation,
  model: row.model,
  tier: row.tier,
  tokens_in: row.tokensIn,
  tokens_cached: row.tokensCached,
  tokens_out: row.tokensOut,
  estimated: row.estimated,
  cost_usd: row.costUsd,
  price_source: row.priceSource,
  price_input_usd: row.priceInput,
  price_cached_usd: row.priceCached,
  price_output_usd: row.priceOutput,
  first_token_ms: row.firstTokenMs,
  total_ms: row.totalMs,
});

/** Tells of what was written down. */
export function tellUsage(ctx: Ctx, call: ModelCall, row: RecordedUsage): void {
  counters.get(ctx.hub)?.(row);
  call.recorded?.(row);
  ctx.log.info(logged(row), 'llm_call');
}

/** Numbers and names, never a text of the conversation. */
const logged = (row: RecordedUsage) => ({
  execution_id: row.id,
  connector_id: row.connectorId,
  operation: row.operation,
  model: row.model,
  tier: row.tier,
  tokens_in: row.tokensIn,
  tokens_cached: row.tokensCached,
  tokens_out: row.tokensOut,
  estimated: row.estimated,
  cost_usd: row.costUsd,
  price_source: row.priceSource,
  first_token_ms: row.firstTokenMs,
  total_ms: row.totalMs,
});
