import type { LlmTokens } from '../drivers/driver.ts';

/**
 * What a call costs by the public price list, in US dollars with nine decimals; null when nobody knows.
 * @param provider its name in that list
 */
export async function costOf(provider: string, model: string, tokens: LlmTokens): Promise<string | null> {
  const { calcPrice } = await import('@pydantic/genai-prices');
  const usage = { input_tokens: tokens.in, cache_read_tokens: tokens.cached, output_tokens: tokens.out };
  try {
    const price = calcPrice(usage, model, { providerId: provider });
    return price ? dollars(Math.round(price.input_price * 1e9) + Math.round(price.output_price * 1e9)) : null;
  } catch {
    return null; // a model without a price for what was used
  }
}

/** From whole nano-dollars, so that sums stay exact. */
const dollars = (nano: number): string | null => {
  if (!Number.isSafeInteger(nano)) return null;
  const digits = String(nano).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
};
