import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import {
  prolongReservation,
  type Refusal,
  reserveBudgets,
  type Spender,
} from '../../db/queries/budget-reservations.ts';
import { recordCall } from './call-batches.ts';

/**
 * Room taken from budgets in advance: calls spend from it in memory, and for a second at most. Where there is little room it is what one
 * call may cost, so that none is refused for the sake of calls that nobody makes.
 */
export interface Slice extends Spender {
  id: string;
  tenantId: string;
  /** What calls may still take. */
  freeNano: number;
  /** Those that have taken and are not written down as ended. */
  calls: number;
  open: boolean;
  /** What had been written when it was taken: budgets may have changed since. */
  mark: number;
  /** `performance.now()` */
  until: number;
  /** What of each billionth stands for prompts: that counts when nobody will ever know how a call went. */
  promptShare: number;
  timer?: NodeJS.Timeout;
}

/** What one call holds. */
export interface Held {
  slice: Slice;
  nano: number;
}

/** All calls that count against the same budgets. */
interface Lane {
  slice?: Slice;
  /** Somebody takes the next one. */
  taking?: Promise<unknown>;
  /** What calls took from the last one. */
  tookNano: number;
}

/** A process that says nothing of its calls for so long is gone. */
const goneAfterS = 15 * 60;
const prolongEveryMs = 5 * 60_000;
/** Whoever does not end in three hours holds nothing any more, and is counted when it does. */
const prolongTimes = 36;
const openMs = 1_000;

const lanesOf = new WeakMap<Hub['db'], Map<string, Lane>>();

/**
 * Takes what a call may cost at most; null where no budget counts it.
 * @param nano null when nobody knows
 * @param promptCost what its prompt alone costs
 */
export async function take(
  ctx: Ctx,
  spender: Spender,
  nano: number | null,
  promptCost: () => Promise<number>,
): Promise<Held | null | Refusal[]> {
  const lanes = lanesOf.get(ctx.hub.db) ?? new Map<string, Lane>();
  lanesOf.set(ctx.hub.db, lanes);
  const key = `${ctx.tenantId} ${spender.apiKeyId} ${spender.connectorId}`;
  const lane = lanes.get(key) ?? { tookNano: 0 };
  lanes.set(key, lane);
  const known = drawn(ctx, lane, nano);
  if (known) return known;
  if (lane.taking) {
    await lane.taking;
    const shared = drawn(ctx, lane, nano);
    if (shared) return shared;
  }
  const taking = takeSlice(ctx, lane, spender, nano, promptCost);
  lane.taking = taking.then(
    () => {},
    () => {},
  );
  try {
    const slice = await taking;
    if (slice === null || Array.isArray(slice)) return slice;
    slice.timer = setTimeout(() => {
      if (lane.slice === slice) lanes.delete(key);
      void close(ctx, slice);
    }, openMs).unref();
    return { slice, nano: nano ?? 0 };
  } finally {
    lane.taking = undefined;
    if (!lane.slice) lanes.delete(key);
  }
}

function drawn({ hub }: Ctx, lane: Lane, nano: number | null): Held | null {
  const { slice } = lane;
  if (nano === null || !slice?.open || slice.freeNano < nano) return null;
  if (performance.now() >= slice.until || !hub.db.recent.isFresh(slice.tenantId, slice.mark)) return null;
  slice.freeNano -= nano;
  slice.calls += 1;
  lane.tookNano += nano;
  return { slice, nano };
}

async function takeSlice(
  ctx: Ctx,
  lane: Lane,
  spender: Spender,
  nano: number | null,
  promptCost: () => Promise<number>,
): Promise<Slice | null | Refusal[]> {
  const { db } = ctx.hub;
  const { mark } = db.recent;
  const sent = performance.now();
  const id = uuidv7();
  const promptNano = await promptCost();
  const wanted = { id, amountNano: nano, extraNano: 2 * lane.tookNano, promptNano, seconds: goneAfterS };
  const taken = await db.asTenant(ctx.tenantId, (tx) => reserveBudgets(tx, ctx.tenantId, { ...wanted, ...spender }), {
    quiet: true,
  });
  if (taken === null || Array.isArray(taken)) return taken;
  const freeNano = taken.nano - (nano ?? 0);
  const slice: Slice = {
    ...{ ...spender, id, tenantId: ctx.tenantId, mark },
    ...{ freeNano, calls: 1, open: freeNano > 0, promptShare: nano ? promptNano / nano : 0 },
    until: sent + Math.min(openMs, taken.seconds * 1000),
  };
  if (lane.slice) void close(ctx, lane.slice);
  lane.slice = slice;
  lane.tookNano = nano ?? 0;
  return slice;
}

/** What a record says of the slice that its call spends from, once it is known what it cost. */
export function spending({ slice, nano }: Held, costNano: number) {
  slice.freeNano += nano - costNano;
  return {
    slice: slice.id,
    prompt_nano: Math.floor(nano * slice.promptShare),
    closes: !slice.open && slice.calls === 1,
  };
}

/** The call is written down, or never left. */
export async function done(ctx: Ctx, { slice }: Held, closed: boolean): Promise<void> {
  slice.calls -= 1;
  if (closed) clearTimeout(slice.timer);
  else if (!slice.open && slice.calls === 0) await release(ctx, slice);
}

/** Nobody takes from it any more; what is left is given back when its last call ends. */
async function close(ctx: Ctx, slice: Slice): Promise<void> {
  clearTimeout(slice.timer);
  const wasOpen = slice.open;
  slice.open = false;
  if (slice.calls > 0) slice.timer = prolonging(ctx, slice);
  else if (wasOpen) await release(ctx, slice);
}

async function release(ctx: Ctx, { id, tenantId, connectorId, apiKeyId, timer }: Slice): Promise<void> {
  clearTimeout(timer);
  const record = { id, connector_id: connectorId, api_key_id: apiKeyId, slice: id, closes: true };
  await recordCall(ctx.hub, tenantId, record).catch((err) =>
    ctx.log.warn({ err }, 'what was left of a slice of budgets was not given back'),
  );
}

/** Keeps what long calls hold from being released. */
function prolonging({ hub, log }: Ctx, { id, tenantId }: Slice): NodeJS.Timeout {
  let times = 0;
  const prolong = () =>
    hub.db
      .asTenant(tenantId, (tx) => prolongReservation(tx, tenantId, id, goneAfterS), { quiet: true })
      .catch((err) => log.warn({ err }, 'a reservation was not prolonged'));
  const timer = setInterval(() => (times++ < prolongTimes ? prolong() : clearInterval(timer)), prolongEveryMs);
  return timer.unref();
}

/** Gives back what no call holds, before the process ends. */
export async function returnSlices(hub: Hub): Promise<void> {
  const lanes = lanesOf.get(hub.db);
  const ctx = { hub, log: hub.log } as Ctx;
  await Promise.all([...(lanes?.values() ?? [])].map(({ slice }) => slice && close(ctx, slice)));
  lanes?.clear();
}
