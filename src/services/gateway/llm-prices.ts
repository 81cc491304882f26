import type { PriceCalculation, Provider } from '@pydantic/genai-prices';
import type { Tx } from '../../db/client.ts';
import { type PriceOverrideRow, selectPricesInForce } from '../../db/queries/price-overrides.ts';
import type { LlmTokens } from '../../drivers/driver.ts';
import { once } from '../../lib/once.ts';

/** What tokens cost, in US dollars for a million of them. */
export interface Rates {
  /** The list that comes with the hub, or the workspace's own price. */
  source: 'list' | 'override';
  input: string;
  cached: string;
  /** Null where there is none, as for vectors. */
  output: string | null;
}

export interface Cost {
  /** Billionths of a US dollar. */
  nano: number;
  rates: Rates;
}

/** What a call of this model costs; null when nobody knows. */
export type Prices = (model: string, tokens: LlmTokens) => Promise<Cost | null>;

/**
 * The prices that are in force now: the workspace's own go before those of the list.
 * @param priceList the provider's name in the list
 */
export async function pricesNow(tx: Tx, tenantId: string, priceList: string): Promise<Prices> {
  const overrides = await selectPricesInForce(tx, tenantId);
  return async (model, tokens) => {
    const own = overrideFor(overrides, model);
    return own ? ownCost(own, tokens) : listCost(priceList, model, tokens);
  };
}

/** What a call may cost at most, in billionths of a US dollar: whether the provider has the prompt cached is not known before. */
export async function worstCost(prices: Prices, model: string, worst: { in: number; out: number }) {
  const fresh = await prices(model, { ...worst, cached: 0 });
  const cached = await prices(model, { ...worst, cached: worst.in });
  return fresh && cached && Math.max(fresh.nano, cached.nano);
}

/** A model's own name goes before beginnings of names, the longest of them first; then the newest. */
export function overrideFor<T extends Pick<PriceOverrideRow, 'model' | 'validFrom'>>(
  overrides: T[],
  model: string,
): T | undefined {
  const fits = ({ model: pattern }: T) =>
    pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern;
  const rank = ({ model: pattern }: T) => (pattern.endsWith('*') ? pattern.length - 1 : Number.POSITIVE_INFINITY);
  return overrides
    .filter(fits)
    .sort((a, b) => (rank(a) === rank(b) ? b.validFrom.getTime() - a.validFrom.getTime() : rank(b) - rank(a)))[0];
}

function ownCost({ input, cached, output }: PriceOverrideRow, tokens: LlmTokens): Cost {
  const rates: Rates = { source: 'override', input, cached: cached ?? input, output };
  const parts = [
    [tokens.in - tokens.cached, rates.input],
    [tokens.cached, rates.cached],
    [tokens.out, output],
  ] as const;
  // Millionths of a dollar for a million tokens are thousandths of a billionth for one.
  const thousandths = parts.reduce((sum, [count, price]) => sum + BigInt(count) * BigInt(price.replace('.', '')), 0n);
  return { nano: Number((thousandths + 500n) / 1000n), rates };
}

const priceList = once(() => import('@pydantic/genai-prices')); // late: only who asks models pays for it

/** By provider and name of a model, where its price was found: looking through all of the list takes longer than counting. */
const found = new Map<string, { place: Provider; flat: Flat | null }>();
const mostFound = 1_000;

/** What the list that comes with the hub says. */
export async function listCost(provider: string, model: string, tokens: LlmTokens): Promise<Cost | null> {
  const key = `${provider} ${model}`;
  const known = found.get(key);
  if (known?.flat && tokens.cached <= tokens.in) return flatCost(known.flat, tokens);
  const { calcPrice } = await priceList();
  const usage = { input_tokens: tokens.in, cache_read_tokens: tokens.cached, output_tokens: tokens.out };
  try {
    const price = calcPrice(usage, model, { providerId: provider, provider: known?.place });
    if (!price) return null;
    if (found.size >= mostFound) found.clear();
    found.set(key, { place: { ...price.provider, models: [price.model] }, flat: flatOf(price) });
    return costOf(price.input_price, price.output_price, ratesOf(price.model_price, tokens.in));
  } catch {
    return null; // a model without a price for what was used
  }
}

function costOf(input: number, output: number, rates: Rates): Cost | null {
  const nano = Math.round(input * 1e9) + Math.round(output * 1e9);
  return Number.isSafeInteger(nano) ? { nano, rates } : null;
}

/** What most models have: one price for each kind of token, at all times and for any number of them. */
interface Flat {
  input: number;
  /** Left out where it is that of all input. */
  cached?: number;
  output: number;
  rates: Rates;
}

function flatOf({ model, model_price }: PriceCalculation): Flat | null {
  const { input_mtok: input, cache_read_mtok: cached, output_mtok: output = 0, ...others } = model_price;
  const isPlain = !Array.isArray(model.prices) && !Object.keys(others).some((name) => name.endsWith('_mtok'));
  if (!isPlain || typeof input !== 'number' || typeof output !== 'number' || typeof cached === 'object') return null;
  return { input, cached, output, rates: ratesOf(model_price, 0) };
}

/** As the list counts, without looking into it. */
function flatCost({ input, cached, output, rates }: Flat, tokens: LlmTokens): Cost | null {
  const million = 1_000_000;
  const read = cached === undefined ? 0 : tokens.cached;
  const inputPrice = (input * (tokens.in - read)) / million + ((cached ?? 0) * read) / million;
  return costOf(inputPrice, (output * tokens.out) / million, rates);
}

function ratesOf(prices: PriceCalculation['model_price'], tokensIn: number): Rates {
  const rate = (name: string): string | null => {
    const price = prices[name];
    if (price === undefined || typeof price === 'number') return price?.toFixed(6) ?? null;
    return (price.tiers.findLast(({ start }) => tokensIn > start)?.price ?? price.base).toFixed(6);
  };
  const input = rate('input_mtok') ?? '0.000000';
  return { source: 'list', input, cached: rate('cache_read_mtok') ?? input, output: rate('output_mtok') };
}
