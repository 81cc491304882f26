import type { Ctx, Hub } from '../../context.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { dropCached, dueToolkitRefreshes, findCachedById } from '../../db/queries/toolkit-cache.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { systemCtx } from '../system.ts';
import { asBroker } from './brokers.ts';
import { keyOf, type Question, refresh } from './toolkit-cache.ts';

/** Seconds before an answer is old in which it is read again: twice the time between two runs of the job. */
const aheadSeconds = 120;

/** Reads again what is in use and will be old soon, of all tenants; returns how much that was. */
export async function refreshToolkits(hub: Hub): Promise<number> {
  const due = await dueToolkitRefreshes(hub.db.system, aheadSeconds, 100);
  const done = await eachAtOnce(due, 4, async ({ tenantId, id }) => {
    const ctx = systemCtx(hub, tenantId, 'refresh-toolkits');
    return refreshRow(ctx, id).catch((error: unknown) => {
      ctx.log.warn({ err: error }, 'a cached answer of a broker was not read again');
      return false;
    });
  });
  return done.filter(Boolean).length;
}

async function refreshRow(ctx: Ctx, id: string): Promise<boolean> {
  const found = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const row = await findCachedById(tx, ctx.tenantId, id);
    const connector = row && (await findConnector(tx, ctx.tenantId, row.connectorId));
    const target = connector && asBroker(ctx, connector);
    if (!row || !target) return null;
    const question = row.question as Question;
    if (keyOf(target.connector, question) === row.key) return { row, target, question };
    await dropCached(tx, ctx.tenantId, id); // asked with settings that are no more
    return null;
  });
  return found ? (await refresh(ctx, found.target, found.row, found.question)) !== null : false;
}
