import { Type } from '@sinclair/typebox';
import type { Ctx } from '../../context.ts';
import { csv } from '../../lib/csv.ts';
import { streamOf } from '../../lib/stream-of.ts';
import { allUsageCalls, listUsageCalls } from '../../services/usage/usage-calls.ts';
import { Cursor, component, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';
import { dateOf, Format, fileAnswer, formatOf, Moment } from './usage-files.ts';

const UsageCallResponse = component(
  'UsageCallResponse',
  Type.Object({
    execution_id: Uuid('Of the call; `/api/executions/{id}` tells more, as long as it is kept.'),
    at: Instant('When it ended.'),
    operation: OneOf(['chat', 'embeddings']),
    model: Type.String(),
    tier: Nullable(Type.String(), 'Null where a model was named.'),
    connector_id: Uuid('Of the connector that it went through.'),
    api_key_id: Nullable(Type.String(), 'Null for what people call.'),
    tokens_in: Type.Integer(),
    tokens_cached: Type.Integer({ description: 'Of `tokens_in`.' }),
    tokens_out: Type.Integer(),
    estimated: Type.Boolean({ description: 'The tokens were guessed, because the provider did not say.' }),
    cost_usd: Nullable(Type.String(), 'US dollars, exact; null when nobody knows the price.'),
    first_token_ms: Nullable(Type.Integer(), 'Null when there was none.'),
    total_ms: Type.Integer(),
  }),
);

type Calls = Awaited<ReturnType<typeof listUsageCalls>>['data'];

const shown = (row: Calls[number]) => ({
  execution_id: row.id,
  at: row.at,
  operation: row.operation,
  model: row.model,
  tier: row.tier,
  connector_id: row.connectorId,
  api_key_id: row.apiKeyId,
  tokens_in: row.tokensIn,
  tokens_cached: row.tokensCached,
  tokens_out: row.tokensOut,
  estimated: row.estimated,
  cost_usd: row.costUsd,
  first_token_ms: row.firstTokenMs,
  total_ms: row.totalMs,
});

type Files = Parameters<typeof allUsageCalls>[1];

async function* asCsv(ctx: Ctx, query: Files): AsyncGenerator<string> {
  yield csv([Object.keys(UsageCallResponse.properties)]);
  for await (const rows of allUsageCalls(ctx, query)) yield csv(rows.map((row) => Object.values(shown(row))));
}

/** The shape of a list, so that whoever reads pages reads files. */
async function* asJson(ctx: Ctx, query: Files): AsyncGenerator<string> {
  let before = '{"data":[';
  for await (const rows of allUsageCalls(ctx, query)) {
    if (!rows.length) continue;
    yield `${before}${rows.map((row) => JSON.stringify(shown(row))).join(',\n')}`;
    before = ',\n';
  }
  yield `${before === ',\n' ? '' : before}],"next_cursor":null}\n`;
}

export const usageCallOperations = [
  operation(
    {
      method: 'get',
      path: '/api/usage/calls',
      id: 'listUsageCalls',
      summary: 'List single calls of language models',
      description:
        'What each call used and cost, oldest first; members get those of their own keys. With `format` everything from the cursor on comes as one file, sent piece by piece.',
      tag: 'Tools',
      role: 'member',
      scope: 'usage:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            from: Moment('30 days ago when left out.'),
            until: Moment('Now when left out.'),
            limit: Limit,
            cursor: Cursor,
            format: Format,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(UsageCallResponse),
      example: { query: { limit: '10' } },
    },
    async (ctx, { query }, c) => {
      const wanted = { from: dateOf(query.from), until: dateOf(query.until), cursor: query.cursor };
      const { data, nextCursor } = await listUsageCalls(ctx, { ...wanted, limit: query.limit });
      const format = formatOf(c, query.format);
      if (!format) return { data: data.map(shown), next_cursor: nextCursor };
      const pieces = format === 'csv' ? asCsv(ctx, wanted) : asJson(ctx, wanted);
      return fileAnswer(c, `usage-calls.${format}`, streamOf(pieces));
    },
  ),
];
