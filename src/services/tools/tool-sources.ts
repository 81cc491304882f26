import type { Ctx, Hub } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { decodeCursor, encodeCursor, page } from '../../lib/pagination.ts';
import { mostRelevant } from '../../lib/relevance.ts';
import { whyLimited } from '../api-keys/key-limits.ts';
import { brokerTools } from '../brokers/broker-tools.ts';
import { operationTools } from './operation-tools.ts';
import type { SourcedTool, ToolSource } from './tool-source.ts';

/** The tools that a driver itself declares. */
const ownTools: ToolSource = {
  name: 'driver',
  serves: ({ tools }) => Boolean(tools?.length),
  async list(_ctx, { tools = [] }, { words, groups, after, limit }) {
    if (groups) return [];
    return tools
      .slice(tools.findIndex(({ slug }) => slug === after) + 1)
      .filter(({ slug, title, description }) => words.every((word) => contains([slug, title, description], word)))
      .slice(0, limit)
      .map((tool) => ({ tool }));
  },
  count: async (_ctx, { tools = [] }) => tools.length,
  async find(_ctx, { tools = [] }, slug) {
    const tool = tools.find((each) => each.slug === slug);
    return tool ? { tool } : null;
  },
};

/** All of them, in the order in which their tools are listed. */
const sources: ToolSource[] = [ownTools, operationTools, brokerTools];

export interface OfferedTool {
  /** The driver’s key and the slug, with a dot between. */
  name: string;
  tool: SourcedTool['tool'];
  toolkit: { key: string; name: string };
  /** The connectors through which it can be called. */
  connectors: Pick<ConnectorRow, 'id' | 'name' | 'handle'>[];
}

export interface ToolPageQuery {
  /** Catalog keys, or toolkits below one (`composio.gmail`). */
  toolkits?: string[];
  search?: string;
  cursor?: string;
  limit: number;
}

/**
 * A page of the tools of these connectors: by driver, then by source, then as the source has them; without those that a key may not call.
 * @throws AppError invalid_input
 */
export async function pageOfTools(
  ctx: Ctx,
  connectors: ConnectorRow[],
  { toolkits, search, cursor, limit }: ToolPageQuery,
) {
  const after = cursor ? decodeCursor(cursor, 3) : null;
  const found: (OfferedTool & { place: string[] })[] = [];
  for (const shelf of shelvesOf(ctx.hub, connectors)) {
    const { driver, source } = shelf;
    const from = after && comparePlaces(ctx.hub, [driver.entry.key, source.name], after);
    if (from !== null && from < 0) continue;
    const tools = await source.list(ctx, driver, {
      connectors: shelf.connectors,
      words: wordsBeyond(driver, search),
      groups: groupsOf(driver, toolkits),
      after: from === 0 ? (after?.[2] ?? null) : null,
      limit: limit + 1 - found.length,
    });
    found.push(
      ...tools.map((each) => ({
        ...offered(shelf, each),
        place: [driver.entry.key, source.name, each.place ?? each.tool.slug],
      })),
    );
    if (found.length > limit) break;
  }
  const { data, nextCursor } = page(found, limit, ({ place }) => place);
  return { data: data.flatMap((each) => within(ctx, each)), nextCursor };
}

/** More than anybody reads; what lies beyond is found by toolkit. */
const mostToRank = 10_000;

/** All tools of these connectors, in the order of their pages. */
export async function everyTool(ctx: Ctx, connectors: ConnectorRow[], toolkits?: string[]): Promise<OfferedTool[]> {
  const all: OfferedTool[] = [];
  let cursor: string | undefined;
  do {
    const { data, nextCursor } = await pageOfTools(ctx, connectors, { toolkits, cursor, limit: 500 });
    all.push(...data);
    cursor = nextCursor ?? undefined;
  } while (cursor && all.length < mostToRank);
  return all;
}

/** What a search for a tool looks at. */
export const textsOf = ({ slug, title, description }: SourcedTool['tool'], services: string[]) => [
  { text: slug, weight: 3 },
  { text: `${title} ${services.join(' ')}`, weight: 2 },
  { text: description, weight: 1 },
];

