import type { Seen } from '../../src/services/llm-stream.ts';
import type { ModelCall } from '../../src/services/llm-usage.ts';

/** A call that may cost one US dollar at most, and costs half of that, by a price of one dollar for a million tokens of `dear`. */
export const budgetCall = (executionId: string, connectorId: string, more: Partial<ModelCall> = {}): ModelCall => ({
  ...{ executionId, connectorId, operation: 'chat', model: 'dear', tier: null, priceList: 'openai' },
  ...{ promptCharacters: 400_000, worst: { in: 200_000, out: 800_000 }, startedAt: performance.now(), count: () => {} },
  ...more,
});

export const used: Seen = {
  ...{ model: 'dear', tokens: { in: 100_000, cached: 0, out: 400_000 } },
  ...{ firstAt: null, characters: 0 },
};
