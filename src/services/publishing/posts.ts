import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, mayActAs, personOf } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  cancelPostRow,
  findPost,
  insertPost,
  movePostTargets,
  type PostRow,
  type PostTargetRow,
  selectPosts,
  selectPostTargets,
} from '../../db/queries/posts.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { refuseUnapproved } from '../api-keys/key-limits.ts';
import { recordAudit } from '../audit.ts';
import { enqueueAll } from '../queues.ts';
import { type Planned, type PublishInput, plan } from './post-plans.ts';
import { publishQueue } from './post-publishing.ts';

export interface Post extends PostRow {
  status: 'scheduled' | 'publishing' | 'published' | 'partly_published' | 'failed' | 'outcome_unknown' | 'cancelled';
  targets: PostTargetRow[];
}

/**
 * Publishes one content to several connectors: checks it for all of them, then hands it to the queue.
 * @throws AppError not_found for a connector that is not here, approval_required, invalid_input with all problems at once, by target and field
 */
export async function publish(ctx: Ctx, input: PublishInput): Promise<Post> {
  requireOwnSay(ctx);
  const { plans, problems } = await plan(ctx, input);
  const all = { ...problems };
  for (const [index, { problems: own }] of plans.entries())
    for (const [field, messages] of Object.entries(own)) all[`targets.${index}${field && `.${field}`}`] = messages;
  if (Object.keys(all).length) throw invalid(all);
  const id = input.id ?? uuidv7();
  await ctx.hub.db
    .asTenant(ctx.tenantId, (tx) => insert(tx, ctx, id, input, plans))
    .catch((error: unknown) => {
      if (uniqueViolation(error) === 'posts_tenant_id_id_pk')
        throw new AppError('conflict', 'This was published already. Its record tells how it went.');
      throw error;
    });
  return getPost(ctx, id);
}

/** A post is under way for days, at several services: what a key may not do alone it does by their tools, one by one. */
const requireOwnSay = (ctx: Ctx) => refuseUnapproved(ctx, 'a post', { changes: true, adds: true });

async function insert(tx: Tx, ctx: Ctx, id: string, { content, scheduledAt = null }: PublishInput, plans: Planned[]) {
  const { tenantId, actor } = ctx;
  const person = personOf(actor);
  const by = { createdBy: person, updatedBy: person, createdByName: actor.name, updatedByName: actor.name };
  const rows = plans.map(({ connectorId, name, catalogKey, target }, position) => ({
    ...{ tenantId, id: uuidv7(), postId: id, position, connectorId, connectorName: name, catalogKey },
    connectionId: target?.connection.id ?? '',
    dueAt: scheduledAt ?? new Date(0),
  }));
  await insertPost(tx, { tenantId, id, content: { ...content }, scheduledAt, ...by }, rows);
  const details = { targets: plans.map(({ name }) => name), scheduled_at: scheduledAt?.toISOString() ?? null };
  await recordAudit(tx, ctx, { action: 'post.created', subject: subjectOf(id, content), details });
  if (!scheduledAt)
    await soon(
      tx,
      tenantId,
      rows.map((row) => row.id),
    );
}

/** Newest first: one's own, and everybody's for owners and admins. */
export async function listPosts(ctx: Ctx, query: { limit?: number; cursor?: string } = {}) {
  const limit = query.limit ?? 50;
  const beforeId = query.cursor ? (decodeCursor(query.cursor, 1)[0] ?? null) : null;
  const read = async (tx: Tx) => {
    const rows = await selectPosts(tx, ctx.tenantId, { beforeId, createdBy: authorOf(ctx), limit: limit + 1 });
    const targets = await selectPostTargets(
      tx,
      ctx.tenantId,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => withTargets(row, targets));
  };
  return page(await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true }), limit, (row) => [row.id]);
}

const authorOf = ({ actor }: Ctx) => (mayActAs(actor, 'admin') ? null : personOf(actor));

/** @throws AppError not_found */
export const getPost = (ctx: Ctx, id: string): Promise<Post> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => read(tx, ctx, id), { readOnly: true });

