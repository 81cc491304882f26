import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections, credentials } from '../schema/index.ts';
import type { ConnectionRow } from './connections.ts';

/**
 * Takes the right to renew the connection's credential for so many seconds, by the database's clock; false while somebody else has it.
 */
export async function claimRefresh(
  tx: Tx,
  { tenantId, id }: Pick<ConnectionRow, 'tenantId' | 'id'>,
  claim: string,
  seconds: number,
): Promise<boolean> {
  const taken = await tx
    .update(connections)
    .set({ refreshClaim: claim, refreshClaimedUntil: sql`now() + make_interval(secs => ${seconds})` })
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.id, id),
        or(isNull(connections.refreshClaimedUntil), lt(connections.refreshClaimedUntil, sql`now()`)),
      ),
    )
    .returning({ id: connections.id });
  return taken.length === 1;
}

/** Notes when the credential first worked; false when that is known already. */
export async function markVerified(tx: Tx, tenantId: string, credentialId: string): Promise<boolean> {
  const noted = await tx
    .update(credentials)
    .set({ verifiedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(eq(credentials.tenantId, tenantId), eq(credentials.id, credentialId), isNull(credentials.verifiedAt)))
    .returning({ id: credentials.id });
  return noted.length === 1;
}

/** Forgets the contents of what was renewed: its successor works. */
export async function forgetRefreshed(tx: Tx, tenantId: string, connectionId: string): Promise<void> {
  await tx
    .update(credentials)
    .set({ state: 'revoked', sealed: null, keptUntil: null, updatedAt: sql`now()` })
    .where(
      and(
        eq(credentials.tenantId, tenantId),
        eq(credentials.connectionId, connectionId),
        eq(credentials.state, 'previous'),
        eq(credentials.endedBy, 'refreshed'),
      ),
    );
}

/** Connections of all tenants whose credential is due to be renewed. */
export async function dueRefreshes(tx: { execute: Tx['execute'] }, max: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_refreshes(${max})`);
  return rows as unknown as { tenant_id: string; id: string }[];
}

/** The database's clock, which all replicas share. */
export async function databaseNow(tx: Tx): Promise<Date> {
  const [row] = (await tx.execute(sql`select extract(epoch from now()) * 1000 as ms`)) as unknown as { ms: string }[];
  return new Date(Number(row?.ms));
}