/** A page of those that a sentence is about, best first. @throws AppError invalid_input */
export async function rankedTools(
  ctx: Ctx,
  connectors: ConnectorRow[],
  { toolkits, search = '', cursor, limit }: ToolPageQuery,
) {
  const [from = '0'] = cursor ? decodeCursor(cursor, 1) : [];
  const all = await everyTool(ctx, connectors, toolkits);
  const weighed = all.map((item) => ({
    item,
    texts: textsOf(item.tool, [
      item.toolkit.name,
      item.name.split('.', 1)[0] ?? '',
      ...item.connectors.map(({ name }) => name),
    ]),
  }));
  const rows = mostRelevant(weighed, search).slice(Number(from) || 0);
  const data = rows.slice(0, limit);
  return { data, nextCursor: rows.length > limit ? encodeCursor([String((Number(from) || 0) + limit)]) : null };
}

/** How many tools these connectors have together. */
export async function countTools(ctx: Ctx, connectors: ConnectorRow[]): Promise<number> {
  const counts = await Promise.all(
    shelvesOf(ctx.hub, connectors).map(({ driver, source, connectors }) => source.count(ctx, driver, connectors)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The tool of this name, whatever the state of connectors; null when there is none in this workspace. */
export async function findSourced(ctx: Ctx, name: string): Promise<(SourcedTool & { driver: LoadedDriver }) | null> {
  const dot = name.indexOf('.');
  const driver = ctx.hub.drivers.get(name.slice(0, dot));
  if (!driver) return null;
  for (const source of sources.filter((each) => each.serves(driver))) {
    const found = await source.find(ctx, driver, name.slice(dot + 1));
    if (found) return { ...found, driver };
  }
  return null;
}

interface Shelf {
  driver: LoadedDriver;
  source: ToolSource;
  connectors: ConnectorRow[];
}

function shelvesOf(hub: Hub, connectors: ConnectorRow[]): Shelf[] {
  const byKey = Map.groupBy(connectors, ({ catalog }) => catalog.key);
  return [...hub.drivers.values()].flatMap((driver) => {
    const own = byKey.get(driver.entry.key);
    return own
      ? sources.filter((each) => each.serves(driver)).map((source) => ({ driver, source, connectors: own }))
      : [];
  });
}

/** Places stay in order although connectors and drivers come and go between two pages. */
function comparePlaces(hub: Hub, [key, source]: string[], [otherKey, otherSource]: string[]): number {
  const keys = [...hub.drivers.keys()];
  const rank = (name?: string) => sources.findIndex((each) => each.name === name);
  return keys.indexOf(key ?? '') - keys.indexOf(otherKey ?? '') || rank(source) - rank(otherSource);
}

/** What still has to be found in the tools themselves: a word that names the service is found in all of them. */
const wordsBeyond = ({ entry }: LoadedDriver, search = ''): string[] =>
  search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word && !contains([entry.name, `${entry.key}.`], word))
    .map((word) => (word.startsWith(`${entry.key}.`) ? word.slice(entry.key.length + 1) : word));

const contains = (texts: string[], word: string) => texts.some((text) => text.toLowerCase().includes(word));

function groupsOf({ entry }: LoadedDriver, toolkits?: string[]): string[] | null {
  if (!toolkits || toolkits.includes(entry.key)) return null;
  return toolkits.filter((each) => each.startsWith(`${entry.key}.`)).map((each) => each.slice(entry.key.length + 1));
}

/** With the connectors that a key’s limits leave it; nothing when none is left. People have no limits. */
function within(ctx: Ctx, found: OfferedTool): OfferedTool[] {
  if (!ctx.actor.limits) return [found];
  const { name, tool } = found;
  const changes = tool.sideEffect !== 'none';
  const connectors = found.connectors.filter((connector) => !whyLimited(ctx, { tool: name, connector, changes }));
  return connectors.length ? [{ ...found, connectors }] : [];
}

const offered = ({ driver, connectors }: Shelf, { tool, toolkit, connectorId }: SourcedTool): OfferedTool => ({
  name: `${driver.entry.key}.${tool.slug}`,
  tool,
  toolkit: toolkit ?? driver.entry,
  connectors: connectorId ? connectors.filter(({ id }) => id === connectorId) : connectors,
});
