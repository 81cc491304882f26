import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import type { PriceOverrideRow } from '../../../src/db/queries/price-overrides.ts';
import { readRequest } from '../../../src/services/gateway/gateway-request.ts';
import { listCost, overrideFor } from '../../../src/services/gateway/llm-prices.ts';
import { worstCaseOf } from '../../../src/services/gateway/llm-worst-case.ts';
import type { Json } from '../../support/app.ts';

const out = (body: Json, model = 'gpt-4o-mini') => worstCaseOf('chat', '{}', body, model).out;

describe('the worst case of a call', () => {
  it.each([
    ['what is asked for', { max_tokens: 100 }, 100],
    ['the newer name first', { max_tokens: 100, max_completion_tokens: 200 }, 200],
    ['for each of the answers', { max_tokens: 100, n: 5 }, 500],
    ['no more than the model can', { max_tokens: 1_000_000 }, 16_384],
    ['all that the model can, unless told', {}, 16_384],
    ['numbers that came as texts', { max_tokens: '100', n: '3' }, 300],
    ['nonsense as if it were not there', { max_tokens: -5, n: 0 }, 16_384],
    ['nonsense of any kind', { max_tokens: { $gt: 0 }, n: null }, 16_384],
    ['absurd numbers of answers', { max_tokens: 1000, n: 1e30 }, 100_000_000],
  ])('has as answer %s', (_name, body, tokens) => {
    expect(out(body)).toBe(tokens);
  });

  it('reads numbers as they may be written, and takes the larger of two limits', () => {
    expect(out(readRequest('{"max_tokens": 1e2, "n": 1.28e2}'))).toBe(12_800);
    expect(out(readRequest('{"max_tokens": 1e6}'), 'llama')).toBe(1_000_000);
    expect(out({ max_tokens: 5000, max_completion_tokens: 1 })).toBe(5000);
  });

  it('knows models by how their names begin', () => {
    expect([out({}, 'gpt-4o-2024-05-13'), out({}, 'gpt-5-mini'), out({}, 'o3-mini'), out({}, 'llama')]).toEqual([
      ...[4_096, 128_000, 100_000, 16_384],
    ]);
    expect(out({ max_tokens: 1_000_000 }, 'llama')).toBe(1_000_000);
  });

  it('has twice the tokens of English, and room for pictures', () => {
    const text = 'a'.repeat(1000);
    const picture = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const messages = [{ role: 'user', content: [{ type: 'text', text }, picture] }, null, { content: 'hello' }];
    expect(worstCaseOf('chat', text, { messages }, 'gpt-4o').in).toBe(500 + 50_000);
    expect(worstCaseOf('embeddings', '漢'.repeat(100), {}, 'text-embedding-3-small')).toEqual({ in: 150, out: 0 });
  });
});

function nanoBy(calculated: () => ReturnType<typeof calcPrice>): number | null {
  try {
    const { input_price, output_price } = calculated() ?? { input_price: Number.NaN, output_price: 0 };
    const nano = Math.round(input_price * 1e9) + Math.round(output_price * 1e9);
    return Number.isSafeInteger(nano) ? nano : null;
  } catch {
    return null;
  }
}

describe('the price of a model', () => {
  const of = (...models: [string, string][]) =>
    models.map(([model, from]) => ({ model, validFrom: new Date(from) })) as PriceOverrideRow[];

  it('is that of its own name, then of the longest beginning, then the newest', () => {
    const own = of(['*', '2026-06-01'], ['gpt-*', '2026-05-01'], ['gpt-4*', '2026-01-01'], ['gpt-4*', '2026-02-01']);
    expect(overrideFor(own, 'gpt-4o')).toBe(own[3]);
    expect(overrideFor(own, 'gpt-5')).toBe(own[1]);
    expect(overrideFor(own, 'llama')).toBe(own[0]);
    const [named] = of(['gpt-4o', '2020-01-01']);
    expect(overrideFor([...own, named as PriceOverrideRow], 'gpt-4o')).toBe(named);
    expect(overrideFor(own.slice(1), 'llama')).toBeUndefined();
  });

  it('is that of the list, also when it is known from a call before', async () => {
    const models = findProvider({ providerId: 'openai' })?.models ?? [];
    const uses = [
      { in: 1_000_003, cached: 0, out: 0 },
      { in: 777_777, cached: 333_331, out: 99_991 },
      { in: 7, cached: 7, out: 1 },
    ];
    for (const { id } of models)
      for (const tokens of [...uses, ...uses]) {
        const usage = { input_tokens: tokens.in, cache_read_tokens: tokens.cached, output_tokens: tokens.out };
        const told = { id, tokens, nano: nanoBy(() => calcPrice(usage, id, { providerId: 'openai' })) };
        expect({ id, tokens, nano: (await listCost('openai', id, tokens))?.nano ?? null }).toEqual(told);
      }
    expect(models.length).toBeGreaterThan(50);
    expect(await listCost('openai', 'gpt-4o-mini', { in: 1, cached: 2, out: 0 })).toBeNull();
  });
});
