import { and, desc, eq, getTableColumns, inArray, lte, max, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { prepared } from '../prepared.ts';
import { type CredentialState, credentials } from '../schema/index.ts';

export type CredentialRow = typeof credentials.$inferSelect;

/** The connection's newest credential in this state, or null. */
export async function findCredential(
  tx: Tx,
  tenantId: string,
  connectionId: string,
  state: CredentialState,
): Promise<CredentialRow | null> {
  const [row] = await findPrepared(tx, { tenantId, connectionId, state });
  return row ?? null;
}

const findPrepared = prepared((db) =>
  db
    .select()
    .from(credentials)
    .where(
      and(
        eq(credentials.tenantId, sql.placeholder('tenantId')),
        eq(credentials.connectionId, sql.placeholder('connectionId')),
        eq(credentials.state, sql.placeholder('state')),
      ),
    )
    .orderBy(desc(credentials.version))
    .limit(1),
);

/** One version by its id; null once it is gone. */
export async function findVersion(tx: Tx, tenantId: string, id: string): Promise<CredentialRow | null> {
  const [row] = await tx
    .select()
    .from(credentials)
    .where(and(eq(credentials.tenantId, tenantId), eq(credentials.id, id)));
  return row ?? null;
}

/** All versions, newest first, without what is sealed. */
export function selectCredentialHistory(tx: Tx, tenantId: string, connectionId: string, limit = 50) {
  const { sealed: _sealed, ...columns } = getTableColumns(credentials);
  return tx
    .select(columns)
    .from(credentials)
    .where(and(eq(credentials.tenantId, tenantId), eq(credentials.connectionId, connectionId)))
    .orderBy(desc(credentials.version))
    .limit(limit);
}

/** The newest versions of each of these connections, newest first, without what is sealed. */
export async function selectCredentialHistories(tx: Tx, tenantId: string, connectionIds: string[], each: number) {
  if (!connectionIds.length) return [];
  const { sealed: _sealed, ...columns } = getTableColumns(credentials);
  const rank = sql<number>`row_number() over (partition by ${credentials.connectionId} order by ${credentials.version} desc)`;
  const ranked = tx
    .select({ ...columns, rank: rank.as('rank') })
    .from(credentials)
    .where(and(eq(credentials.tenantId, tenantId), inArray(credentials.connectionId, connectionIds)))
    .as('ranked');
  return tx.select().from(ranked).where(lte(ranked.rank, each)).orderBy(desc(ranked.version));
}

/** The number of the next version; the caller has locked the connection. */
export async function nextVersion(tx: Tx, tenantId: string, connectionId: string): Promise<number> {
  const [row] = await tx
    .select({ newest: max(credentials.version) })
    .from(credentials)
    .where(and(eq(credentials.tenantId, tenantId), eq(credentials.connectionId, connectionId)));
  return (row?.newest ?? 0) + 1;
}

export async function insertCredential(tx: Tx, values: typeof credentials.$inferInsert): Promise<CredentialRow> {
  const [row] = await tx.insert(credentials).values(values).returning();
  return row as CredentialRow;
}

/** Changes the row; false when it is gone or not in this state any more. */
export async function updateCredential(
  tx: Tx,
  tenantId: string,
  id: string,
  state: CredentialState,
  values: PgUpdateSetSource<typeof credentials>,
): Promise<boolean> {
  const done = await tx
    .update(credentials)
    .set({ ...values, updatedAt: new Date() })
    .where(and(eq(credentials.tenantId, tenantId), eq(credentials.id, id), eq(credentials.state, state)))
    .returning({ id: credentials.id });
  return done.length === 1;
}

/** Previous credentials of all tenants that are kept no longer. */
export async function dueCredentialEndings(tx: { execute: Tx['execute'] }, most: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_credential_endings(${most})`);
  return (rows as unknown as { tenant_id: string; id: string }[]).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
  }));
}

/** Removes the contents of a previous credential that is kept no longer, also now; says whether. */
export async function wipeCredential(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const wiped = await tx
    .update(credentials)
    .set({ state: 'revoked', sealed: null, updatedAt: sql`now()` })
    .where(
      and(
        eq(credentials.tenantId, tenantId),
        eq(credentials.id, id),
        eq(credentials.state, 'previous'),
        sql`${credentials.keptUntil} < now()`,
      ),
    )
    .returning({ id: credentials.id });
  return wiped.length === 1;
}
