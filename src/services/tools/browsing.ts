import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { BrowsedRows, BrowsedTables, Browsing, Values } from '../../drivers/driver.ts';
import { notFound } from '../../errors.ts';
import { usableAccounts } from '../calls/call-targets.ts';
import { getConnector } from '../connectors/installed.ts';
import { type Executed, executeTool } from './tools.ts';

/** One look into what is stored at a service: a run of one of its tools, with its record. */
export interface Look<T> {
  connector: ConnectorRow;
  /** Why nothing can be asked now; '' when it was. */
  blocked: string;
  executed: (Omit<Executed, 'data'> & { data: T | null }) | null;
}

/** Whether a connector's service has tables to look into. */
export const hasTables = (ctx: Ctx, { catalog }: Pick<ConnectorRow, 'catalog'>): boolean =>
  ctx.hub.drivers.get(catalog.key)?.browse !== undefined;

export interface TablesQuery {
  search?: string;
  offset?: number;
}

/** A page of the tables that a connector's account may read. @throws AppError as `executeTool` does, not_found for a service without */
export const browseTables = (ctx: Ctx, connectorId: string, query: TablesQuery): Promise<Look<BrowsedTables>> =>
  look(ctx, connectorId, ({ tables }) => tables.slug, { ...query, limit: 100 });

export interface RowsQuery {
  schema: string;
  table: string;
  descending?: boolean;
  cursor?: string;
}

/** A table's columns and a page of its rows. @throws AppError as `browseTables` */
export const browseRows = (ctx: Ctx, connectorId: string, query: RowsQuery): Promise<Look<BrowsedRows>> =>
  look(ctx, connectorId, ({ rows }) => rows.slug, { ...query });

async function look<T>(
  ctx: Ctx,
  connectorId: string,
  slugOf: (browse: Browsing) => string,
  values: Values,
): Promise<Look<T>> {
  const { connector } = await getConnector(ctx, connectorId);
  const { key } = connector.catalog;
  const browse = ctx.hub.drivers.get(key)?.browse;
  if (!browse) throw notFound('list of tables');
  const { blocked } = await usableAccounts(ctx, connector);
  if (blocked) return { connector, blocked, executed: null };
  const input = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
  const executed = await executeTool(ctx, `${key}.${slugOf(browse)}`, { connectorId: connector.id, arguments: input });
  return { connector, blocked, executed: executed as Look<T>['executed'] };
}
