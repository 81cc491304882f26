import type { Ctx } from '../context.ts';
import {
  type ConnectorFilter,
  type ConnectorRow,
  countByStatus,
  selectConnectors,
  selectInstalledEntries,
} from '../db/queries/connectors.ts';
import { decodeCursor, page } from '../lib/pagination.ts';
import { findUnreadable } from './connector-view.ts';
import { mustFind } from './connectors.ts';

export type InstalledQuery = Pick<ConnectorFilter, 'q' | 'status' | 'catalogKey'> & { limit?: number; cursor?: string };

/** The tenant's connectors by name, how many there are in each status, and which saved secrets no longer open. */
export async function listInstalled(ctx: Ctx, query: InstalledQuery) {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 2) : null;
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const rows = await selectConnectors(tx, ctx.tenantId, { ...query, after, limit: limit + 1 });
      const counts = await countByStatus(tx, ctx.tenantId);
      const list = page(rows, limit, (row) => [row.sortName, row.id]);
      return { ...list, counts, unreadable: await findUnreadable(ctx, tx, list.data) };
    },
    { readOnly: true },
  );
}

/** How many connectors there are, which in each status, and of which entries; for tabs and filters. */
export async function summariseInstalled(ctx: Ctx) {
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const counts = await countByStatus(tx, ctx.tenantId);
      return { counts, total: total(counts), entries: await selectInstalledEntries(tx, ctx.tenantId) };
    },
    { readOnly: true },
  );
}

/** How many connectors the tenant has. */
export async function countInstalled(ctx: Ctx): Promise<number> {
  return total(await ctx.hub.db.asTenant(ctx.tenantId, (tx) => countByStatus(tx, ctx.tenantId), { readOnly: true }));
}

const total = (counts: Partial<Record<string, number>>) =>
  Object.values(counts).reduce((sum: number, n) => sum + (n ?? 0), 0);

/**
 * The connector with the paths of its saved secrets that no longer open.
 * @throws AppError not_found
 */
export async function getConnector(ctx: Ctx, id: string): Promise<{ connector: ConnectorRow; unreadable: string[] }> {
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const connector = await mustFind(tx, ctx, id);
      return { connector, unreadable: (await findUnreadable(ctx, tx, [connector])).get(id) ?? [] };
    },
    { readOnly: true },
  );
}
