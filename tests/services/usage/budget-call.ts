import type { Ctx } from '../../../src/context.ts';
import { pricesNow } from '../../../src/services/gateway/llm-prices.ts';
import type { Seen } from '../../../src/services/gateway/llm-stream.ts';
import type { ModelCall } from '../../../src/services/gateway/llm-usage.ts';
import { reserve, settle } from '../../../src/services/usage/budgets.ts';

/** A call that may cost one US dollar at most, and costs half of that, by a price of one dollar for a million tokens of `dear`. */
export const budgetCall = (executionId: string, connectorId: string, more: Partial<ModelCall> = {}): ModelCall => ({
  ...{ executionId, connectorId, operation: 'chat', model: 'dear', tier: null, priceList: 'openai' },
  ...{ promptCharacters: 400_000, worst: { in: 200_000, out: 800_000 }, startedAt: performance.now() },
  ...more,
});

export const used: Seen = {
  ...{ model: 'dear', tokens: { in: 100_000, cached: 0, out: 400_000 } },
  ...{ firstAt: null, characters: 0 },
};

/** Sends a call under its budgets; `lost` is what may have been used when `run` throws. */
export async function withBudget<T>(
  ctx: Ctx,
  call: ModelCall,
  run: () => Promise<{ value: T; seen: Seen | null }>,
  lost: Seen | null = null,
): Promise<T> {
  const prices = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => pricesNow(tx, ctx.tenantId, call.priceList), {
    readOnly: true,
  });
  const reserved = await reserve(ctx, call, prices);
  const end = (seen: Seen | null) => settle(ctx, reserved, null, seen);
  try {
    const { value, seen } = await run();
    await end(seen);
    return value;
  } catch (error) {
    await end(lost);
    throw error;
  }
}
