import { type Static, Type } from '@sinclair/typebox';
import type { PriceOverrideRow } from '../../db/queries/price-overrides.ts';
import { changePrice, createPrice, deletePrice, getPrice, listPrices } from '../../services/gateway/prices.ts';
import { Usd } from './budgets.ts';
import { ById, component, exampleId, Instant, ListOf, Nullable, pageOfWhole, Uuid, WholeQuery } from './components.ts';
import { operation } from './operation.ts';

const Model = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The name of a model, or how it begins with `*` at the end: `gpt-4o*`.',
});
const Amount = Usd('US dollars for a million tokens, as a text so that it stays exact; at most six decimals.');
const Cached = Nullable(Amount, 'Of the prompt, what the provider still had; null where it costs what the rest does.');
const From = Type.String({ format: 'date-time', description: 'From when on it counts; now when left out.' });

const PriceResponse = component(
  'PriceResponse',
  Type.Object({
    id: Uuid('Of the price.'),
    model: Model,
    input_usd: Amount,
    cached_usd: Cached,
    output_usd: Amount,
    valid_from: Instant('From when on it counts.'),
    created_at: Instant('When it was made.'),
    created_by: Nullable(Type.String(), 'Who made it.'),
    updated_at: Instant('When it was changed last.'),
  }),
);

const fields = { model: Model, input_usd: Amount, output_usd: Amount };
const PriceCreate = component(
  'PriceCreate',
  Type.Object(
    { ...fields, cached_usd: Type.Optional(Cached), valid_from: Type.Optional(From) },
    { additionalProperties: false },
  ),
);
const PriceUpdate = component(
  'PriceUpdate',
  Type.Partial(Type.Object({ ...fields, cached_usd: Cached, valid_from: From }), {
    additionalProperties: false,
    minProperties: 1,
  }),
);

const priceResponse = (row: PriceOverrideRow): Static<typeof PriceResponse> => ({
  id: row.id,
  model: row.model,
  input_usd: row.input,
  cached_usd: row.cached,
  output_usd: row.output,
  valid_from: row.validFrom.toISOString(),
  created_at: row.createdAt.toISOString(),
  created_by: row.createdByName,
  updated_at: row.updatedAt.toISOString(),
});

const read = { tag: 'Budgets', role: 'member', scope: 'budgets:read', audit: null } as const;
const write = { tag: 'Budgets', role: 'owner', scope: 'prices:write' } as const;
const one = { params: { id: exampleId } };

/** What models cost this workspace, where the list that comes with the hub does not say it. */
export const priceOperations = [
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/prices', id: 'listPrices' },
      summary: 'List the prices of the workspace’s own',
      description: 'There are at most two hundred in a workspace.',
      input: { query: WholeQuery },
      status: 200,
      response: ListOf(PriceResponse),
      example: {},
    },
    async (ctx, { query }) => pageOfWhole((await listPrices(ctx)).map(priceResponse), query, ({ id }) => id),
  ),
  operation(
    {
      ...{ ...write, method: 'post', path: '/api/prices', id: 'createPrice', audit: 'price.created' },
      summary: 'Say what a model costs',
      description:
        'It goes before the list that comes with the hub. A whole name goes before beginnings, the longest of them first; then the newest.',
      input: { body: PriceCreate },
      status: 201,
      response: PriceResponse,
      example: { body: { model: 'llama-4*', input_usd: '0.15', cached_usd: '0.03', output_usd: '0.60' } },
    },
    async (ctx, { body }) => priceResponse(await createPrice(ctx, body)),
  ),
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/prices/:id', id: 'getPrice' },
      summary: 'Get a price',
      input: { params: ById },
      status: 200,
      response: PriceResponse,
      example: one,
    },
    async (ctx, { params }) => priceResponse(await getPrice(ctx, params.id)),
  ),
  operation(
    {
      ...{ ...write, method: 'patch', path: '/api/prices/:id', id: 'changePrice', audit: 'price.changed' },
      summary: 'Change a price',
      description: 'What was counted by it stays as it is.',
      input: { params: ById, body: PriceUpdate },
      status: 200,
      response: PriceResponse,
      example: { ...one, body: { output_usd: '0.55' } },
    },
    async (ctx, { params, body }) => priceResponse(await changePrice(ctx, params.id, body)),
  ),
  operation(
    {
      ...{ ...write, method: 'delete', path: '/api/prices/:id', id: 'deletePrice', audit: 'price.deleted' },
      summary: 'Delete a price',
      input: { params: ById },
      status: 204,
      response: null,
      example: one,
    },
    async (ctx, { params }) => {
      await deletePrice(ctx, params.id);
      return null;
    },
  ),
];
