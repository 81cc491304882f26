import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { countWaiting } from './approvals/approvals.ts';
import { countInstalled } from './connectors/installed.ts';

/** What the frame of every page tells. */
export interface Counters {
  /** How many connectors the workspace has. */
  installedCount: number;
  /** How many calls wait for this person. */
  waiting: number;
}

export function countersOf(ctx: Ctx): Promise<Counters> {
  const read = async (tx: Tx) => {
    const [installedCount, waiting] = await Promise.all([countInstalled(tx, ctx), countWaiting(tx, ctx)]);
    return { installedCount, waiting };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}
