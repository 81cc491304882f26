import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findSync, makeSyncDue, type RepositorySyncRow, selectRepositories } from '../../db/queries/repositories.ts';
import { AppError } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { mustFind } from '../connectors/connectors.ts';
import { enqueue } from '../queues.ts';
import { mustFindConnection } from './connections.ts';
import { repositoryQueue } from './repository-sync.ts';

export interface RepositoryQuery {
  q?: string;
  limit?: number;
  cursor?: string;
}

/**
 * The repositories that a connection sees, by name, as the last sync found them.
 * @throws AppError not_found; conflict for a service that has none
 */
export async function listRepositories(ctx: Ctx, connectionId: string, query: RepositoryQuery) {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 2) : null;
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const connection = await mustFindConnection(tx, ctx, connectionId);
      requireRepositories(ctx, await mustFind(tx, ctx, connection.connectorId));
      const rows = await selectRepositories(tx, ctx.tenantId, connection.id, { q: query.q, after, limit: limit + 1 });
      const list = page(rows, limit, (row) => [row.fullName, row.id]);
      return { ...list, sync: await findSync(tx, ctx.tenantId, connection.id) };
    },
    { readOnly: true },
  );
}

/**
 * Has the connection's repositories read again; one that is under way goes on.
 * @returns how the last one stands, null before the first
 * @throws AppError not_found; conflict for a service that has none
 */
export const requestSync = (ctx: Ctx, connectionId: string): Promise<RepositorySyncRow | null> =>
  ctx.hub.db.asTenant(ctx.tenantId, async (tx: Tx) => {
    const connection = await mustFindConnection(tx, ctx, connectionId);
    requireRepositories(ctx, await mustFind(tx, ctx, connection.connectorId));
    await makeSyncDue(tx, ctx.tenantId, connection.id);
    const payload = { tenant_id: ctx.tenantId, id: connection.id };
    await tx.transaction((inner) => enqueue(inner, repositoryQueue, payload)).catch(untilQueues);
    return findSync(tx, ctx.tenantId, connection.id);
  });

/** A hub that is still making its queues refuses nothing for it: the next scan finds what is due. */
function untilQueues(error: unknown) {
  if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
}

function requireRepositories(ctx: Ctx, { catalog }: { catalog: { key: string; name: string } }) {
  if (ctx.hub.drivers.get(catalog.key)?.listRepositories) return;
  throw new AppError('conflict', `${catalog.name} has no repositories.`);
}
