import { type Ctx, lowerRole, requirePerson, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApiKeyRow, findApiKey, updateKey } from '../../db/queries/api-keys.ts';
import { type BudgetRow, selectBudgets } from '../../db/queries/budgets.ts';
import type { KeyLimits } from '../../db/schema/index.ts';
import { AppError, type FieldErrors, invalid, notFound } from '../../errors.ts';
import { usdOf } from '../../lib/money.ts';
import { recordAudit } from '../audit.ts';
import { withMembers } from '../people/with-members.ts';
import { checkBudgetTerms } from '../usage/budget-input.ts';
import { changeBudgetIn, createBudgetIn, deleteBudgetIn, listBudgets, onceOnly } from '../usage/budget-settings.ts';
import { expiryProblem } from './api-key-input.ts';
import { checkLimits } from './key-limits.ts';
import { statusOfKey } from './key-status.ts';

export interface ApiKeyChange {
  /** In place of all that it is limited to. */
  limits?: unknown;
  /** An instant in ISO 8601, or null for no end. */
  expiresAt?: unknown;
  /** US dollars, or null for no budget; what is left out stays. Owners alone set it. */
  spend?: Partial<Record<'day_usd' | 'month_usd', string | null>>;
}

/**
 * Changes what a key is limited to; it counts with its next request. Its role and scopes stay: for others there is a new key.
 * @throws AppError forbidden, also for a key that may do more than oneself, not_found also for an app, invalid_input by field, conflict for one that has ended
 */
export async function changeApiKey(ctx: Ctx, id: string, change: ApiKeyChange): Promise<ApiKeyRow> {
  requirePerson(ctx, 'change API keys');
  requireRole(ctx, 'admin', 'change API keys');
  const checked = check(change);
  const save = async (tx: Tx) => {
    const row = await mustChange(tx, ctx, id, true);
    await setSpend(tx, ctx, id, change.spend ?? {});
    const changed = changedIn(row, checked);
    if (!changed.length) return row;
    await updateKey(tx, ctx.tenantId, id, checked);
    const details = { changed, ...(checked.limits && { limits: checked.limits }), ...endIn(checked) };
    await recordAudit(tx, ctx, {
      action: 'api_key.changed',
      subject: { type: 'api_key', id, name: row.name },
      details,
    });
    return { ...row, ...checked };
  };
  return onceOnly(withMembers(ctx, save));
}

interface Checked {
  limits?: KeyLimits;
  expiresAt?: Date | null;
}

function check({ limits, expiresAt, spend = {} }: ApiKeyChange): Checked {
  const errors: FieldErrors = {};
  const checked: Checked = {};
  if (limits !== undefined) checked.limits = checkLimits(limits, errors);
  if (expiresAt !== undefined) {
    const problem = expiryProblem(expiresAt);
    if (problem) errors.expires_at = [problem];
    else checked.expiresAt = expiresAt === null ? null : new Date(expiresAt as string);
  }
  for (const [name, amount] of Object.entries(spend)) if (amount !== null) checkAmount(`spend.${name}`, amount, errors);
  if (Object.keys(errors).length) throw invalid(errors);
  return checked;
}

function checkAmount(field: string, amount: string, errors: FieldErrors) {
  try {
    checkBudgetTerms({ ...usualTerms, limit_usd: amount });
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    errors[field] = Object.values(error.errors).flat();
  }
}

const usualTerms = { warn_percent: 80, unknown_price: 'refuse' };

const endIn = ({ expiresAt }: Checked) =>
  expiresAt === undefined ? {} : { expires_at: expiresAt?.toISOString() ?? null };

function changedIn(row: ApiKeyRow, { limits, expiresAt }: Checked): string[] {
  const names = new Set([...Object.keys(row.limits), ...Object.keys(limits ?? {})]) as Set<keyof KeyLimits>;
  const differs = (name: keyof KeyLimits) => JSON.stringify(row.limits[name]) !== JSON.stringify(limits?.[name]);
  return [
    ...(limits
      ? [...names].filter(differs).map((name) => `limits.${name.replace(/[A-Z]/g, (big) => `_${big.toLowerCase()}`)}`)
      : []),
    ...(expiresAt !== undefined && expiresAt?.getTime() !== row.expiresAt?.getTime() ? ['expires_at'] : []),
  ];
}

async function mustChange(tx: Tx, ctx: Ctx, id: string, lock = false): Promise<ApiKeyRow> {
  const row = await findApiKey(tx, ctx.tenantId, id, { lock });
  // What an app may do is what its person agreed to.
  if (!row || row.clientId) throw notFound('API key');
  if (lowerRole(row.role, ctx.actor.role) !== row.role)
    throw new AppError('forbidden', `This key acts as ${row.role}, and you may do less. Ask an owner to change it.`);
  if (statusOfKey(row) !== 'active')
    throw new AppError('conflict', 'This key has ended, so there is nothing to change. Make a new one.');
  return row;
}

/** The budgets of the key itself; others may hold it back as well. */
export async function spendOf(ctx: Ctx, id: string): Promise<Record<'day' | 'month', BudgetRow | undefined>> {
  return ownSpend(await listBudgets(ctx), id);
}

function ownSpend(budgets: BudgetRow[], id: string): Record<'day' | 'month', BudgetRow | undefined> {
  const of = (period: string) => budgets.find((each) => each.apiKeyId === id && each.period === period);
  return { day: of('day'), month: of('month') };
}

async function setSpend(tx: Tx, ctx: Ctx, id: string, spend: NonNullable<ApiKeyChange['spend']>) {
  if (!Object.keys(spend).length) return;
  requireRole(ctx, 'owner', 'set what an API key may spend');
  const own = ownSpend(await selectBudgets(tx, ctx.tenantId), id);
  for (const period of ['day', 'month'] as const) {
    const amount = spend[`${period}_usd`];
    const budget = own[period];
    if (amount === undefined || (budget && amount !== null && Number(usdOf(budget.limitNano)) === Number(amount)))
      continue;
    if (amount === null) {
      if (budget) await deleteBudgetIn(tx, ctx, budget.id);
    } else if (budget) await changeBudgetIn(tx, ctx, budget.id, { limit_usd: amount });
    else await createBudgetIn(tx, ctx, { ...usualTerms, scope: 'api_key', subject_id: id, period, limit_usd: amount });
  }
}
