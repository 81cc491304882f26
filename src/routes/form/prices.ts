import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { changePrice, createPrice, deletePrice, getPrice } from '../../services/gateway/prices.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { budgetsPage, budgetsQuestion, pricePage, type SentPrice } from '../pages/budgets.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';

const owner = { role: 'owner' } as const;
const read = { ...owner, method: 'get', audit: null, example: {} } as const;
const fields = { input_usd: '0.15', cached_usd: '', output_usd: '0.60', valid_from: '' };

/** What models cost this workspace; the list stands beside that of budgets. */
export const priceForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      ...{ ...owner, method: 'post', path: paths.prices, audit: 'price.created' },
      example: { form: { model: 'llama-4*', ...fields } },
    },
    (ctx, c) => create(tools, ctx, c),
  ),
  page({ ...read, path: paths.price(':id') }, (ctx, c) => {
    requireRole(ctx, 'owner', 'change prices');
    return pricePage(tools, ctx, c, idOf(c));
  }),
  page(
    {
      ...{ ...owner, method: 'put', path: paths.price(':id'), audit: 'price.changed' },
      example: { form: { model: 'llama-4-scout', ...fields } },
    },
    (ctx, c) => change(tools, ctx, c),
  ),
  page({ ...read, path: paths.priceDeletion(':id') }, async (ctx, c) => {
    requireRole(ctx, 'owner', 'delete prices');
    const { id, model } = await getPrice(ctx, idOf(c));
    return budgetsQuestion(tools, ctx, c, deletion(ctx, id, model));
  }),
  page(
    { ...owner, method: 'delete', path: paths.price(':id'), audit: 'price.deleted', example: {} },
    async (ctx, c) => {
      const { model } = await deletePrice(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name: model, text: 'has no price of yours any more.' });
      return tools.redirect(c, paths.budgets);
    },
  ),
];

async function create(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const sent = sentIn(await c.req.formData());
  try {
    const { model } = await createPrice(ctx, inputOf(sent));
    leaveNotice(c, tools.hub, { tone: 'ok', name: model, text: 'has a price of yours.' });
    return tools.redirect(c, paths.budgets);
  } catch (error) {
    return budgetsPage(tools, ctx, c, { price: sent, errors: errorsOf(error) });
  }
}

async function change(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  requireRole(ctx, 'owner', 'change prices');
  const sent = sentIn(await c.req.formData());
  try {
    // A day that was left as it is keeps its hour.
    const { validFrom } = await getPrice(ctx, idOf(c));
    const kept = !sent.validFrom || validFrom.toISOString().startsWith(sent.validFrom);
    const input = { ...inputOf(sent), valid_from: kept ? undefined : sent.validFrom };
    const { model } = await changePrice(ctx, idOf(c), input);
    leaveNotice(c, tools.hub, { tone: 'ok', name: model, text: 'is saved.' });
    return tools.redirect(c, paths.budgets);
  } catch (error) {
    return pricePage(tools, ctx, c, idOf(c), { sent, errors: errorsOf(error) });
  }
}

function sentIn(form: FormData): SentPrice {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return {
    model: text('model'),
    input: text('input_usd'),
    cached: text('cached_usd'),
    output: text('output_usd'),
    validFrom: text('valid_from'),
  };
}

const inputOf = ({ model, input, cached, output, validFrom }: SentPrice) => ({
  model,
  input_usd: input,
  cached_usd: cached,
  output_usd: output,
  valid_from: validFrom,
});

/** @throws what does not stand beside a field */
function errorsOf(error: unknown): FieldErrors {
  if (!(error instanceof AppError)) throw error;
  if (error.code === 'conflict') return { model: [error.message] };
  if (!error.errors) throw error;
  return error.errors;
}

const deletion = (ctx: Ctx, id: string, model: string): Confirm => ({
  tenantId: ctx.tenantId,
  back: paths.budgets,
  select: null,
  title: `Delete your price of ${model}?`,
  method: 'DELETE',
  path: paths.price(id),
  consequences: ['From the next call on the price of the list counts, where it knows one. What was counted stays.'],
  submit: 'Delete',
  keep: 'Keep it',
});
