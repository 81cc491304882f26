import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, requirePerson, requireRole } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  type BudgetRow,
  deleteBudgetRow,
  findBudget,
  insertBudget,
  lockBudgetCount,
  selectBudgets,
  selectSubjects,
  updateBudget,
} from '../../db/queries/budgets.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { checkBudgetTerms } from './budget-input.ts';
import { budgetName } from './budget-refusals.ts';

const most = 100;

export type BudgetScope = 'workspace' | 'api_key' | 'connector';

export const scopeOf = ({ apiKeyId, connectorId }: Pick<BudgetRow, 'apiKeyId' | 'connectorId'>): BudgetScope =>
  apiKeyId ? 'api_key' : connectorId ? 'connector' : 'workspace';

export type BudgetState = 'within' | 'warning' | 'exceeded';

/** Whether there is room, with what is held for calls under way. */
export function stateOf({ spentNano, reservedNano, limitNano, warnPercent }: BudgetRow): BudgetState {
  const used = spentNano + reservedNano;
  if (used >= limitNano) return 'exceeded';
  return warnPercent !== null && used * 100 >= limitNano * warnPercent ? 'warning' : 'within';
}

/** The workspace's budgets with what is used of them; every member may know. */
export const listBudgets = (ctx: Ctx): Promise<BudgetRow[]> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectBudgets(tx, ctx.tenantId), { readOnly: true });

/** @throws AppError not_found */
export const getBudget = (ctx: Ctx, id: string): Promise<BudgetRow> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, id), { readOnly: true });

/** The keys and connectors that a budget can be for. */
export const listSubjects = (ctx: Ctx) =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectSubjects(tx, ctx.tenantId, modelEntries(ctx)), { readOnly: true });

const modelEntries = ({ hub }: Ctx) =>
  [...hub.drivers.values()].filter(({ entry }) => entry.capabilities.llm).map(({ entry }) => entry.key);

export interface BudgetInput {
  scope: unknown;
  /** The key or connector; nothing for the workspace. */
  subject_id?: unknown;
  period: unknown;
  limit_usd: unknown;
  warn_percent?: unknown;
  unknown_price?: unknown;
}

/**
 * Sets a limit; what was spent in its period before counts.
 * @throws AppError forbidden, invalid_input by field, quota_exceeded, or conflict when there is one for this already
 */
export const createBudget = (ctx: Ctx, input: BudgetInput): Promise<BudgetRow> =>
  onceOnly(ctx.hub.db.asTenant(ctx.tenantId, (tx) => createBudgetIn(tx, ctx, input)));

/** Tells that there is such a budget already, where the transaction failed by that. */
export const onceOnly = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    if (!uniqueViolation(error)) throw error;
    const sentence = 'There is already a budget for this subject and period. Change that one.';
    throw new AppError('conflict', sentence, { cause: error });
  });

/** `createBudget` in a transaction with other changes, which as a whole goes through `onceOnly`. */
export async function createBudgetIn(tx: Tx, ctx: Ctx, input: BudgetInput): Promise<BudgetRow> {
  requirePerson(ctx, 'set budgets');
  requireRole(ctx, 'owner', 'set budgets');
  const { warn_percent = 80, unknown_price = 'refuse' } = input;
  const terms = checkBudgetTerms({ limit_usd: input.limit_usd, warn_percent, unknown_price });
  if (input.period !== 'day' && input.period !== 'month') throw invalid({ period: ['Choose day or month.'] });
  const period = input.period;
  const id = uuidv7();
  const subject = await mustFindSubject(tx, ctx, input);
  await requireRoom(tx, ctx.tenantId);
  await insertBudget(tx, { tenantId: ctx.tenantId, id, ...subject, period, ...terms, ...madeBy(ctx) });
  const budget = await mustFind(tx, ctx, id);
  const details = { limit_usd: cleanUsd(input.limit_usd), unknown_price: terms.unknownPrice };
  await recordAudit(tx, ctx, { action: 'budget.created', subject: budgetSubject(budget), details });
  return budget;
}

const cleanUsd = (value: unknown) => String(value).trim();

