import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, requireRole } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  deletePriceOverride,
  findPriceOverride,
  insertPriceOverride,
  lockPriceCount,
  type PriceOverrideRow,
  selectPriceOverrides,
  updatePriceOverride,
} from '../../db/queries/price-overrides.ts';
import { AppError, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { checkPrice, type PriceTerms } from '../usage/budget-input.ts';

const most = 200;

/** The workspace's own prices, by model; every member may know. */
export const listPrices = (ctx: Ctx): Promise<PriceOverrideRow[]> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectPriceOverrides(tx, ctx.tenantId), { readOnly: true });

/** @throws AppError not_found */
export const getPrice = (ctx: Ctx, id: string): Promise<PriceOverrideRow> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, id));

export interface PriceInput {
  /** A name, or how it begins with `*` at the end. */
  model?: unknown;
  /** US dollars for a million tokens. */
  input_usd?: unknown;
  cached_usd?: unknown;
  output_usd?: unknown;
  /** ISO 8601; from now on when left out. */
  valid_from?: unknown;
}

/**
 * Says what a model costs this workspace; calls from then on are counted by it, and so budgets go by it: who sets these sets both.
 * @throws AppError forbidden, invalid_input by field, quota_exceeded, or conflict when there is one from the same moment on
 */
export async function createPrice(ctx: Ctx, input: PriceInput): Promise<PriceOverrideRow> {
  requireRole(ctx, 'owner', 'set prices');
  const terms = checked(input);
  return onceOnly(
    ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      await requireRoom(tx, ctx.tenantId);
      const price = await insertPriceOverride(tx, { tenantId: ctx.tenantId, id: uuidv7(), ...terms, ...madeBy(ctx) });
      await recordAudit(tx, ctx, { action: 'price.created', subject: subjectOf(price), details: told(price) });
      return price;
    }),
  );
}

/** Changes what is given; what was counted stays as it is. @throws AppError as `createPrice`, not_found */
export async function changePrice(ctx: Ctx, id: string, input: PriceInput): Promise<PriceOverrideRow> {
  requireRole(ctx, 'owner', 'change prices');
  return onceOnly(
    ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      const before = await mustFind(tx, ctx, id);
      const { model, input: input_usd, cached: cached_usd, output: output_usd } = before;
      const kept = { model, input_usd, cached_usd, output_usd, valid_from: before.validFrom.toISOString() };
      const terms = checked({ ...kept, ...given(input) });
      const price = await updatePriceOverride(tx, ctx.tenantId, id, { ...terms, ...changedBy(ctx) });
      const changed = (['model', 'input', 'cached', 'output', 'validFrom'] as const).filter(
        (name) => String(price[name]) !== String(before[name]),
      );
      if (!changed.length) return price;
      const details = { changed: changed.map((name) => fieldNames[name]), ...told(price) };
      await recordAudit(tx, ctx, { action: 'price.changed', subject: subjectOf(price), details });
      return price;
    }),
  );
}

const fieldNames = {
  model: 'model',
  input: 'input',
  cached: 'cached input',
  output: 'output',
  validFrom: 'valid from',
};

const given = (input: PriceInput) =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));

/** The price of the list, or a shorter pattern, counts again. @throws AppError forbidden, not_found */
export async function deletePrice(ctx: Ctx, id: string): Promise<PriceOverrideRow> {
  requireRole(ctx, 'owner', 'delete prices');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const price = await mustFind(tx, ctx, id);
    await deletePriceOverride(tx, ctx.tenantId, id);
    await recordAudit(tx, ctx, { action: 'price.deleted', subject: subjectOf(price), details: told(price) });
    return price;
  });
}

const checked = ({ model, input_usd, cached_usd, output_usd, valid_from }: PriceInput): PriceTerms =>
  checkPrice({ model, input_usd, cached_usd, output_usd, valid_from });

async function mustFind(tx: Tx, ctx: Ctx, id: string): Promise<PriceOverrideRow> {
  const price = await findPriceOverride(tx, ctx.tenantId, id);
  if (!price) throw notFound('price');
  return price;
}

async function requireRoom(tx: Tx, tenantId: string) {
  await lockPriceCount(tx, tenantId);
  if ((await selectPriceOverrides(tx, tenantId)).length < most) return;
  const sentence = `This workspace has ${most} prices of its own, and there can be no more. Delete one that nobody needs.`;
  throw new AppError('quota_exceeded', sentence, { extra: { max_prices: most } });
}

const subjectOf = ({ id, model }: PriceOverrideRow) => ({ type: 'price', id, name: model });
const told = ({ input, cached, output }: PriceOverrideRow) => ({
  input_usd: input,
  cached_usd: cached,
  output_usd: output,
});

const onceOnly = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    if (!uniqueViolation(error)) throw error;
    const sentence = 'There is a price for this model from this moment on already. Change that one.';
    throw new AppError('conflict', sentence, { cause: error });
  });
