import { and, eq, gt, isNull, lt, ne, type SQL, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections, credentials } from '../schema/index.ts';
import type { CredentialRow } from './credentials.ts';

/** What the last rotation replaced, while it is kept for going back; null when there is nothing to go back to. */
export async function findReplaced(tx: Tx, tenantId: string, connectionId: string): Promise<CredentialRow | null> {
  const [row] = await tx
    .select()
    .from(credentials)
    .where(
      and(
        eq(credentials.tenantId, tenantId),
        eq(credentials.connectionId, connectionId),
        eq(credentials.state, 'previous'),
        eq(credentials.endedBy, 'rotated'),
        gt(credentials.keptUntil, sql`now()`),
      ),
    );
  return row ?? null;
}

/** Forgets what waited to be tested. */
export const endPending = (tx: Tx, tenantId: string, connectionId: string): Promise<void> =>
  forget(tx, and(ofConnection(tenantId, connectionId), eq(credentials.state, 'pending')), { endedBy: 'rejected' });

/** Forgets what was kept of earlier versions, but for this one. */
export const endPrevious = (tx: Tx, tenantId: string, connectionId: string, exceptId: string): Promise<void> =>
  forget(
    tx,
    and(ofConnection(tenantId, connectionId), eq(credentials.state, 'previous'), ne(credentials.id, exceptId)),
  );

const ofConnection = (tenantId: string, connectionId: string) =>
  and(eq(credentials.tenantId, tenantId), eq(credentials.connectionId, connectionId));

async function forget(tx: Tx, which: SQL | undefined, more: { endedBy?: string } = {}): Promise<void> {
  await tx
    .update(credentials)
    .set({ state: 'revoked', sealed: null, keptUntil: null, updatedAt: sql`now()`, ...more })
    .where(which);
}

export interface EndingCredential {
  connectionId: string;
  connectorId: string;
  expiresAt: Date;
}

/** Current credentials that end within so many days and that nothing renews, the first to end first. */
export async function selectEndingSoon(tx: Tx, tenantId: string, days: number): Promise<EndingCredential[]> {
  const rows = await tx
    .select({
      connectionId: connections.id,
      connectorId: connections.connectorId,
      expiresAt: credentials.expiresAt,
    })
    .from(credentials)
    .innerJoin(
      connections,
      and(eq(connections.tenantId, credentials.tenantId), eq(connections.id, credentials.connectionId)),
    )
    .where(
      and(
        eq(credentials.tenantId, tenantId),
        eq(credentials.state, 'current'),
        eq(credentials.kind, 'grant'),
        eq(connections.status, 'active'),
        isNull(connections.refreshAfter),
        lt(credentials.expiresAt, sql`now() + make_interval(days => ${days})`),
      ),
    )
    .orderBy(credentials.expiresAt);
  return rows as EndingCredential[];
}