async function mustFindSubject(tx: Tx, ctx: Ctx, { scope, subject_id: subjectId }: BudgetInput) {
  if (scope === 'workspace') return { apiKeyId: null, connectorId: null };
  if (scope !== 'api_key' && scope !== 'connector')
    throw invalid({ scope: ['Choose workspace, api_key or connector.'] });
  const { keys, connectors } = await selectSubjects(tx, ctx.tenantId, modelEntries(ctx));
  const found = (scope === 'api_key' ? keys : connectors).find(({ id }) => id === subjectId);
  if (!found)
    throw invalid({
      subject_id: [
        scope === 'api_key'
          ? 'Choose an API key of this workspace that is not revoked.'
          : 'Choose a connector to language models of this workspace.',
      ],
    });
  return { apiKeyId: scope === 'api_key' ? found.id : null, connectorId: scope === 'connector' ? found.id : null };
}

/**
 * Changes what is given: the limit, the warning, and what becomes of calls whose price nobody knows.
 * @throws AppError forbidden, not_found, invalid_input by field
 */
export const changeBudget = (ctx: Ctx, id: string, input: BudgetChange): Promise<BudgetRow> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => changeBudgetIn(tx, ctx, id, input));

export type BudgetChange = Pick<Partial<BudgetInput>, 'limit_usd' | 'warn_percent' | 'unknown_price'>;

/** `changeBudget` in a transaction with other changes. */
export async function changeBudgetIn(tx: Tx, ctx: Ctx, id: string, input: BudgetChange): Promise<BudgetRow> {
  requirePerson(ctx, 'change budgets');
  requireRole(ctx, 'owner', 'change budgets');
  const before = await mustFind(tx, ctx, id, { lock: true });
  const terms = checkBudgetTerms({
    limit_usd: input.limit_usd ?? usdText(before.limitNano),
    warn_percent: input.warn_percent === undefined ? before.warnPercent : input.warn_percent,
    unknown_price: input.unknown_price ?? before.unknownPrice,
  });
  const changed = (['limitNano', 'warnPercent', 'unknownPrice'] as const).filter(
    (name) => terms[name] !== before[name],
  );
  if (!changed.length) return before;
  await updateBudget(tx, ctx.tenantId, id, { ...terms, ...changedBy(ctx) });
  const details = { changed: changed.map((name) => fieldNames[name]) };
  await recordAudit(tx, ctx, { action: 'budget.changed', subject: budgetSubject(before), details });
  return mustFind(tx, ctx, id);
}

const fieldNames = { limitNano: 'limit', warnPercent: 'warning', unknownPrice: 'unknown prices' };
const usdText = (nano: number) => (nano / 1e9).toFixed(9);

/** Takes the limit away. @throws AppError forbidden, not_found */
export const deleteBudget = (ctx: Ctx, id: string): Promise<BudgetRow> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => deleteBudgetIn(tx, ctx, id));

/** `deleteBudget` in a transaction with other changes. */
export async function deleteBudgetIn(tx: Tx, ctx: Ctx, id: string): Promise<BudgetRow> {
  requirePerson(ctx, 'delete budgets');
  requireRole(ctx, 'owner', 'delete budgets');
  const budget = await mustFind(tx, ctx, id, { lock: true });
  await deleteBudgetRow(tx, ctx.tenantId, id);
  await recordAudit(tx, ctx, { action: 'budget.deleted', subject: budgetSubject(budget) });
  return budget;
}

async function mustFind(tx: Tx, ctx: Ctx, id: string, options: { lock?: boolean } = {}): Promise<BudgetRow> {
  const budget = await findBudget(tx, ctx.tenantId, id, options);
  if (!budget) throw notFound('budget');
  return budget;
}

async function requireRoom(tx: Tx, tenantId: string) {
  await lockBudgetCount(tx, tenantId);
  if ((await selectBudgets(tx, tenantId)).length < most) return;
  const sentence = `This workspace has ${most} budgets, and there can be no more. Delete one that nobody needs.`;
  throw new AppError('quota_exceeded', sentence, { extra: { max_budgets: most } });
}

const budgetSubject = (budget: BudgetRow) => ({ type: 'budget', id: budget.id, name: budgetName(budget) });
