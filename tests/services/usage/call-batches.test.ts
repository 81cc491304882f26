import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBudget } from '../../../src/services/usage/budget-settings.ts';
import { recordCall } from '../../../src/services/usage/call-batches.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

it('tells of a budget’s warning whoever used something, not who only began', async () => {
  const terms = { scope: 'workspace', period: 'day', limit_usd: '1', warn_percent: 50, unknown_price: 'refuse' };
  const budget = await createBudget(at.ctx(at.cast.ada), terms);
  const about = () => ({ id: uuidv7(), connector_id: uuidv7(), api_key_id: null });
  const prices = { price_source: 'list', price_input_usd: '1', price_cached_usd: '1', price_output_usd: '1' };
  const tokens = { tokens_in: 1, tokens_cached: 0, tokens_out: 1, estimated: false };
  const used = {
    operation: 'chat',
    model: 'gpt-4o',
    tier: null,
    ...tokens,
    ...prices,
    first_token_ms: null,
    total_ms: 1,
  };
  const records = [about(), about(), { ...about(), ...used, cost_usd: '0.9' }, about()];
  const told = await Promise.all(records.map((record) => recordCall(at.hub, at.cast.ada.tenantId, record)));
  expect(told).toEqual([[], [], [budget.id], []]);
});
