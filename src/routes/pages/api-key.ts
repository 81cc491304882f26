import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import type { ApiKeyRow } from '../../db/queries/api-keys.ts';
import type { BudgetRow } from '../../db/queries/budgets.ts';
import type { FieldErrors } from '../../errors.ts';
import { roundUsd, shortUsd } from '../../lib/money.ts';
import { spendOf } from '../../services/api-keys/api-key-changes.ts';
import { getApiKey, statusOfKey } from '../../services/api-keys/api-keys.ts';
import type { Env } from '../env.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ApiKeyPage } from '../view-models/settings.ts';
import { apiKeyRow, expiries, frame, limitsForm, option, type SentLimits, settingsNav } from './settings.ts';

/** What the form of a key was sent with; `keep` leaves its end as it is. */
export interface SentKeyChange extends SentLimits {
  expires: string;
  /** US dollars, '' for no budget; undefined where the form does not ask. */
  spend: { day_usd?: string; month_usd?: string };
}

/** One key; with what was wrong in its form. */
export async function apiKeyPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  id: string,
  { sent, errors = {} }: { sent?: SentKeyChange; errors?: FieldErrors } = {},
): Promise<Response> {
  const row = await getApiKey(ctx, id);
  const budgets = await spendOf(ctx, id);
  const field = (period: 'day' | 'month') => spendField(period, budgets[period], sent?.spend[`${period}_usd`]);
  const page: ApiKeyPage = {
    tenantId: ctx.tenantId,
    row: apiKeyRow(
      row,
      Object.values(budgets).flatMap((each) => each ?? []),
    ),
    locked: whyLocked(ctx, row),
    limits: await limitsForm(ctx, sent ?? limitsOf(row)),
    expiries: Object.entries({ keep: 'As it is', ...expiries }).map(([value, label]) =>
      option(value, label, value === (sent?.expires ?? 'keep')),
    ),
    spend: [field('day'), field('month')],
    spendLocked: mayActAs(ctx.actor, 'owner') ? '' : 'Only owners set what a key may spend on language models.',
    errors,
  };
  const shell = await frame(tools, ctx, c, row.name);
  const nav = settingsNav(ctx, paths.apiKeys);
  return tools.html(c, 'settings/api-key', { shell, nav, page }, Object.keys(errors).length ? 422 : 200);
}

function whyLocked(ctx: Ctx, row: ApiKeyRow): string {
  if (row.clientId) return 'What an app may do is what its person agreed to. Disconnect it under Agents.';
  if (statusOfKey(row) !== 'active') return 'This key has ended, so there is nothing to change. Make a new one.';
  return mayActAs(ctx.actor, row.role) ? '' : `This key acts as ${row.role}. Only an owner can change it.`;
}

const limitsOf = ({ limits }: ApiKeyRow): SentLimits => ({
  connectors: limits.connectors ?? [],
  tools: limits.tools?.join(' ') ?? '',
  readOnly: limits.readOnly ?? false,
  callsPerHour: String(limits.callsPerHour ?? ''),
  approval: limits.approval ?? 'none',
  approvalHours: String(limits.approvalHours ?? ''),
});

const spendField = (period: 'day' | 'month', budget?: BudgetRow, sent?: string): ApiKeyPage['spend'][number] => ({
  name: `spend.${period}_usd`,
  label: `US dollars a ${period} on language models`,
  amount: sent ?? (budget ? shortUsd(budget.limitNano) : ''),
  used: budget ? `$${roundUsd(budget.spentNano)} of it is used.` : '',
  path: budget ? paths.budget(budget.id) : '',
});
