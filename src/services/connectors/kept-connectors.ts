import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectorRow, type ListedConnector, selectConnectors } from '../../db/queries/connectors.ts';
import { keptRows } from '../kept-rows.ts';

/** About two kilobytes each, secrets in their envelopes, and as much again for cards that are shown. */
const readKept = keptRows<ConnectorRow>(5_000);

/** What these connectors say, in their order. */
export const readListed = (tx: Tx, ctx: Ctx, listed: ListedConnector[]): Promise<ConnectorRow[]> =>
  readKept(ctx, listed, (ids) => selectConnectors(tx, ctx.tenantId, { ids, limit: ids.length }));
