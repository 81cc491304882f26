import type { Context } from 'hono';
import { type ToolkitSeed, type ToolSeed, toolkitSeeds, toolSeedsOf } from './composio-catalog.ts';
import { oddities, odditiesTools, warehouse, warehouseTools } from './composio-odd.ts';
import { Refused } from './composio-state.ts';
import type { FrontEnv } from './front.ts';

type C = Context<FrontEnv>;

export interface Catalog {
  toolkits: ToolkitSeed[];
  /** Replaces every version, as when the service changed its tools. */
  version: string | null;
  toolsOf(toolkit: ToolkitSeed): ToolSeed[];
}

export function catalogOf({
  odd,
  many_tools,
  new_version,
}: {
  odd: boolean;
  many_tools: number;
  new_version: string | null;
}): Catalog {
  return {
    version: new_version,
    toolkits: [...toolkitSeeds, ...(odd ? [oddities] : []), ...(many_tools ? [warehouse] : [])],
    toolsOf: (toolkit) => {
      if (toolkit.slug === warehouse.slug) return warehouseTools(many_tools);
      return toolkit.slug === oddities.slug ? odditiesTools() : toolSeedsOf(toolkit);
    },
  };
}

/** One page; the cursor says where the next one begins, in words that nobody is to understand. */
export function page<T>(c: C, all: T[], most = 20) {
  const start = Number(
    Buffer.from(c.req.query('cursor') ?? '', 'base64url')
      .toString()
      .replace(/^from:/, '') || 0,
  );
  if (!Number.isInteger(start)) throw new Refused(400, 400, 'BadCursor', 'The cursor is none of ours.');
  const limit = Math.min(Number(c.req.query('limit') ?? most), 1000);
  const next = start + limit;
  return {
    items: all.slice(start, next),
    next_cursor: next < all.length ? Buffer.from(`from:${next}`).toString('base64url') : null,
    total_pages: Math.ceil(all.length / limit),
    current_page: Math.floor(start / limit) + 1,
    total_items: all.length,
  };
}

export function toolkitBy({ toolkits }: Catalog, slug: unknown): ToolkitSeed {
  const found = toolkits.find((each) => each.slug === String(slug).toLowerCase());
  if (!found) throw new Refused(404, 4041, 'Toolkit_NotFound', `Toolkit ${slug} was not found.`);
  return found;
}

export function toolBy(tools: ToolSeed[], slug: string): ToolSeed {
  const found = tools.find((each) => each.slug === slug);
  if (!found) throw new Refused(404, 2301, 'Tool_NotFound', `Tool ${slug} was not found.`);
  return found;
}
