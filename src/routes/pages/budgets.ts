import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import type { BudgetRow } from '../../db/queries/budgets.ts';
import type { PriceOverrideRow } from '../../db/queries/price-overrides.ts';
import type { FieldErrors } from '../../errors.ts';
import { roundUsd, shortUsd } from '../../lib/money.ts';
import { getPrice, listPrices } from '../../services/gateway/prices.ts';
import { budgetName } from '../../services/usage/budget-refusals.ts';
import { getBudget, listBudgets, listSubjects, stateOf } from '../../services/usage/budget-settings.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { isPartial } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { BudgetForm, BudgetRowView, BudgetsPage, PriceForm, PriceRowView } from '../view-models/budget.ts';
import type { Confirm } from '../view-models/dialog.ts';
import type { Option } from '../view-models/shared.ts';
import { frame, settingsNav } from './settings.ts';

/** What a form for a budget was sent with; `subject` is `workspace`, or the kind and the id of one. */
export interface SentBudget {
  subject: string;
  period: string;
  limit: string;
  warnPercent: string;
  unknownPrice: string;
}

export interface SentPrice {
  model: string;
  input: string;
  cached: string;
  output: string;
  validFrom: string;
}

const newBudget: SentBudget = {
  subject: 'workspace',
  period: 'month',
  limit: '',
  warnPercent: '80',
  unknownPrice: 'refuse',
};
const newPrice: SentPrice = { model: '', input: '', cached: '', output: '', validFrom: '' };

interface Shown {
  budget?: SentBudget;
  price?: SentPrice;
  /** Of the form that was sent. */
  errors?: FieldErrors;
  confirm?: Confirm;
}

/** Budgets with what is used of them, and prices; with what was wrong in a form, or behind a question. */
export async function budgetsPage(tools: PageTools, ctx: Ctx, c: Context<Env>, shown: Shown = {}): Promise<Response> {
  const { value, failure } = await orFailure(Promise.all([listBudgets(ctx), listPrices(ctx), listSubjects(ctx)]));
  const [budgets = [], prices = [], subjects = { keys: [], connectors: [] }] = value ?? [];
  const owner = mayActAs(ctx.actor, 'owner');
  const { errors = {} } = shown;
  const page: BudgetsPage = {
    budgets: budgets.map(budgetRow),
    prices: prices.map(priceRow),
    failure,
    budgetForm: owner && value ? newBudgetForm(ctx, subjects, shown.budget, shown.budget ? errors : {}) : null,
    priceForm: owner && value ? priceForm(ctx, null, shown.price ?? newPrice, shown.price ? errors : {}) : null,
    locked: owner ? '' : 'Only owners set budgets and the prices that they go by. Ask one of them.',
  };
  const shell = await frame(tools, ctx, c, 'Budgets and prices', shown.confirm);
  const nav = settingsNav(ctx, paths.budgets);
  return tools.html(c, 'settings/budgets', { shell, nav, page }, Object.keys(errors).length ? 422 : 200);
}

/** The terms of one budget; with what was wrong in them. */
export async function budgetPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  id: string,
  { sent, errors = {} }: { sent?: SentBudget; errors?: FieldErrors } = {},
): Promise<Response> {
  const row = await getBudget(ctx, id);
  const warnPercent = row.warnPercent === null ? '' : String(row.warnPercent);
  const terms = { warnPercent, limit: shortUsd(row.limitNano), unknownPrice: row.unknownPrice };
  const form: BudgetForm = {
    ...termsOf(ctx, sent ?? { ...newBudget, ...terms }, errors),
    path: paths.budget(id),
    subjects: null,
  };
  const shell = await frame(tools, ctx, c, 'Budget');
  const nav = settingsNav(ctx, paths.budgets);
  return tools.html(
    c,
    'settings/budget',
    { shell, nav, budget: budgetRow(row), form },
    Object.keys(errors).length ? 422 : 200,
  );
}

/** One price; with what was wrong in it. */
export async function pricePage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  id: string,
  { sent, errors = {} }: { sent?: SentPrice; errors?: FieldErrors } = {},
): Promise<Response> {
  const row = await getPrice(ctx, id);
  const kept = {
    ...priceRow(row),
    cached: short(row.cached ?? ''),
    validFrom: row.validFrom.toISOString().slice(0, 10),
  };
  const form = priceForm(ctx, id, sent ?? kept, errors);
  const shell = await frame(tools, ctx, c, 'Price');
  const nav = settingsNav(ctx, paths.budgets);
  return tools.html(
    c,
    'settings/price',
    { shell, nav, price: priceRow(row), form },
    Object.keys(errors).length ? 422 : 200,
  );
}

/** Over the page that is there, or with the budgets behind it. */
export const budgetsQuestion = (tools: PageTools, ctx: Ctx, c: Context<Env>, confirm: Confirm) =>
  isPartial(c) ? tools.html(c, 'settings/_confirm', { confirm }) : budgetsPage(tools, ctx, c, { confirm });

function budgetRow(row: BudgetRow): BudgetRowView {
  const used = row.spentNano + row.reservedNano;
  return {
    id: row.id,
    name: budgetName(row),
    state: stateOf(row),
    limit: shortUsd(row.limitNano),
    used: roundUsd(row.spentNano),
    held: row.reservedNano ? roundUsd(row.reservedNano) : '',
    percent: Math.min(100, Math.floor((used / row.limitNano) * 100)),
    warnPercent: row.warnPercent,
    unknownPrice: row.unknownPrice,
    resetsAt: row.endsAt,
  };
}

const priceRow = (row: PriceOverrideRow): PriceRowView => ({
  id: row.id,
  model: row.model,
  input: short(row.input),
  cached: short(row.cached ?? row.input),
  output: short(row.output),
  validFrom: row.validFrom,
  coming: row.validFrom.getTime() > Date.now(),
});

/** At least two decimals, and no zeros after them. */
const short = (amount: string) => amount.replace(/(\.\d\d\d*?)0+$/, '$1');

type Subjects = Awaited<ReturnType<typeof listSubjects>>;

function newBudgetForm(
  ctx: Ctx,
  { keys, connectors }: Subjects,
  sent = newBudget,
  errors: FieldErrors = {},
): BudgetForm {
  const of =
    (kind: string) =>
    ({ id, name }: { id: string; name: string }) =>
      option(`${kind}:${id}`, name, sent.subject);
  const subjects = {
    workspace: option('workspace', 'The whole workspace', sent.subject),
    keys: keys.map(of('api_key')),
    connectors: connectors.map(of('connector')),
  };
  return { ...termsOf(ctx, sent, errors), path: paths.budgets, subjects };
}

const termsOf = (ctx: Ctx, sent: SentBudget, errors: FieldErrors) => ({
  tenantId: ctx.tenantId,
  periods: [option('month', 'A month', sent.period), option('day', 'A day', sent.period)],
  limit: sent.limit,
  warnPercent: sent.warnPercent,
  unknownPrices: [
    option('refuse', 'Are refused', sent.unknownPrice),
    option('allow', 'Pass, and count nothing', sent.unknownPrice),
  ],
  errors,
});

const option = (value: string, label: string, chosen: string): Option => ({ value, label, chosen: value === chosen });

const priceForm = (ctx: Ctx, id: string | null, sent: SentPrice, errors: FieldErrors): PriceForm => ({
  tenantId: ctx.tenantId,
  path: id ? paths.price(id) : paths.prices,
  method: id ? 'PUT' : 'POST',
  model: sent.model,
  input: sent.input,
  cached: sent.cached,
  output: sent.output,
  validFrom: sent.validFrom,
  errors,
});
