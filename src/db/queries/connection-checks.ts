import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections } from '../schema/index.ts';

/** The next scan checks all of the connector's connections that can be checked; returns their ids. */
export async function makeChecksDue(tx: Tx, tenantId: string, connectorId: string): Promise<string[]> {
  const rows = await tx
    .update(connections)
    .set({ nextCheckAt: sql`now()` })
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, connectorId),
        inArray(connections.status, ['active', 'expired']),
      ),
    )
    .returning({ id: connections.id });
  return rows.map(({ id }) => id);
}

/** Claims a check that is due; false when it is not, or somebody else has claimed it. Clocks may be half a minute apart. */
export async function claimDueCheck(tx: Tx, tenantId: string, id: string, minutes: number): Promise<boolean> {
  const claimed = await tx
    .update(connections)
    .set({ nextCheckAt: sql`now() + make_interval(mins => ${minutes})` })
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.id, id),
        inArray(connections.status, ['active', 'expired']),
        sql`${connections.nextCheckAt} <= now() + interval '30 seconds'`,
      ),
    )
    .returning({ id: connections.id });
  return claimed.length === 1;
}

/** Puts a claimed check off by ten seconds to a minute. */
export async function postponeCheck(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx
    .update(connections)
    .set({ nextCheckAt: sql`now() + make_interval(secs => 10 + 50 * random())` })
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)));
}
