import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { countWaiting } from './approvals/approvals.ts';
import { countInstalled } from './connectors/installed.ts';

/** What the frame of every page tells: how many connectors the workspace has, and how many calls wait for this person. */
export function countersOf(ctx: Ctx): Promise<{ installedCount: number; waiting: number }> {
  const read = async (tx: Tx) => {
    const [installedCount, waiting] = await Promise.all([countInstalled(tx, ctx), countWaiting(tx, ctx)]);
    return { installedCount, waiting };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}
