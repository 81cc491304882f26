import type { Ctx, Hub } from '../../context.ts';
import {
  claimExceeded,
  claimWarnings,
  dueReservations,
  expireReservation,
  type Refusal,
} from '../../db/queries/budget-reservations.ts';
import type { CallEntry } from '../../db/queries/model-calls.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { shortUsd } from '../../lib/money.ts';
import { recordAudit } from '../audit.ts';
import { type Cost, type Prices, worstCost } from '../gateway/llm-prices.ts';
import type { Seen } from '../gateway/llm-stream.ts';
import { apiKeyOf, type ModelCall, tellUsage, usageEntry, usageOf } from '../gateway/llm-usage.ts';
import { guessTokens } from '../gateway/model-tiers.ts';
import { systemCtx } from '../system.ts';
import { budgetName, refusalOf } from './budget-refusals.ts';
import { done, type Held, spending, take } from './budget-slices.ts';
import { recordCall } from './call-batches.ts';

/** A call that may leave the hub: what it may cost is taken from its budgets. */
export interface Reserved {
  call: ModelCall;
  /** Those in force when the call began. */
  prices: Prices;
  /** Null where no budget counts the call. */
  held: Held | null;
}

/**
 * Takes what the call may cost at most from every budget that it counts against. Give back what does not leave then.
 * @throws BudgetRefused when one of them does not allow it, after its people were told, once in a period
 */
export async function reserve(ctx: Ctx, call: ModelCall, prices: Prices): Promise<Reserved> {
  const nano = await worstCost(prices, call.model, call.worst);
  const promptCost = () => worstCost(prices, call.model, { in: guessTokens(call.promptCharacters), out: 0 });
  const held = await take(ctx, spenderOf(ctx, call), nano, async () => (await promptCost()) ?? 0);
  if (!Array.isArray(held)) return { call, prices, held };
  const untold = held.filter((refusal) => refusal.untold);
  if (untold.length) await tell(ctx, untold).catch((err) => ctx.log.warn({ err }, 'a refusal was not announced'));
  throw refusalOf(held, call.model, nano);
}

const spenderOf = (ctx: Ctx, { connectorId }: ModelCall) => ({ apiKeyId: apiKeyOf(ctx), connectorId });

/** The call did not leave: all that it holds is free again. */
export async function giveBack(ctx: Ctx, { call, held }: Reserved): Promise<void> {
  if (!held) return;
  const { closes, ...spent } = spending(held, 0);
  const record = { id: call.executionId, connector_id: call.connectorId, api_key_id: apiKeyOf(ctx), ...spent };
  if (closes) await recordCall(ctx.hub, ctx.tenantId, { ...record, closes });
  await done(ctx, held, closes);
}

/**
 * Writes down how the call went and what it used, and gives back what was reserved beyond that, at once.
 * @param entry what executions keep of it
 * @param seen null when nothing was used
 * @returns the cost; null when nobody knows it, undefined when nothing was used
 */
export async function settle(
  ctx: Ctx,
  { call, prices, held }: Reserved,
  entry: CallEntry | null,
  seen: Seen | null,
): Promise<Cost | null | undefined> {
  const used = seen && (await usageOf(ctx, call, prices, seen));
  const spent = held && spending(held, used?.cost?.nano ?? 0);
  const about = { id: call.executionId, connector_id: call.connectorId, api_key_id: apiKeyOf(ctx) };
  const record = { ...entry, ...(used && usageEntry(used.row)), ...about, ...spent };
  const write = async () => {
    const warnings = await recordCall(ctx.hub, ctx.tenantId, record);
    if (used) tellUsage(ctx, call, used.row);
    if (held) await done(ctx, held, spent?.closes ?? false);
    if (warnings.length) await warn(ctx, warnings);
  };
  await insistently(ctx, write);
  return used ? used.cost : undefined;
}

const tell = (ctx: Ctx, refusals: Refusal[]) =>
  ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    for (const refusal of refusals) {
      if (!(await claimExceeded(tx, ctx.tenantId, refusal.id))) continue;
      const details = { limit_usd: shortUsd(refusal.limitNano), used_usd: shortUsd(refusal.spentNano) };
      await recordAudit(tx, ctx, { action: 'budget.exceeded', subject: subjectOf(refusal), details });
    }
  });

const subjectOf = (budget: Parameters<typeof budgetName>[0] & { id: string }) => ({
  type: 'budget',
  id: budget.id,
  name: budgetName(budget),
});

/** Once in a period; what cannot be told now is told after the next call. */
const warn = (ctx: Ctx, ids: string[]) =>
  ctx.hub.db
    .asTenant(
      ctx.tenantId,
      async (tx) => {
        for (const warning of await claimWarnings(tx, ctx.tenantId, ids)) {
          const details = { limit_usd: shortUsd(warning.limitNano), used_usd: shortUsd(warning.spentNano) };
          await recordAudit(tx, ctx, { action: 'budget.warned', subject: subjectOf(warning), details });
        }
      },
      { quiet: true },
    )
    .catch((err) => ctx.log.warn({ err }, 'a budget was not warned of'));

/** Seconds after which the end of a call is written again when the database was away. */
const pausesS = [1, 5, 20, 60, 180];

/** Money was spent: what cannot be written now is tried again for a few minutes, also when the caller is told of the failure. */
async function insistently<T>(ctx: Ctx, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    void again(ctx, write, 0);
    throw error;
  }
}

async function again(ctx: Ctx, write: () => Promise<unknown>, round: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, (pausesS[round] ?? 0) * 1000).unref());
  try {
    await write();
  } catch (err) {
    if (round + 1 < pausesS.length) return again(ctx, write, round + 1);
    ctx.log.error({ err }, 'what a call used was not recorded');
  }
}

/** Releases what calls hold whose process is gone, for a job; returns how many. What their prompts cost is counted. */
export async function releaseReservations(hub: Hub): Promise<number> {
  const due = await dueReservations(hub.db.system, 500);
  await eachAtOnce(due, 4, async ({ tenantId, id }) => {
    const warnings = await hub.db.asTenant(tenantId, (tx) => expireReservation(tx, tenantId, id), { quiet: true });
    if (warnings.length) await warn(systemCtx(hub, tenantId, 'release-budgets'), warnings);
  });
  return due.length;
}
