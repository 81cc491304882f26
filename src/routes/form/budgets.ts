import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { budgetName } from '../../services/usage/budget-refusals.ts';
import { changeBudget, createBudget, deleteBudget, getBudget } from '../../services/usage/budget-settings.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { budgetPage, budgetsPage, budgetsQuestion, type SentBudget } from '../pages/budgets.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';

const read = { role: 'member', method: 'get', audit: null, example: {} } as const;
const owner = { role: 'owner' } as const;
const terms = { limit_usd: '25', warn_percent: '80', unknown_price: 'refuse' };

/** What language models may cost: the list beside that of prices, the form for a new budget, and each by itself. */
export const budgetForms = (tools: PageTools): PageRoute[] => [
  page({ ...read, path: paths.budgets }, (ctx, c) => budgetsPage(tools, ctx, c)),
  page(
    {
      ...{ ...owner, method: 'post', path: paths.budgets, audit: 'budget.created' },
      example: { form: { subject: 'workspace', period: 'month', ...terms } },
    },
    (ctx, c) => create(tools, ctx, c),
  ),
  page({ ...read, ...owner, path: paths.budget(':id') }, (ctx, c) => {
    requireRole(ctx, 'owner', 'change budgets');
    return budgetPage(tools, ctx, c, idOf(c));
  }),
  page(
    { ...owner, method: 'put', path: paths.budget(':id'), audit: 'budget.changed', example: { form: terms } },
    (ctx, c) => change(tools, ctx, c),
  ),
  page({ ...read, ...owner, path: paths.budgetDeletion(':id') }, async (ctx, c) => {
    requireRole(ctx, 'owner', 'delete budgets');
    const budget = await getBudget(ctx, idOf(c));
    return budgetsQuestion(tools, ctx, c, deletion(ctx, budget.id, budgetName(budget)));
  }),
  page(
    { ...owner, method: 'delete', path: paths.budget(':id'), audit: 'budget.deleted', example: {} },
    async (ctx, c) => {
      const name = budgetName(await deleteBudget(ctx, idOf(c)));
      leaveNotice(c, tools.hub, { tone: 'ok', name, text: 'is gone: it refuses no call any more.' });
      return tools.redirect(c, paths.budgets);
    },
  ),
];

async function create(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const sent = sentIn(await c.req.formData());
  const [scope, subjectId] = sent.subject.split(':');
  try {
    const budget = await createBudget(ctx, { scope, subject_id: subjectId, period: sent.period, ...termsOf(sent) });
    leaveNotice(c, tools.hub, {
      tone: 'ok',
      name: budgetName(budget),
      text: 'is set. It holds from the next call on.',
    });
    return tools.redirect(c, paths.budgets);
  } catch (error) {
    return budgetsPage(tools, ctx, c, { budget: sent, errors: errorsOf(error) });
  }
}

async function change(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const sent = sentIn(await c.req.formData());
  try {
    const budget = await changeBudget(ctx, idOf(c), termsOf(sent));
    leaveNotice(c, tools.hub, { tone: 'ok', name: budgetName(budget), text: 'is saved.' });
    return tools.redirect(c, paths.budgets);
  } catch (error) {
    return budgetPage(tools, ctx, c, idOf(c), { sent, errors: errorsOf(error) });
  }
}

function sentIn(form: FormData): SentBudget {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return {
    subject: text('subject'),
    period: text('period'),
    limit: text('limit_usd'),
    warnPercent: text('warn_percent'),
    unknownPrice: text('unknown_price'),
  };
}

const termsOf = ({ limit, warnPercent, unknownPrice }: SentBudget) => ({
  limit_usd: limit,
  warn_percent: warnPercent,
  unknown_price: unknownPrice,
});

/** @throws what does not stand beside a field */
function errorsOf(error: unknown): FieldErrors {
  if (!(error instanceof AppError)) throw error;
  if (error.code === 'conflict') return { subject: [error.message] };
  if (!error.errors) throw error;
  const { scope, subject_id: subject, ...rest } = error.errors;
  const about = scope ?? subject;
  return { ...(about && { subject: about }), ...rest };
}

const deletion = (ctx: Ctx, id: string, name: string): Confirm => ({
  tenantId: ctx.tenantId,
  back: paths.budgets,
  select: null,
  title: `Delete the ${name.charAt(0).toLowerCase()}${name.slice(1)}?`,
  method: 'DELETE',
  path: paths.budget(id),
  consequences: ['It refuses no call any more. What models cost is counted as before.'],
  submit: 'Delete',
  keep: 'Keep it',
});
