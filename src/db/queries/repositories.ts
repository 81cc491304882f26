import { and, asc, eq, ilike, lt, ne, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../client.ts';
import { repositories, repositorySyncs } from '../schema/index.ts';
import { containing, isUuid } from './text.ts';

export type RepositoryRow = typeof repositories.$inferSelect;
export type RepositorySyncRow = typeof repositorySyncs.$inferSelect;

export interface RepositoryFilter {
  /** Words in the full name. */
  q?: string;
  /** The last name and id of the previous page. */
  after?: string[] | null;
  limit: number;
}

/** By full name. */
export function selectRepositories(
  tx: Tx,
  tenantId: string,
  connectionId: string,
  { q, after, limit }: RepositoryFilter,
): Promise<RepositoryRow[]> {
  const [name, id] = after ?? [];
  return tx
    .select()
    .from(repositories)
    .where(
      and(
        ofConnection(tenantId, connectionId),
        ...(q ?? '')
          .split(/\s+/)
          .filter(Boolean)
          .map((word) => ilike(repositories.fullName, containing(word))),
        name !== undefined && isUuid(id ?? '')
          ? sql`(${repositories.fullName}, ${repositories.id}) > (${name}, ${id}::uuid)`
          : undefined,
      ),
    )
    .orderBy(asc(repositories.fullName), asc(repositories.id))
    .limit(limit);
}

const ofConnection = (tenantId: string, connectionId: string) =>
  and(eq(repositories.tenantId, tenantId), eq(repositories.connectionId, connectionId));

/** Adds what is new and brings the rest up to date. The rows are of one connection, each external id once. */
export async function upsertRepositories(
  tx: Tx,
  seen: Omit<typeof repositories.$inferInsert, 'id' | 'syncedAt'>[],
): Promise<void> {
  if (!seen.length) return;
  const rows = seen.map((row) => ({ ...row, id: uuidv7(), syncedAt: sql`clock_timestamp()` }));
  const fresh = (column: string) => sql.raw(`excluded."${column}"`);
  await tx
    .insert(repositories)
    .values(rows)
    .onConflictDoUpdate({
      target: [repositories.tenantId, repositories.connectionId, repositories.externalId],
      set: {
        fullName: fresh('full_name'),
        description: fresh('description'),
        defaultBranch: fresh('default_branch'),
        private: fresh('private'),
        archived: fresh('archived'),
        url: fresh('url'),
        syncedAt: fresh('synced_at'),
      },
    });
}

/** Removes what was not seen since then. */
export async function deleteUnseen(tx: Tx, tenantId: string, connectionId: string, since: Date): Promise<void> {
  await tx.delete(repositories).where(and(ofConnection(tenantId, connectionId), lt(repositories.syncedAt, since)));
}

export const countRepositories = (tx: Tx, tenantId: string, connectionId: string): Promise<number> =>
  tx.$count(repositories, ofConnection(tenantId, connectionId));

/** How the last reading went; null before the first one. */
export async function findSync(tx: Tx, tenantId: string, connectionId: string): Promise<RepositorySyncRow | null> {
  const [row] = await tx.select().from(repositorySyncs).where(syncOf(tenantId, connectionId));
  return row ?? null;
}

const syncOf = (tenantId: string, connectionId: string) =>
  and(eq(repositorySyncs.tenantId, tenantId), eq(repositorySyncs.connectionId, connectionId));

/** Begins a reading unless one is under way; null then. */
export async function claimSync(tx: Tx, tenantId: string, connectionId: string): Promise<RepositorySyncRow | null> {
  const turn = uuidv7();
  const running = {
    turn,
    status: 'running' as const,
    startedAt: sql`clock_timestamp()`,
    finishedAt: null,
    dueAt: sql`now() + interval '1 hour'`,
  };
  const [row] = await tx
    .insert(repositorySyncs)
    .values({ tenantId, id: uuidv7(), connectionId, ...running })
    .onConflictDoUpdate({
      target: [repositorySyncs.tenantId, repositorySyncs.connectionId],
      set: running,
      setWhere: sql`${repositorySyncs.status} <> 'running' or ${repositorySyncs.dueAt} <= now()`,
    })
    .returning();
  return row ?? null;
}

/** Lets the next scan find it, unless a reading is under way. */
export async function makeSyncDue(tx: Tx, tenantId: string, connectionId: string): Promise<void> {
  await tx
    .update(repositorySyncs)
    .set({ dueAt: sql`now()` })
    .where(and(syncOf(tenantId, connectionId), ne(repositorySyncs.status, 'running')));
}

/** Ends one's own turn; false when it was taken over meanwhile. */
export async function settleSync(
  tx: Tx,
  { tenantId, connectionId, turn }: Pick<RepositorySyncRow, 'tenantId' | 'connectionId' | 'turn'>,
  values: { status: 'succeeded' | 'failed'; error: string | null; count?: number; nextInHours: number },
): Promise<boolean> {
  const { nextInHours, ...ending } = values;
  const dueAt = sql`now() + make_interval(hours => ${nextInHours})`;
  const done = await tx
    .update(repositorySyncs)
    .set({ ...ending, dueAt, finishedAt: sql`now()` })
    .where(and(syncOf(tenantId, connectionId), eq(repositorySyncs.turn, turn)))
    .returning({ id: repositorySyncs.id });
  return done.length === 1;
}

/** Connections of all tenants whose next reading is due, of these catalog entries. */
export async function dueSyncs(db: { execute: Tx['execute'] }, catalogKeys: string[], max: number) {
  const keys = sql`array[${sql.join(
    catalogKeys.map((key) => sql`${key}`),
    sql`, `,
  )}]::text[]`;
  const rows = await db.execute(sql`select tenant_id, id from due_repository_syncs(${keys}, ${max})`);
  return rows as unknown as { tenant_id: string; id: string }[];
}
