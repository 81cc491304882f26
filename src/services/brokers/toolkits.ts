import { type Ctx, mayActAs, personOf } from '../../context.ts';
import { selectConnectedToolkits } from '../../db/queries/brokered-connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { LoadedDriver, ToolkitSummary } from '../../drivers/driver.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { decodeCursor, encodeCursor } from '../../lib/pagination.ts';
import { type CatalogItem, listCatalog } from '../connectors/catalog.ts';
import { type BrokerTarget, readBrokers } from './brokers.ts';
import { askBroker, rememberedAnswer } from './toolkit-cache.ts';
import { mustBroker } from './toolkit-lookup.ts';

/** A service whose tools can be had: one of our own drivers, or one that a broker brings. */
export interface Toolkit {
  /** As callers name it: the catalog key, or `<catalog key>.<toolkit>` below a broker. */
  slug: string;
  name: string;
  description: string;
  logo: string | null;
  categories: { slug: string; name: string }[];
  toolsCount: number | null;
  schemes: string[];
  managedSchemes: string[];
  noAuth: boolean;
  version: string | null;
  deprecated: boolean;
  /** The broker’s connector that brings it; null for our own. */
  via: Pick<ConnectorRow, 'id' | 'name' | 'catalog'> | null;
}

/** How old the broker’s part of an answer is. */
export interface Freshness {
  fetchedAt: Date;
  stale: boolean;
}

export interface ToolkitQuery {
  q?: string;
  category?: string;
  /** Only what this broker’s connector brings. */
  connectorId?: string;
  limit?: number;
  cursor?: string;
}

export interface ToolkitList {
  data: Toolkit[];
  nextCursor: string | null;
  /** The oldest part of what a broker said; null when none was asked. */
  freshness: Freshness | null;
  /** Brokers that could not be asked, and why. */
  troubles: { connectorId: string; name: string; message: string }[];
}

/** Where a page goes on: among our own (`''`), or at a broker’s connector, in which of its pages, behind how many of it. */
type Place = [connectorId: string, brokerCursor: string, offset: string];

/** Pages of a broker that one request reads at most. */
const mostPages = 8;

/**
 * What this workspace can have tools of: our own drivers first, then what its brokers bring. A broker that is away takes nothing along.
 * @throws AppError invalid_input, not_found for a connector that is not there
 */
export async function listToolkits(
  ctx: Ctx,
  { q = '', category = '', connectorId, limit = 50, cursor }: ToolkitQuery = {},
): Promise<ToolkitList> {
  const brokers = connectorId ? [await mustBroker(ctx, connectorId)] : await firstOfEach(ctx);
  const list: ToolkitList = { data: [], nextCursor: null, freshness: null, troubles: [] };
  let [at, brokerCursor, offset] = cursor
    ? (decodeCursor(cursor, 3) as Place)
    : ([connectorId ?? '', '', '0'] as Place);
  if (at === '') {
    const own = await ownToolkits(ctx, q, category);
    const from = positionIn(offset);
    list.data.push(...own.slice(from, from + limit));
    if (from + limit < own.length) return { ...list, nextCursor: encodeCursor(['', '', String(from + limit)]) };
    [at, brokerCursor, offset] = [brokers[0]?.connector.id ?? '', '', '0'];
    if (!at) return list;
  }
  const start = brokers.findIndex(({ connector }) => connector.id === at);
  for (const target of start < 0 ? [] : brokers.slice(start)) {
    const next = await addBrokered(ctx, target, list, { q, category, limit, brokerCursor, from: positionIn(offset) });
    if (next) return { ...list, nextCursor: encodeCursor([target.connector.id, ...next]) };
    [brokerCursor, offset] = ['', '0'];
    const following = brokers[brokers.indexOf(target) + 1];
    if (list.data.length >= limit)
      return { ...list, nextCursor: following ? encodeCursor([following.connector.id, '', '0']) : null };
  }
  return list;
}

function positionIn(offset: string): number {
  if (/^\d{1,6}$/.test(offset)) return Number(offset);
  throw invalid({
    cursor: ['This is not a cursor of this list. Take next_cursor from the previous page, or leave it out.'],
  });
}

/** Of several connectors of one broker the first that works: they bring the same. */
async function firstOfEach(ctx: Ctx): Promise<BrokerTarget[]> {
  const all = await readBrokers(ctx);
  return all.filter(({ driver }, index) => all.findIndex((each) => each.driver === driver) === index);
}

