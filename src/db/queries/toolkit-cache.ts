import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Drizzle, Tx } from '../client.ts';
import { toolkitCache } from '../schema/index.ts';

export type CachedRow = typeof toolkitCache.$inferSelect & { stale: boolean };

const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;
const ofConnector = (tenantId: string, connectorId: string) =>
  and(eq(toolkitCache.tenantId, tenantId), eq(toolkitCache.connectorId, connectorId));
const row = (tenantId: string, id: string) => and(eq(toolkitCache.tenantId, tenantId), eq(toolkitCache.id, id));
const stale = sql<boolean>`${toolkitCache.staleAt} <= now()`;

/** What was answered to this, or null. */
export async function findCached(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  key: string,
): Promise<CachedRow | null> {
  const [found] = await tx
    .select({ row: toolkitCache, stale })
    .from(toolkitCache)
    .where(and(ofConnector(tenantId, connectorId), eq(toolkitCache.key, key)));
  return found ? { ...found.row, stale: found.stale } : null;
}

export async function findCachedById(tx: Tx, tenantId: string, id: string): Promise<CachedRow | null> {
  const [found] = await tx.select({ row: toolkitCache, stale }).from(toolkitCache).where(row(tenantId, id));
  return found ? { ...found.row, stale: found.stale } : null;
}

/** Notes that it was asked for, unless that was noted within the last minutes. */
export async function noteCacheUse(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx
    .update(toolkitCache)
    .set({ usedAt: sql`now()` })
    .where(and(row(tenantId, id), lt(toolkitCache.usedAt, sql`now() - interval '5 minutes'`)));
}

/** Claims reading it again; false while somebody else is at it, or has just failed. */
export async function claimCached(tx: Tx, tenantId: string, id: string, seconds: number): Promise<boolean> {
  const claimed = await tx
    .update(toolkitCache)
    .set({ claimedUntil: inSeconds(seconds) })
    .where(and(row(tenantId, id), or(isNull(toolkitCache.claimedUntil), lt(toolkitCache.claimedUntil, sql`now()`))))
    .returning({ id: toolkitCache.id });
  return claimed.length === 1;
}

type Answer = Pick<
  typeof toolkitCache.$inferInsert,
  'tenantId' | 'connectorId' | 'key' | 'question' | 'value' | 'bytes' | 'version'
>;

/** Keeps an answer for so many seconds, in place of the one before. */
export async function storeCached(tx: Tx, answer: Answer, seconds: number): Promise<void> {
  const fresh = { fetchedAt: sql`now()`, staleAt: inSeconds(seconds), claimedUntil: null };
  const { value, bytes, version } = answer;
  await tx
    .insert(toolkitCache)
    .values({ ...answer, ...fresh, id: uuidv7(), usedAt: sql`now()` })
    .onConflictDoUpdate({
      target: [toolkitCache.tenantId, toolkitCache.connectorId, toolkitCache.key],
      set: { value, bytes, version, ...fresh },
    });
}

export async function dropCached(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(toolkitCache).where(row(tenantId, id));
}

/** Drops what describes another version of these toolkits than the one that is known now; returns how much that was. */
export async function dropOtherVersions(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  versions: Record<string, string>,
): Promise<number> {
  const gone = await tx
    .delete(toolkitCache)
    .where(
      and(
        ofConnector(tenantId, connectorId),
        sql`${toolkitCache.version} <> (${JSON.stringify(versions)}::jsonb ->> (${toolkitCache.question} ->> 'toolkit'))`,
      ),
    )
    .returning({ id: toolkitCache.id });
  return gone.length;
}

/** Keeps the answers of a connector within so many rows and bytes; what was longest not asked for goes first. */
export async function boundCache(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  { rows, bytes }: { rows: number; bytes: number },
): Promise<void> {
  await tx.execute(sql`
    delete from toolkit_cache where tenant_id = ${tenantId} and id in (
      select id from (
        select id, row_number() over newest as n, sum(bytes) over newest as total from toolkit_cache
        where tenant_id = ${tenantId} and connector_id = ${connectorId}
        window newest as (order by used_at desc, id desc)
      ) ranked where n > ${rows} or total > ${bytes})`);
}

/** Answers that are in use and will be old within so many seconds, of any tenant; for a job. */
export async function dueToolkitRefreshes(
  db: Drizzle,
  aheadSeconds: number,
  max: number,
): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_toolkit_refreshes(${aheadSeconds}, ${max})`,
  );
  return rows.map(({ tenant_id, id }) => ({ tenantId: tenant_id, id }));
}
