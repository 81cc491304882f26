import type { Ctx, Hub } from '../../context.ts';
import {
  claimSync,
  countRepositories,
  deleteUnseen,
  dueSyncs,
  type RepositorySyncRow,
  settleSync,
  upsertRepositories,
} from '../../db/queries/repositories.ts';
import { type RepositoryRecord, ServiceError } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { oneLine } from '../../lib/one-line.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { mustUseConnection } from '../calls/call-targets.ts';
import { callService } from '../calls/connected-calls.ts';
import { defineQueue, enqueueAll } from '../queues.ts';

/** Reading a connection's repositories; one that waits or is under way is not started again. */
export const repositoryQueue = defineQueue('repository-sync');

const perScan = 500;
/** Thousands of repositories, page by page, at the service's own pace. */
const deadlineMs = 10 * 60_000;

/** Puts what was never read, or is due again, into the queue, of all tenants; returns how much that was. */
export async function scanDueSyncs(hub: Hub): Promise<number> {
  const keys = [...hub.drivers.values()].filter((driver) => driver.listRepositories).map(({ entry }) => entry.key);
  if (!keys.length) return 0;
  const due = await dueSyncs(hub.db.system, keys, perScan);
  await enqueueAll(hub.db.system, repositoryQueue, due);
  return due.length;
}

/**
 * Reads all repositories that the connection sees; what is gone there goes here as well. A failure is kept with the connection.
 * @returns how many there are now; 0 when it failed, or somebody else is at it
 * @throws AppError not_found
 */
export async function syncRepositories(ctx: Ctx, connectionId: string, signal?: AbortSignal): Promise<number> {
  const turn = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    await mustUseConnection(tx, ctx, connectionId).catch(orBlocked);
    return claimSync(tx, ctx.tenantId, connectionId);
  });
  if (!turn) return 0;
  try {
    await readAll(ctx, turn, signal);
    return await succeeded(ctx, turn);
  } catch (error) {
    const sentence = sentenceOf(error);
    await failed(ctx, turn, sentence ?? 'The repositories could not be read. It will be tried again.');
    if (sentence === null) throw error;
    return 0;
  }
}

/** A connection that cannot be used is told of as well, where people look for its repositories. */
function orBlocked(error: unknown) {
  if (!(error instanceof AppError) || error.code === 'not_found') throw error;
}

async function readAll(ctx: Ctx, turn: RepositorySyncRow, signal?: AbortSignal): Promise<void> {
  const { connector, connection } = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => mustUseConnection(tx, ctx, turn.connectionId),
    { readOnly: true },
  );
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver?.listRepositories) throw new AppError('conflict', `${connector.catalog.name} has no repositories.`);
  const list = driver.listRepositories;
  await callService(
    ctx,
    { driver, connector, connection },
    { sideEffect: 'none', signal, deadlineMs },
    async (context) => {
      for await (const page of list(context)) await keep(ctx, turn, page);
    },
  );
}

/** A page at a time, so that no transaction is open while the service answers. */
const keep = (ctx: Ctx, { tenantId, connectionId }: RepositorySyncRow, page: RepositoryRecord[]) =>
  ctx.hub.db.asTenant(tenantId, (tx) => {
    const each = new Map(page.map((record) => [record.externalId, record]));
    const rows = [...each.values()].map((record) => ({ ...plain(record), tenantId, connectionId }));
    return upsertRepositories(tx, rows);
  });

/** Texts of others, as they may stand on a page. */
const plain = (record: RepositoryRecord): RepositoryRecord => ({
  ...record,
  fullName: oneLine(record.fullName),
  description: record.description === null ? null : oneLine(record.description, 1_000),
});

/** What was not seen in this turn is gone; unless the turn was taken over by somebody who is still reading. */
const succeeded = (ctx: Ctx, turn: RepositorySyncRow): Promise<number> =>
  ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { tenantId, connectionId, startedAt } = turn;
    const ending = { status: 'succeeded' as const, error: null, nextInHours: 24 };
    if (!(await settleSync(tx, turn, ending))) return 0;
    await deleteUnseen(tx, tenantId, connectionId, startedAt);
    const count = await countRepositories(tx, tenantId, connectionId);
    await settleSync(tx, turn, { ...ending, count });
    return count;
  });

const failed = (ctx: Ctx, turn: RepositorySyncRow, error: string) =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => settleSync(tx, turn, { status: 'failed', error, nextInHours: 1 }));

const sentenceOf = (error: unknown): string | null =>
  error instanceof ServiceError || error instanceof OutboundError || error instanceof AppError ? error.message : null;