/** Fills the list up from one broker; returns where its next page begins, or null at its end. */
async function addBrokered(
  ctx: Ctx,
  target: BrokerTarget,
  list: ToolkitList,
  {
    q,
    category,
    limit,
    brokerCursor,
    from,
  }: { q: string; category: string; limit: number; brokerCursor: string; from: number },
): Promise<[string, string] | null> {
  let [at, skip] = [brokerCursor, from];
  for (let pages = 0; pages < mostPages; pages++) {
    const question = {
      kind: 'toolkits',
      search: q || undefined,
      category: category || undefined,
      cursor: at || undefined,
    } as const;
    const answer = await askBroker(ctx, target, question).catch((error: unknown) => trouble(list, target, error));
    if (!answer) {
      if ((q || category) && !at) await addRemembered(ctx, target, list, { q, category, limit });
      return null;
    }
    noteAge(list, answer);
    const room = limit - list.data.length;
    const { items, nextCursor } = answer.value;
    list.data.push(...items.slice(skip, skip + room).map((each) => brokered(target, each)));
    if (skip + room < items.length) return [at, String(skip + room)];
    if (!nextCursor) return null;
    [at, skip] = [nextCursor, 0];
    if (list.data.length >= limit) return [at, '0'];
  }
  return [at, '0'];
}

/** What was never searched for cannot be searched at a broker that is away: what it listed before is searched here. */
async function addRemembered(
  ctx: Ctx,
  target: BrokerTarget,
  list: ToolkitList,
  { q, category, limit }: { q: string; category: string; limit: number },
): Promise<void> {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ slug, name, description, categories }: ToolkitSummary) =>
    words.every((word) => [slug, name, description].some((text) => text.toLowerCase().includes(word))) &&
    (!category || categories.some((each) => each.slug === category));
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages; pages++) {
    const page = await rememberedAnswer(ctx, target, { kind: 'toolkits', cursor });
    if (!page) return;
    noteAge(list, { ...page, stale: true });
    const room = limit - list.data.length;
    list.data.push(
      ...page.value.items
        .filter(fits)
        .slice(0, room)
        .map((each) => brokered(target, each)),
    );
    if (!page.value.nextCursor) return;
    cursor = page.value.nextCursor;
  }
}

function trouble(list: ToolkitList, { connector }: BrokerTarget, error: unknown): null {
  if (!(error instanceof ServiceError || error instanceof OutboundError || error instanceof AppError)) throw error;
  list.troubles.push({ connectorId: connector.id, name: connector.name, message: error.message });
  return null;
}

function noteAge(list: ToolkitList, { fetchedAt, stale }: Freshness) {
  const older = !list.freshness || fetchedAt < list.freshness.fetchedAt;
  list.freshness = {
    fetchedAt: older ? fetchedAt : (list.freshness?.fetchedAt ?? fetchedAt),
    stale: stale || Boolean(list.freshness?.stale),
  };
}

async function ownToolkits(ctx: Ctx, q: string, category: string): Promise<Toolkit[]> {
  const { data } = await listCatalog(ctx, { q: q || undefined, limit: 100 });
  const wanted = category.toLowerCase();
  return data
    .filter((item) => !wanted || item.category.toLowerCase() === wanted)
    .flatMap((item) => {
      const driver = ctx.hub.drivers.get(item.key);
      return driver?.tools?.length ? [own(item, driver)] : [];
    });
}

export const own = (item: CatalogItem, driver: LoadedDriver): Toolkit => ({
  slug: item.key,
  name: item.name,
  description: item.description,
  logo: null,
  categories: [{ slug: item.category.toLowerCase(), name: item.category }],
  toolsCount: driver.tools?.length ?? 0,
  schemes: item.authMethods,
  managedSchemes: [],
  noAuth: item.authType === 'none',
  version: null,
  deprecated: Boolean(item.retiredAt),
  via: null,
});

export const brokered = ({ driver, connector }: BrokerTarget, toolkit: ToolkitSummary): Toolkit => ({
  ...toolkit,
  slug: `${driver.entry.key}.${toolkit.slug}`,
  via: connector,
});

/** Toolkits of these connectors of which an account is there that this actor reaches. */
export const connectedToolkits = (ctx: Ctx, connectorIds: string[]): Promise<string[]> =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const reachableBy = mayActAs(ctx.actor, 'admin') ? null : personOf(ctx.actor);
      return selectConnectedToolkits(tx, ctx.tenantId, connectorIds, reachableBy);
    },
    { readOnly: true },
  );
