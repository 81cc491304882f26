import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type ConnectorFilter,
  type ConnectorRow,
  countByStatus,
  selectInstalledEntries,
  selectListed,
} from '../../db/queries/connectors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { attentionIn, urgencyOf } from './attention.ts';
import { findUnreadable, keysIfAny } from './connector-view.ts';
import { mustFind } from './connectors.ts';
import { readListed } from './kept-connectors.ts';

export type InstalledQuery = Pick<ConnectorFilter, 'q' | 'status' | 'catalogKey'> & { limit?: number; cursor?: string };

/** The tenant's connectors by name, and which saved secrets no longer open. */
export async function listInstalled(ctx: Ctx, query: InstalledQuery) {
  const read = async (tx: Tx) => {
    const [list, keys] = await Promise.all([listIn(tx, ctx, query), keysIfAny(ctx, tx)]);
    return { ...list, unreadable: findUnreadable(ctx, keys, list.data) };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

async function listIn(
  tx: Tx,
  ctx: Ctx,
  { limit = 50, cursor, ...filter }: InstalledQuery & Pick<ConnectorFilter, 'ids' | 'ranks'>,
) {
  const after = cursor ? decodeCursor(cursor, 3) : null;
  const listed = await selectListed(tx, ctx.tenantId, { ...filter, after, limit: limit + 1 });
  const { data, nextCursor } = page(listed, limit, ({ sortKeys }) => sortKeys);
  return { data: await readListed(tx, ctx, data), nextCursor };
}

export type BrowseQuery = Omit<InstalledQuery, 'status' | 'limit'> & { status?: 'active' | 'inactive' | 'attention' };

/** The same with what needs attention first, the most urgent before; and what the filters count and offer. */
export async function browseInstalled(ctx: Ctx, { status, ...query }: BrowseQuery) {
  const read = async (tx: Tx) => {
    const [{ attention, unreadable }, counts, entries] = await Promise.all([
      attentionIn(tx, ctx),
      countByStatus(tx, ctx.tenantId),
      selectInstalledEntries(tx, ctx.tenantId),
    ]);
    const list = await listIn(tx, ctx, {
      ...query,
      ...(status === 'attention' ? { ids: [...attention.keys()] } : { status }),
      ranks: new Map([...attention].map(([id, each]) => [id, urgencyOf(each)])),
    });
    const { active = 0, inactive = 0 } = counts;
    return {
      ...{ list, attention, unreadable },
      counts: { all: total(counts), active, inactive, attention: attention.size },
      entries,
    };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

/** How many connectors the tenant has. */
export const countInstalled = async (tx: Tx, { tenantId }: Ctx): Promise<number> =>
  total(await countByStatus(tx, tenantId));

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
      const [connector, keys] = await Promise.all([mustFind(tx, ctx, id), keysIfAny(ctx, tx)]);
      return { connector, unreadable: findUnreadable(ctx, keys, [connector]).get(id) ?? [] };
    },
    { readOnly: true },
  );
}
