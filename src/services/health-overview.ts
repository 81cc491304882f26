import { type Ctx, mayActAs, personOf } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { type ConnectionRow, selectConnections } from '../db/queries/connections.ts';
import type { ConnectorRow } from '../db/queries/connectors.ts';
import { type RecentCheck, selectRecentChecks } from '../db/queries/health-checks.ts';
import { type Pause, pausesAt } from './resilience.ts';
import { withoutSecrets } from './secrets.ts';

/** A connection with how its last checks went, the oldest first. */
export interface CheckedConnection {
  connection: ConnectionRow;
  checks: RecentCheck[];
}

/** How many checks the timelines show. */
export const shownChecks = 24;

/** The hosts of a connector to which calls pause at the moment, because they failed again and again. */
export function pausesOf({ hub, tenantId }: Ctx, { catalog, config, auth }: ConnectorRow): Pause[] {
  const origins = hub.drivers.get(catalog.key)?.destinations(withoutSecrets(config), withoutSecrets(auth)) ?? [];
  return pausesAt(tenantId, [...new Set(origins.map((origin) => new URL(origin).host))]);
}

/** For each of these connectors the connections that this person reaches, in the order in which they were made. */
export async function healthOverview(
  ctx: Ctx,
  connectors: Pick<ConnectorRow, 'id'>[],
): Promise<Map<string, CheckedConnection[]>> {
  if (!connectors.length) return new Map();
  const connectorIds = connectors.map(({ id }) => id);
  const read = async (tx: Tx) => {
    const reachableBy = mayActAs(ctx.actor, 'admin') ? null : personOf(ctx.actor);
    const rows = await selectConnections(tx, ctx.tenantId, { connectorIds, reachableBy, limit: 500 });
    return {
      rows,
      checks: await selectRecentChecks(
        tx,
        ctx.tenantId,
        rows.map(({ id }) => id),
        shownChecks,
      ),
    };
  };
  const { rows, checks } = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  const under = (connectorId: string) =>
    rows
      .filter((row) => row.connectorId === connectorId)
      .map((connection) => ({ connection, checks: checks.get(connection.id) ?? [] }));
  return new Map(connectorIds.map((id) => [id, under(id)]));
}
