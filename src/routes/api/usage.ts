import { Type } from '@sinclair/typebox';
import { getUsage } from '../../services/llm-usage.ts';
import { component, ListOf, Nullable, OneOf } from './components.ts';
import { operation } from './operation.ts';

const UsageResponse = component(
  'UsageResponse',
  Type.Object({
    group: Nullable(
      Type.String(),
      'A day (UTC), a model, a tier, or the id of a key or connector; null for those without.',
    ),
    calls: Type.Integer(),
    tokens_in: Type.Integer(),
    tokens_cached: Type.Integer({ description: 'Of `tokens_in`.' }),
    tokens_out: Type.Integer(),
    cost_usd: Nullable(Type.String(), 'US dollars, exact; the sum of the known costs, and null when none is known.'),
    unknown_cost_calls: Type.Integer({ description: 'Calls whose price nobody knows; `cost_usd` is without them.' }),
    estimated_calls: Type.Integer({
      description: 'Calls whose tokens were guessed, because the provider did not say.',
    }),
  }),
);

const Moment = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
const dateOf = (text: string | undefined) => (text === undefined ? undefined : new Date(text));

export const usageOperations = [
  operation(
    {
      method: 'get',
      path: '/api/usage',
      id: 'getUsage',
      summary: 'Sum up what language models used and cost',
      description: 'The list is complete: it has no further pages.',
      tag: 'Tools',
      role: 'member',
      scope: 'executions:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            by: Type.Optional(
              OneOf(['day', 'model', 'tier', 'key', 'connector'], { description: '`day` when left out.' }),
            ),
            from: Moment('30 days ago when left out.'),
            until: Moment('Now when left out.'),
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(UsageResponse),
      example: { query: { by: 'model' } },
    },
    async (ctx, { query }) => {
      const rows = await getUsage(ctx, query.by ?? 'day', { from: dateOf(query.from), until: dateOf(query.until) });
      const data = rows.map((row) => ({
        group: row.group,
        calls: row.calls,
        tokens_in: row.tokensIn,
        tokens_cached: row.tokensCached,
        tokens_out: row.tokensOut,
        cost_usd: row.costUsd,
        unknown_cost_calls: row.unknownCost,
        estimated_calls: row.estimated,
      }));
      return { data, next_cursor: null };
    },
  ),
];