async function read(tx: Tx, ctx: Ctx, id: string, lock = false): Promise<Post> {
  const row = await findPost(tx, ctx.tenantId, id, lock);
  const author = authorOf(ctx);
  if (!row || (author && row.createdBy !== author)) throw notFound('post');
  return withTargets(row, await selectPostTargets(tx, ctx.tenantId, [id]));
}

function withTargets(row: PostRow, all: PostTargetRow[]): Post {
  const targets = all.filter(({ postId }) => postId === row.id);
  return { ...row, status: statusOf(row, targets), targets };
}

function statusOf({ scheduledAt }: PostRow, targets: PostTargetRow[]): Post['status'] {
  const is = (status: PostTargetRow['status']) => targets.filter((each) => each.status === status).length;
  if (is('waiting') === targets.length && scheduledAt && scheduledAt > new Date()) return 'scheduled';
  if (is('waiting') || is('publishing')) return 'publishing';
  if (is('published') === targets.length) return 'published';
  if (is('published')) return 'partly_published';
  if (is('cancelled') === targets.length) return 'cancelled';
  return is('outcome_unknown') ? 'outcome_unknown' : 'failed';
}

/** Stops what has not begun. @throws AppError not_found, conflict when there is nothing to stop any more */
export function cancelPost(ctx: Ctx, id: string): Promise<Post> {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const post = await read(tx, ctx, id, true);
    const stopped = await movePostTargets(tx, ctx.tenantId, id, ['waiting'], { status: 'cancelled', dueAt: null });
    if (!stopped.length)
      throw new AppError('conflict', 'Nothing of this waits any more, so there is nothing to cancel.');
    await cancelPostRow(tx, ctx.tenantId, id);
    await recordAudit(tx, ctx, { action: 'post.cancelled', subject: subjectOf(id, post.content) });
    return read(tx, ctx, id);
  });
}

/**
 * Tries again where it failed. What may be out already is looked for first where the service lets us look; elsewhere it is published
 * again only when `includeUnknown` says so.
 * @throws AppError not_found, approval_required, conflict when nothing failed
 */
export async function retryPost(ctx: Ctx, id: string, { includeUnknown = false } = {}): Promise<Post> {
  requireOwnSay(ctx);
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const post = await read(tx, ctx, id, true);
    const again = { dueAt: sql`now()`, errorCode: null, errorMessage: null, retryable: false };
    const moved = await movePostTargets(tx, ctx.tenantId, id, ['failed'], { status: 'waiting', ...again });
    const searchable = (key: string) => ctx.hub.drivers.get(key)?.publisher?.find !== undefined;
    for (const { id: targetId, catalogKey, status } of post.targets) {
      if (status !== 'outcome_unknown' || !(searchable(catalogKey) || includeUnknown)) continue;
      const next = searchable(catalogKey) ? 'publishing' : 'waiting';
      moved.push(
        ...(await movePostTargets(tx, ctx.tenantId, id, ['outcome_unknown'], { status: next, ...again }, targetId)),
      );
    }
    if (!moved.length)
      throw new AppError(
        'conflict',
        'Nothing of this failed, or it is not known whether it did. Look at the service first.',
      );
    await recordAudit(tx, ctx, { action: 'post.retried', subject: subjectOf(id, post.content) });
    await soon(tx, ctx.tenantId, moved);
    return read(tx, ctx, id);
  });
}

const subjectOf = (id: string, content: { title?: unknown; text?: unknown }) => ({
  type: 'post',
  id,
  name: String(content.title || content.text).slice(0, 80),
});

/** A hub that is still making its queues refuses nothing for it: the next scan finds what waits. */
async function soon(tx: Tx, tenantId: string, ids: string[]) {
  const payloads = ids.map((id) => ({ tenant_id: tenantId, id }));
  await tx
    .transaction((inner) => enqueueAll(inner, publishQueue, payloads))
    .catch((error) => {
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
    });
}
