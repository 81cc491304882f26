import { type Ctx, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionFilter, type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import { notFound } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { findPair } from './connection-pair.ts';

export type ConnectionQuery = Pick<ConnectionFilter, 'status' | 'health'> & {
  connectorId?: string;
  limit?: number;
  cursor?: string;
};

/**
 * The connections of the workspace that this actor reaches, in the order in which they were made; none of deleted connectors.
 * @param tenantId has to be the actor's own
 * @throws AppError not_found for another workspace
 */
export async function listConnections(ctx: Ctx, tenantId: string, query: ConnectionQuery = {}) {
  if (tenantId !== ctx.tenantId) throw notFound('organization');
  const { connectorId, status, health, limit = 50, cursor } = query;
  const after = cursor ? decodeCursor(cursor, 1) : null;
  const read = async (tx: Tx) =>
    selectConnections(tx, ctx.tenantId, {
      ...{ connectorIds: connectorId ? [connectorId] : undefined, status, health, installed: true },
      reachableBy: mayActAs(ctx.actor, 'admin') ? null : personOf(ctx.actor),
      afterId: after?.[0],
      limit: limit + 1,
    });
  const rows = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  return page(rows, limit, ({ id }) => [id]);
}

/** @throws AppError not_found, also when its connector is deleted */
export const getConnection = (ctx: Ctx, id: string): Promise<ConnectionRow> =>
  ctx.hub.db.asTenant(ctx.tenantId, async (tx) => (await findPair(tx, ctx, id)).connection, { readOnly: true });
