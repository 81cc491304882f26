import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { rolledUntil } from '../../db/queries/usage-facts.ts';
import {
  claimRollups,
  closedUntil,
  dueUsageRollups,
  firstHour,
  forgetLlmUsage,
  hourOfCall,
  lateHours,
  writeRollups,
} from '../../db/queries/usage-rollups.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';

type Parts = Pick<Hub, 'db' | 'log'>;

const hourMs = 3_600_000;
/** How much is summed up in one transaction, an hour at least: statements have three seconds. */
const stretchMs = 24 * hourMs;
const stretchCalls = 20_000;
/** How long it is looked for rows that came after their hour was summed up. */
const lateMs = 48 * hourMs;
/** How long single calls are kept, in days; a year and a month. */
const keepDays = 400;

/**
 * Sums up what language models used in the hours that are over, for a job. An hour is made from the calls themselves each time, so
 * it may run again at any point, and on several hubs. Returns how many sums it wrote.
 */
export async function rollUpUsage({ db, log }: Parts): Promise<number> {
  const due = await dueUsageRollups(db.system);
  const written = await eachAtOnce(due, 2, (tenantId) =>
    // One workspace’s trouble is no other’s; the calls stay, and the next run begins where this one stopped.
    rollUpTenant(db, tenantId).catch((err: unknown) => {
      log.error({ err, tenant_id: tenantId }, 'usage was not summed up');
      return 0;
    }),
  );
  return written.reduce((sum, rows) => sum + rows, 0);
}

async function rollUpTenant(db: Parts['db'], tenantId: string): Promise<number> {
  let written = 0;
  for (;;) {
    const rows = await db.asTenant(tenantId, (tx) => rollUpNext(tx, tenantId));
    if (rows === 0) break;
    written += rows;
  }
  return written + (await db.asTenant(tenantId, (tx) => mendLateHours(tx, tenantId)));
}

/** The oldest hours that are not summed up, in order: what lies before the newest sum is complete. */
async function rollUpNext(tx: Tx, tenantId: string): Promise<number> {
  if (!(await claimRollups(tx, tenantId))) return 0;
  const closed = await closedUntil(tx);
  const from = await firstHour(tx, tenantId, await rolledUntil(tx, tenantId), closed);
  if (!from) return 0;
  const many = await hourOfCall(tx, tenantId, from, stretchCalls);
  const enough = Math.max(from.getTime() + hourMs, many?.getTime() ?? Number.POSITIVE_INFINITY);
  const until = new Date(Math.min(from.getTime() + stretchMs, closed.getTime(), enough));
  return writeRollups(tx, tenantId, { from, until });
}

/** Rows get the time at which their transaction began; after a step of the clock that may be one in an hour that was summed up. */
async function mendLateHours(tx: Tx, tenantId: string): Promise<number> {
  const until = await rolledUntil(tx, tenantId);
  if (!until || !(await claimRollups(tx, tenantId))) return 0;
  const late = await lateHours(tx, tenantId, { from: new Date(until.getTime() - lateMs), until });
  let written = 0;
  for (const from of late)
    written += await writeRollups(tx, tenantId, { from, until: new Date(from.getTime() + hourMs) });
  return written;
}

/** Clears away old calls that are summed up, for a job; returns how many. The sums stay. */
export const forgetOldCalls = ({ db }: Pick<Hub, 'db'>): Promise<number> => forgetLlmUsage(db.system, keepDays, 10_000);
