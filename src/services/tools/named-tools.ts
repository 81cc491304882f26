import { createHash } from 'node:crypto';
import type { Ctx } from '../../context.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import type { Tool } from '../../drivers/driver.ts';
import { decodeCursor, encodeCursor } from '../../lib/pagination.ts';
import { mostRelevant } from '../../lib/relevance.ts';
import { whyLimited } from '../api-keys/key-limits.ts';
import { everyTool, findSourced, pageOfTools, textsOf } from './tool-sources.ts';

/** A tool through one connector, under one name that says both: what agents choose from. */
export interface NamedTool {
  /** `<handle>__<tool>`, at most 64 of the characters that every model’s provider takes in names. */
  name: string;
  /** As `executeTool` takes it. */
  slug: string;
  tool: Tool;
  connector: ConnectorRow;
}

const longest = 64;

/**
 * Always the same for the same tool. Where dots and lengths do not fit, the end is a digest of the whole name: no two tools come to
 * share one, and a tool that is added or gone changes no other’s.
 */
export function nameOf(handle: string, slug: string): string {
  const parts = slug.split('.');
  const own = parts.length > 1 && parts[0] === handle ? parts.slice(1) : parts;
  const plain = [handle, ...own].join('__');
  if (plain.length <= longest && own.every((part) => /^[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*$/.test(part))) return plain;
  const digest = createHash('sha256').update(`${handle} ${slug}`).digest('hex').slice(0, 12);
  const readable = plain.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, longest - digest.length - 2);
  return `${readable}__${digest}`;
}

/**
 * A page of the tools of the workspace’s active connectors, by handle, each through each connector. The last page can be empty.
 * @throws AppError invalid_input
 */
export async function pageOfNamedTools(ctx: Ctx, { cursor, limit }: { cursor?: string; limit: number }) {
  const [from = '', within = ''] = cursor ? decodeCursor(cursor, 2) : [];
  const data: NamedTool[] = [];
  for (const connector of await activeConnectors(ctx)) {
    const { handle } = connector;
    if (handle < from) continue;
    if (data.length === limit) return { data, nextCursor: encodeCursor([handle, '']) };
    const inner = (handle === from && within) || undefined;
    const part = await pageOfTools(ctx, [connector], { cursor: inner, limit: limit - data.length });
    data.push(...part.data.map(({ name, tool }) => named(connector, name, tool)));
    if (part.nextCursor) return { data, nextCursor: encodeCursor([handle, part.nextCursor]) };
  }
  return { data, nextCursor: null };
}

/** Those that a sentence is about, best first. */
export async function findNamedTools(ctx: Ctx, sentence: string, limit: number): Promise<NamedTool[]> {
  const all: NamedTool[] = [];
  for (const connector of await activeConnectors(ctx))
    all.push(...(await everyTool(ctx, [connector])).map(({ name, tool }) => named(connector, name, tool)));
  const weighed = all.map((item) => ({
    item,
    texts: textsOf(item.tool, [item.connector.name, item.connector.catalog.name]),
  }));
  return mostRelevant(weighed, sentence).slice(0, limit);
}

/** Null when no active connector of this workspace has it. */
export async function findNamedTool(ctx: Ctx, name: string): Promise<NamedTool | null> {
  const [handle = '', ...rest] = name.split('__');
  const connector = (await activeConnectors(ctx)).find((each) => name.length <= longest && each.handle === handle);
  if (!connector || !rest.length) return null;
  const own = rest.join('.');
  for (const slug of [own, `${handle}.${own}`]) {
    if (nameOf(handle, slug) !== name) continue;
    const found = await findSourced(ctx, `${connector.catalog.key}.${slug}`);
    const full = `${connector.catalog.key}.${slug}`;
    if (!found || (found.connectorId ?? connector.id) !== connector.id) continue;
    const changes = found.tool.sideEffect !== 'none';
    return whyLimited(ctx, { tool: full, connector, changes }) ? null : named(connector, full, found.tool);
  }
  return /__[0-9a-f]{12}$/.test(name) ? lookThrough(ctx, connector, name) : null;
}

/** For names with a digest, which say too little to find their tool otherwise. */
async function lookThrough(ctx: Ctx, connector: ConnectorRow, name: string): Promise<NamedTool | null> {
  const found = (await everyTool(ctx, [connector])).find(({ tool }) => nameOf(connector.handle, tool.slug) === name);
  return found ? named(connector, found.name, found.tool) : null;
}

const named = (connector: ConnectorRow, slug: string, tool: Tool): NamedTool => ({
  name: nameOf(connector.handle, tool.slug),
  slug,
  tool,
  connector,
});

/** In an order that does not change with their names. */
async function activeConnectors(ctx: Ctx): Promise<ConnectorRow[]> {
  const { db } = ctx.hub;
  const rows = await db.asTenant(
    ctx.tenantId,
    (tx) => selectConnectors(tx, ctx.tenantId, { status: 'active', limit: 1_000 }),
    { readOnly: true },
  );
  return rows.toSorted((a, b) => (a.handle < b.handle ? -1 : 1));
}
