import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';

/**
 * The name under which drivers keep the clients and pools of a connector. Who installs a connector may choose its id, and only within a
 * workspace there is one of each: the workspace is part of the name.
 */
export const keptAs = ({ tenantId }: Pick<Ctx, 'tenantId'>, connectorId: string): string =>
  `${tenantId}/${connectorId}`;

/** Closes what the driver keeps open for a connector between calls. */
export async function releaseKept(ctx: Ctx, { id, catalog }: Pick<ConnectorRow, 'id' | 'catalog'>): Promise<void> {
  await ctx.hub.drivers.get(catalog.key)?.release?.(keptAs(ctx, id));
}
