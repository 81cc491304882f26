import { and, eq, gt, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { credentials } from '../schema/index.ts';
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

/** What is still kept of earlier versions. */
export const selectReplaced = (tx: Tx, tenantId: string, connectionId: string): Promise<CredentialRow[]> =>
  tx
    .select()
    .from(credentials)
    .where(and(ofConnection(tenantId, connectionId), eq(credentials.state, 'previous')));

/** Forgets what waited to be tested. */
export const endPending = (tx: Tx, tenantId: string, connectionId: string): Promise<void> =>
  forget(tx, and(ofConnection(tenantId, connectionId), eq(credentials.state, 'pending')), { endedBy: 'rejected' });

/** Keeps nothing of earlier versions any longer, but for this one; a job ends what was granted, the rest is forgotten at once. */
export async function endPrevious(tx: Tx, tenantId: string, connectionId: string, exceptId: string): Promise<void> {
  const earlier = and(
    ofConnection(tenantId, connectionId),
    eq(credentials.state, 'previous'),
    ne(credentials.id, exceptId),
  );
  await tx
    .update(credentials)
    .set({ keptUntil: sql`least(kept_until, now())`, updatedAt: sql`now()` })
    .where(and(earlier, eq(credentials.kind, 'grant'), ne(credentials.endedBy, 'refreshed')));
  await forget(tx, and(earlier, or(ne(credentials.kind, 'grant'), eq(credentials.endedBy, 'refreshed'))));
}

const ofConnection = (tenantId: string, connectionId: string) =>
  and(eq(credentials.tenantId, tenantId), eq(credentials.connectionId, connectionId));

async function forget(tx: Tx, which: SQL | undefined, more: { endedBy?: string } = {}): Promise<void> {
  await tx
    .update(credentials)
    .set({ state: 'revoked', sealed: null, keptUntil: null, updatedAt: sql`now()`, ...more })
    .where(which);
}
