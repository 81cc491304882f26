import type { Ctx, Hub } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  claimExceeded,
  dueReservations,
  expireReservation,
  prolongReservation,
  type Refusal,
  reserveBudgets,
  settleBudgets,
  type Warning,
} from '../../db/queries/budget-reservations.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { shortUsd } from '../../lib/money.ts';
import { recordAudit } from '../audit.ts';
import { type Prices, pricesNow, worstCost } from '../gateway/llm-prices.ts';
import type { Seen } from '../gateway/llm-stream.ts';
import { apiKeyOf, type ModelCall, recordUsage } from '../gateway/llm-usage.ts';
import { guessTokens } from '../gateway/model-tiers.ts';
import { systemCtx } from '../system.ts';
import { BudgetRefused, budgetName, refusalOf } from './budget-refusals.ts';

/** A call that may leave the hub: what it may cost is taken from its budgets. */
export interface Reserved {
  call: ModelCall;
  /** Those in force when the call began. */
  prices: Prices;
}

/** A process that says nothing of its call for so long is gone. */
const goneAfterS = 15 * 60;
const prolongEveryMs = 5 * 60_000;
/** Whoever does not end in three hours holds nothing any more, and is counted when it does. */
const prolongTimes = 36;

/**
 * Takes what the call may cost at most from every budget that it counts against, in the transaction that makes the call leave. The rows of
 * the budgets stay locked until its end, so this comes late in it. What it throws goes through `tellingRefusals`.
 * @throws BudgetRefused
 */
export async function reserve(tx: Tx, ctx: Ctx, call: ModelCall): Promise<Reserved> {
  const prices = await pricesNow(tx, ctx.tenantId, call.priceList);
  const amountNano = await worstCost(prices, call.model, call.worst);
  const prompt = { in: guessTokens(call.promptCharacters), out: 0 };
  const refusals = await reserveBudgets(tx, ctx.tenantId, {
    id: call.executionId,
    apiKeyId: apiKeyOf(ctx),
    connectorId: call.connectorId,
    amountNano,
    promptNano: (await worstCost(prices, call.model, prompt)) ?? 0,
    seconds: goneAfterS,
  });
  if (refusals.length) throw refusalOf(refusals, call.model, amountNano);
  return { call, prices };
}

/**
 * Writes down what the call used and gives back what was reserved beyond that, in one transaction with how it went.
 * @param seen null when nothing was used
 * @returns the cost; null when nobody knows it, undefined when nothing was used
 */
export async function settle(tx: Tx, ctx: Ctx, { call, prices }: Reserved, seen: Seen | null) {
  const cost = seen ? await recordUsage(tx, ctx, call, prices, seen) : undefined;
  const spender = { apiKeyId: apiKeyOf(ctx), connectorId: call.connectorId };
  const settled = { id: call.executionId, costNano: cost?.nano ?? 0, ...spender };
  await warn(tx, ctx, await settleBudgets(tx, ctx.tenantId, settled));
  return cost;
}

/** Runs what reserves. Where a budget refuses, its people are told, once in a period. */
export async function tellingRefusals<T>(ctx: Ctx, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BudgetRefused)) throw error;
    const untold = error.refusals.filter((refusal) => refusal.untold);
    if (untold.length) await tell(ctx, untold).catch((err) => ctx.log.warn({ err }, 'a refusal was not announced'));
    throw error;
  }
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

async function warn(tx: Tx, ctx: Ctx, warnings: Warning[]): Promise<void> {
  for (const warning of warnings) {
    const details = { limit_usd: shortUsd(warning.limitNano), used_usd: shortUsd(warning.spentNano) };
    await recordAudit(tx, ctx, { action: 'budget.warned', subject: subjectOf(warning), details });
  }
}

/** Keeps what a long call holds from being released; returns what ends that. */
export function prolonging(ctx: Ctx, executionId: string): () => void {
  const prolong = () =>
    ctx.hub.db
      .asTenant(ctx.tenantId, (tx) => prolongReservation(tx, ctx.tenantId, executionId, goneAfterS))
      .catch((err) => ctx.log.warn({ err, execution_id: executionId }, 'a reservation was not prolonged'));
  let times = 0;
  const timer = setInterval(() => (times++ < prolongTimes ? prolong() : clearInterval(timer)), prolongEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Seconds after which the end of a call is written again when the database was away. */
const pausesS = [1, 5, 20, 60, 180];

/** Money was spent: what cannot be written now is tried again for a few minutes, also when the caller is told of the failure. */
export async function insistently<T>(ctx: Ctx, write: () => Promise<T>): Promise<T> {
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
    if (uniqueViolation(err)) return; // it had been written, and only the answer was lost
    if (round + 1 < pausesS.length) return again(ctx, write, round + 1);
    ctx.log.error({ err }, 'what a call used was not recorded');
  }
}

/** Releases what calls hold whose process is gone, for a job; returns how many. What their prompts cost is counted. */
export async function releaseReservations(hub: Hub): Promise<number> {
  const due = await dueReservations(hub.db.system, 500);
  await eachAtOnce(due, 4, ({ tenantId, id }) =>
    hub.db.asTenant(tenantId, async (tx) => {
      const ctx = systemCtx(hub, tenantId, 'release-budgets');
      await warn(tx, ctx, await expireReservation(tx, tenantId, id));
    }),
  );
  return due.length;
}
