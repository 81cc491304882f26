import { and, asc, desc, eq, inArray, lt, lte, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import { type PostTargetStatus, posts, postTargets } from '../schema/index.ts';
import type { JobPayload } from './jobs.ts';
import { isUuid } from './text.ts';

export type PostRow = typeof posts.$inferSelect;
export type PostTargetRow = typeof postTargets.$inferSelect;

export async function insertPost(
  tx: Tx,
  post: typeof posts.$inferInsert,
  targets: (typeof postTargets.$inferInsert)[],
): Promise<void> {
  await tx.insert(posts).values(post);
  await tx.insert(postTargets).values(targets);
}

/** The tenant's posts, newest first; those of one person when they are named. */
export function selectPosts(
  tx: Tx,
  tenantId: string,
  { beforeId, createdBy, limit }: { beforeId: string | null; createdBy: string | null; limit: number },
): Promise<PostRow[]> {
  return tx
    .select()
    .from(posts)
    .where(
      and(
        eq(posts.tenantId, tenantId),
        createdBy ? eq(posts.createdBy, createdBy) : undefined,
        beforeId && isUuid(beforeId) ? lt(posts.id, beforeId) : undefined,
      ),
    )
    .orderBy(desc(posts.id))
    .limit(limit);
}

export async function findPost(tx: Tx, tenantId: string, id: string, lock = false): Promise<PostRow | null> {
  if (!isUuid(id)) return null;
  const found = tx
    .select()
    .from(posts)
    .where(and(eq(posts.tenantId, tenantId), eq(posts.id, id)));
  const [row] = await (lock ? found.for('update') : found);
  return row ?? null;
}

export const cancelPostRow = (tx: Tx, tenantId: string, id: string) =>
  tx
    .update(posts)
    .set({ cancelledAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(eq(posts.tenantId, tenantId), eq(posts.id, id)));

export async function selectPostTargets(tx: Tx, tenantId: string, postIds: string[]): Promise<PostTargetRow[]> {
  if (!postIds.length) return [];
  return tx
    .select()
    .from(postTargets)
    .where(and(eq(postTargets.tenantId, tenantId), inArray(postTargets.postId, postIds)))
    .orderBy(asc(postTargets.position));
}

/**
 * Takes a target that is due for this caller alone, until so many seconds have passed; null when it is not due, or somebody else's.
 * `before` says what it was: `publishing` for an attempt that was lost.
 */
export async function claimPostTarget(
  tx: Tx,
  tenantId: string,
  id: string,
  { leaseSeconds, executionId }: { leaseSeconds: number; executionId: string },
): Promise<{ target: PostTargetRow; before: PostTargetStatus } | null> {
  const found = tx
    .select()
    .from(postTargets)
    .where(and(named(tenantId, id), lte(postTargets.dueAt, sql`now()`)));
  const [before] = await found.for('update', { skipLocked: true });
  if (!before || !['waiting', 'publishing'].includes(before.status)) return null;
  const [target] = await tx
    .update(postTargets)
    .set({
      status: 'publishing',
      dueAt: sql`now() + make_interval(secs => ${leaseSeconds})`,
      attempts: sql`${postTargets.attempts} + 1`,
      executionId,
    })
    .where(named(tenantId, id))
    .returning();
  return target ? { target, before: before.status } : null;
}

/** Notes how the attempt went, unless another one has begun meanwhile. */
export async function settlePostTarget(
  tx: Tx,
  { tenantId, id, attempts }: PostTargetRow,
  values: PgUpdateSetSource<typeof postTargets>,
): Promise<boolean> {
  const rows = await tx
    .update(postTargets)
    .set(values)
    .where(and(named(tenantId, id), eq(postTargets.status, 'publishing'), eq(postTargets.attempts, attempts)))
    .returning({ id: postTargets.id });
  return rows.length === 1;
}

/** Changes the targets of a post that stand so, all or one; gives their ids. */
export async function movePostTargets(
  tx: Tx,
  tenantId: string,
  postId: string,
  from: PostTargetStatus[],
  values: PgUpdateSetSource<typeof postTargets>,
  onlyId?: string,
): Promise<string[]> {
  const rows = await tx
    .update(postTargets)
    .set(values)
    .where(
      and(
        eq(postTargets.tenantId, tenantId),
        eq(postTargets.postId, postId),
        inArray(postTargets.status, from),
        onlyId ? eq(postTargets.id, onlyId) : undefined,
      ),
    )
    .returning({ id: postTargets.id });
  return rows.map(({ id }) => id);
}

const named = (tenantId: string, id: string) => and(eq(postTargets.tenantId, tenantId), eq(postTargets.id, id));

/** Targets of all tenants that may begin, or whose attempt was lost. */
export async function duePostTargets(db: Drizzle, max: number): Promise<JobPayload[]> {
  const rows = await db.execute(sql`select tenant_id, id from due_post_targets(${max})`);
  return rows as unknown as JobPayload[];
}
