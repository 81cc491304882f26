import { Type } from '@sinclair/typebox';
import { csv } from '../../lib/csv.ts';
import { getUsage, type UsageGroupRow } from '../../services/usage/usage.ts';
import { component, ListOf, Nullable, OneOf, pageOfWhole, wholePaging } from './components.ts';
import { operation } from './operation.ts';
import { dateOf, Format, fileAnswer, formatOf, Moment } from './usage-files.ts';

const Milliseconds = (what: string) => Nullable(Type.Integer(), `${what}, in milliseconds; null when there is none.`);

const UsageResponse = component(
  'UsageResponse',
  Type.Object({
    group: Nullable(
      Type.String(),
      'A day (UTC), a model, a tier, or the id of a key or connector; null for those without.',
    ),
    name: Nullable(Type.String(), 'What people call the key or connector.'),
    calls: Type.Integer({ description: 'Calls that used something.' }),
    attempts: Type.Integer({ description: '`calls`, and those that failed before anything was used.' }),
    failed_calls: Type.Integer({ description: 'Of `attempts`.' }),
    tokens_in: Type.Integer(),
    tokens_cached: Type.Integer({ description: 'Of `tokens_in`.' }),
    tokens_out: Type.Integer(),
    cost_usd: Nullable(Type.String(), 'US dollars, exact; the sum of the known costs, and null when none is known.'),
    unknown_cost_calls: Type.Integer({ description: 'Calls whose price nobody knows; `cost_usd` is without them.' }),
    estimated_calls: Type.Integer({
      description: 'Calls whose tokens were guessed, because the provider did not say.',
    }),
    latency_p50_ms: Milliseconds('What half of `calls` took at most'),
    latency_p95_ms: Milliseconds('What 95 of 100 took at most'),
    first_token_p50_ms: Milliseconds('The same until the first token'),
    first_token_p95_ms: Milliseconds('The same until the first token'),
  }),
);

const shown = (row: UsageGroupRow) => ({
  group: row.group,
  name: row.name,
  calls: row.calls,
  attempts: row.attempts,
  failed_calls: row.failures,
  tokens_in: row.tokensIn,
  tokens_cached: row.tokensCached,
  tokens_out: row.tokensOut,
  cost_usd: row.costUsd,
  unknown_cost_calls: row.unknownCost,
  estimated_calls: row.estimated,
  latency_p50_ms: row.p50,
  latency_p95_ms: row.p95,
  first_token_p50_ms: row.firstTokenP50,
  first_token_p95_ms: row.firstTokenP95,
});

const Filter = (description: string) => Type.Optional(Type.String({ maxLength: 200, description }));

export const usageOperations = [
  operation(
    {
      method: 'get',
      path: '/api/usage',
      id: 'getUsage',
      summary: 'Sum up what language models used and cost',
      description:
        'Times are read from histograms: they are off by a fifth at most. By key, members get their own keys.',
      tag: 'Tools',
      role: 'member',
      scope: 'usage:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            by: Type.Optional(
              OneOf(['day', 'model', 'tier', 'key', 'connector'], { description: '`day` when left out.' }),
            ),
            from: Moment('30 days ago when left out.'),
            until: Moment('Now when left out.'),
            model: Filter('Only this model.'),
            tier: Filter('Only this tier.'),
            key: Filter('Only calls with the API key of this id.'),
            connector: Filter('Only calls through the connector of this id.'),
            format: Format,
            ...wholePaging,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(UsageResponse),
      example: { query: { by: 'model' } },
    },
    async (ctx, { query }, c) => {
      const { by = 'day', model, tier, key, connector } = query;
      const filter = { model, tier, apiKeyId: key, connectorId: connector };
      const rows = await getUsage(ctx, by, { from: dateOf(query.from), until: dateOf(query.until), filter });
      const page = pageOfWhole(rows.map(shown), query, (row) => row.group ?? '');
      if (formatOf(c, query.format) !== 'csv') return page;
      const lines = page.data.map(({ group, ...row }) => [group, ...Object.values(row)]);
      const { group: _group, ...rest } = UsageResponse.properties;
      return fileAnswer(c, `usage-by-${by}.csv`, csv([[by, ...Object.keys(rest)], ...lines]));
    },
  ),
];
