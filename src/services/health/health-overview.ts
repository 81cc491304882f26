import { type Ctx, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type RecentCheck, selectRecentChecks } from '../../db/queries/health-checks.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { type Pause, pausesAt } from '../calls/resilience.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/** A connection with how its last checks went, the oldest first. */
export interface CheckedConnection {
  connection: ConnectionRow;
  checks: RecentCheck[];
}

/** How many checks the timelines show. */
export const shownChecks = 24;

/** The hosts of a connector to which calls pause at the moment, because they failed again and again. */
export const pausesOf = ({ hub, tenantId }: Ctx, connector: ConnectorRow): Pause[] =>
  pausesAt(tenantId, hostsOf(hub.drivers.get(connector.catalog.key), connector));

/** Settings that cannot be brought up to date name no host, or none that could be called. */
function hostsOf(driver: LoadedDriver | undefined, { config, auth }: ConnectorRow): string[] {
  try {
    const origins = driver?.destinations(withoutSecrets(config), withoutSecrets(auth)) ?? [];
    return [...new Set(origins.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).host))];
  } catch {
    return [];
  }
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
