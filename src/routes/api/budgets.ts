import { type Static, Type } from '@sinclair/typebox';
import type { BudgetRow } from '../../db/queries/budgets.ts';
import { usdOf } from '../../lib/money.ts';
import {
  changeBudget,
  createBudget,
  deleteBudget,
  getBudget,
  listBudgets,
  scopeOf,
  stateOf,
} from '../../services/usage/budget-settings.ts';
import {
  ById,
  component,
  exampleId,
  Instant,
  ListOf,
  Nullable,
  OneOf,
  pageOfWhole,
  Uuid,
  WholeQuery,
} from './components.ts';
import { operation } from './operation.ts';

export const Usd = (description: string) => Type.String({ maxLength: 20, description, examples: ['12.50'] });

const Limit = Usd('US dollars, as a text so that it stays exact: `25`, `0.50`.');
const Warn = Nullable(
  Type.Integer({ minimum: 1, maximum: 100 }),
  'Percent of the limit from which on webhooks and the activity tell of it; null for never.',
);
const UnknownPrice = OneOf(['refuse', 'allow'], {
  description: 'What becomes of calls whose price nobody knows. Allowed ones count nothing.',
});

const BudgetResponse = component(
  'BudgetResponse',
  Type.Object({
    id: Uuid('Of the budget.'),
    scope: OneOf(['workspace', 'api_key', 'connector']),
    subject_id: Nullable(Uuid('Of the key or connector.'), 'Null for the workspace.'),
    subject_name: Nullable(Type.String(), 'Of the key or connector.'),
    period: OneOf(['day', 'month'], { description: 'In UTC.' }),
    limit_usd: Type.String(),
    used_usd: Type.String({ description: 'What calls cost that began in this period and have ended.' }),
    reserved_usd: Type.String({ description: 'What calls that are under way may cost at most.' }),
    state: OneOf(['within', 'warning', 'exceeded']),
    warn_percent: Warn,
    unknown_price: UnknownPrice,
    resets_at: Instant('When the next period begins.'),
    created_at: Instant('When it was set.'),
    created_by: Nullable(Type.String(), 'Who set it.'),
    updated_at: Instant('When it was changed last.'),
  }),
);

const BudgetCreate = component(
  'BudgetCreate',
  Type.Object(
    {
      scope: OneOf(['workspace', 'api_key', 'connector']),
      subject_id: Type.Optional(Type.String({ description: 'Of the key or connector.' })),
      period: OneOf(['day', 'month'], { description: 'In UTC.' }),
      limit_usd: Limit,
      warn_percent: Type.Optional(Warn),
      unknown_price: Type.Optional(UnknownPrice),
    },
    { additionalProperties: false },
  ),
);

const BudgetUpdate = component(
  'BudgetUpdate',
  Type.Object(
    {
      limit_usd: Type.Optional(Limit),
      warn_percent: Type.Optional(Warn),
      unknown_price: Type.Optional(UnknownPrice),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
);

const budgetResponse = (row: BudgetRow): Static<typeof BudgetResponse> => ({
  id: row.id,
  scope: scopeOf(row),
  subject_id: row.apiKeyId ?? row.connectorId,
  subject_name: row.apiKeyName ?? row.connectorName,
  period: row.period,
  limit_usd: usdOf(row.limitNano) ?? '',
  used_usd: usdOf(row.spentNano) ?? '',
  reserved_usd: usdOf(row.reservedNano) ?? '',
  state: stateOf(row),
  warn_percent: row.warnPercent,
  unknown_price: row.unknownPrice,
  resets_at: row.endsAt.toISOString(),
  created_at: row.createdAt.toISOString(),
  created_by: row.createdByName,
  updated_at: row.updatedAt.toISOString(),
});

const read = { tag: 'Budgets', role: 'member', scope: 'budgets:read', audit: null } as const;
const write = { tag: 'Budgets', role: 'owner', scope: null } as const;
const one = { params: { id: exampleId } };

/** What language models may cost in a day or month. */
export const budgetOperations = [
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/budgets', id: 'listBudgets' },
      summary: 'List budgets with what is used of them',
      description: 'There are at most a hundred in a workspace.',
      input: { query: WholeQuery },
      status: 200,
      response: ListOf(BudgetResponse),
      example: {},
    },
    async (ctx, { query }) => pageOfWhole((await listBudgets(ctx)).map(budgetResponse), query, ({ id }) => id),
  ),
  operation(
    {
      ...{ ...write, method: 'post', path: '/api/budgets', id: 'createBudget', audit: 'budget.created' },
      summary: 'Set a budget',
      description: 'One for each workspace, key or connector and period. What was spent in its period before counts.',
      input: { body: BudgetCreate },
      status: 201,
      response: BudgetResponse,
      example: { body: { scope: 'workspace', period: 'month', limit_usd: '250.00', warn_percent: 80 } },
    },
    async (ctx, { body }) => budgetResponse(await createBudget(ctx, body)),
  ),
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/budgets/:id', id: 'getBudget' },
      summary: 'Get a budget with what is used of it',
      input: { params: ById },
      status: 200,
      response: BudgetResponse,
      example: one,
    },
    async (ctx, { params }) => budgetResponse(await getBudget(ctx, params.id)),
  ),
  operation(
    {
      ...{ ...write, method: 'patch', path: '/api/budgets/:id', id: 'changeBudget', audit: 'budget.changed' },
      summary: 'Change the limit or the warning of a budget',
      description: 'It counts for the next call; those under way go on.',
      input: { params: ById, body: BudgetUpdate },
      status: 200,
      response: BudgetResponse,
      example: { ...one, body: { limit_usd: '300.00', unknown_price: 'allow' } },
    },
    async (ctx, { params, body }) => budgetResponse(await changeBudget(ctx, params.id, body)),
  ),
  operation(
    {
      ...{ ...write, method: 'delete', path: '/api/budgets/:id', id: 'deleteBudget', audit: 'budget.deleted' },
      summary: 'Take a budget away',
      input: { params: ById },
      status: 204,
      response: null,
      example: one,
    },
    async (ctx, { params }) => {
      await deleteBudget(ctx, params.id);
      return null;
    },
  ),
];
