import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { browseRows, browseTables, type Look } from '../../services/tools/browsing.ts';
import type { Env } from '../env.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { LookTrouble, TablePage, TablesPanel } from '../view-models/browsing.ts';
import { toolResult } from './tool-model.ts';

/** Looking into the tables of a connector's service. */
export const tablePages = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.connectorTables(':id'),
      role: 'member',
      audit: null,
      example: { query: { q: 'order' } },
    },
    async (ctx, c) => {
      const panel = await tablesPanel(ctx, c);
      if (isPartial(c)) return tools.html(c, 'tables/_panel', { panel });
      const shell = await tools.shell(c, ctx, { title: `Tables of ${panel.connector.name}`, tab: 'installed' });
      return tools.html(c, 'tables/index', { shell, panel });
    },
  ),
  page(
    {
      method: 'get',
      path: paths.connectorTable(':id'),
      role: 'member',
      audit: null,
      example: { query: { schema: 'public', table: 'orders' } },
    },
    async (ctx, c) => {
      const shown = await tablePage(ctx, c);
      const shell = await tools.shell(c, ctx, { title: shown.table, tab: 'installed' });
      return tools.html(c, 'tables/show', { shell, page: shown });
    },
  ),
];

async function tablesPanel(ctx: Ctx, c: Context<Env>): Promise<TablesPanel> {
  const { q = '', offset } = c.req.query();
  const search = q.trim().slice(0, 63);
  const from = Math.min(Math.max(Math.trunc(Number(offset)) || 0, 0), 1_000_000);
  const look = await browseTables(ctx, idOf(c), { search, offset: from });
  const { connector, executed } = look;
  const tables = executed?.data?.tables ?? [];
  const query = (values: Record<string, string>) => new URLSearchParams(values).toString();
  const placed = tables.map((each) => ({
    ...each,
    path: `${paths.connectorTable(connector.id)}?${query({ schema: each.schema, table: each.name })}`,
  }));
  return {
    connector: { id: connector.id, name: connector.name },
    q: search,
    trouble: troubleOf(ctx, look),
    schemas: [...Map.groupBy(placed, ({ schema }) => schema)].map(([name, list]) => ({ name, tables: list })),
    next: executed?.data?.has_more
      ? `${paths.connectorTables(connector.id)}?${query({ q: search, offset: String(from + tables.length) })}`
      : null,
    executionId: executed?.executionId ?? null,
  };
}

async function tablePage(ctx: Ctx, c: Context<Env>): Promise<TablePage> {
  const { schema = '', table = '', order, cursor } = c.req.query();
  const descending = order === 'last';
  const look = await browseRows(ctx, idOf(c), { schema, table, descending, cursor });
  const { connector, executed } = look;
  const at = (last: boolean, next?: string | null) => {
    const query = { schema, table, ...(last && { order: 'last' }), ...(next && { cursor: next }) };
    return `${paths.connectorTable(connector.id)}?${new URLSearchParams(query)}`;
  };
  const found = executed?.data ?? null;
  return {
    connector: { id: connector.id, name: connector.name },
    ...{ schema, table, descending, found },
    trouble: troubleOf(ctx, look),
    first: at(descending),
    turned: at(!descending),
    later: Boolean(cursor),
    next: found?.next_cursor ? at(descending, found.next_cursor) : null,
    executionId: executed?.executionId ?? null,
  };
}

function troubleOf(ctx: Ctx, { connector, blocked, executed }: Look<unknown>): LookTrouble | null {
  if (!executed) return { blocked, result: null };
  if (executed.status === 'succeeded') return null;
  return { blocked: '', result: toolResult(ctx, { connector }, { ...executed, data: null }, () => undefined) };
}
