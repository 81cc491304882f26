import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type ConnectorFilter,
  type ConnectorRow,
  type ConnectorStanding,
  countByStatus,
  selectListed,
} from '../../db/queries/connectors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { countWaiting } from '../approvals/approvals.ts';
import { healthIn } from '../health/health-overview.ts';
import { type Attention, attentionIn, urgencyOf } from './attention.ts';
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

async function listIn(tx: Tx, ctx: Ctx, { limit = 50, cursor, ...filter }: InstalledQuery) {
  const after = cursor ? decodeCursor(cursor, 2) : null;
  const listed = await selectListed(tx, ctx.tenantId, { ...filter, after, limit: limit + 1 });
  const { data, nextCursor } = page(listed, limit, ({ sortName, id }) => [sortName, id]);
  return { data: await readListed(tx, ctx, data), nextCursor };
}

export type BrowseQuery = Omit<InstalledQuery, 'status' | 'limit'> & { status?: 'active' | 'inactive' | 'attention' };

const shownAtOnce = 50;

/**
 * The same with what needs attention first, the most urgent before, and how each is; and what the filters count and offer. All in one
 * transaction, in which what does not depend on each other goes out together.
 */
export async function browseInstalled(ctx: Ctx, { cursor, ...query }: BrowseQuery) {
  const [lastRank = '', ...after] = cursor ? decodeCursor(cursor, 3) : [];
  const read = async (tx: Tx) => {
    const [{ standings, attention, unreadable }, waiting] = await Promise.all([
      attentionIn(tx, ctx, { q: query.q, after }),
      countWaiting(tx, ctx),
    ]);
    const ranked = standings.map((standing) => ({ ...standing, rank: rankOf(attention.get(standing.id)) }));
    const rest = ranked.filter((each) => isAsked(each, query) && follows(each, lastRank)).toSorted(byRank);
    const { data, nextCursor } = page(rest, shownAtOnce, ({ rank, sortName, id }) => [String(rank), sortName, id]);
    const list = { data: await readListed(tx, ctx, data), nextCursor };
    return {
      list,
      attention,
      unreadable,
      health: await healthIn(tx, ctx, list.data),
      counts: countStandings(standings, attention),
      entries: entriesOf(standings),
      counters: { installedCount: standings.length, waiting },
    };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

type Ranked = ConnectorStanding & { rank: number };

const unranked = 9;
const rankOf = (attention: Attention | undefined): number => (attention ? urgencyOf(attention) : unranked);
/** Within a rank they stay in the order that the database gave them. */
const byRank = (a: Ranked, b: Ranked) => a.rank - b.rank;

const isAsked = ({ found, status, catalogKey, rank }: Ranked, query: BrowseQuery): boolean =>
  found &&
  (!query.catalogKey || catalogKey === query.catalogKey) &&
  (!query.status || (query.status === 'attention' ? rank < unranked : status === query.status));

const follows = ({ rank, behind }: Ranked, lastRank: string): boolean =>
  !lastRank || rank > Number(lastRank) || (rank === Number(lastRank) && behind);

function countStandings(standings: ConnectorStanding[], attention: Map<string, Attention>) {
  const having = (wanted: ConnectorStanding['status']) => standings.filter(({ status }) => status === wanted).length;
  return {
    all: standings.length,
    active: having('active'),
    inactive: having('inactive'),
    attention: attention.size,
  };
}

const { compare } = new Intl.Collator('en');

/** The catalog entries that the tenant has connectors of, by name. */
function entriesOf(standings: ConnectorStanding[]): { key: string; name: string }[] {
  const names = new Map(standings.map(({ catalogKey, catalogName }) => [catalogKey, catalogName]));
  return [...names].map(([key, name]) => ({ key, name })).sort((a, b) => compare(a.name, b.name));
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
