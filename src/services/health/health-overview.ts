import { type Ctx, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectConnectionsById, selectConnectionVersions } from '../../db/queries/connection-versions.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type RecentCheck, selectRecentChecks } from '../../db/queries/health-checks.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { type Pause, pausesAt } from '../calls/resilience.ts';
import { keptRows } from '../kept-rows.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { keptChecksMs } from '../tenants/histories.ts';

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
export const healthOverview = (
  ctx: Ctx,
  connectors: Pick<ConnectorRow, 'id'>[],
): Promise<Map<string, CheckedConnection[]>> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => healthIn(tx, ctx, connectors), { readOnly: true });

const most = 500;

/** The same in a transaction that is open already. */
export async function healthIn(tx: Tx, ctx: Ctx, connectors: Pick<ConnectorRow, 'id'>[]) {
  const found = new Map<string, CheckedConnection[]>(connectors.map(({ id }) => [id, []]));
  if (!found.size) return found;
  const reachableBy = mayActAs(ctx.actor, 'admin') ? null : personOf(ctx.actor);
  const listed = await selectConnectionVersions(tx, ctx.tenantId, [...found.keys()], reachableBy, most);
  const forgotten = Date.now() - keptChecksMs;
  for (const { connection, checks } of await readKept(ctx, listed, (ids) => readChecked(tx, ctx, ids))) {
    const isKept = ({ createdAt }: RecentCheck) => createdAt.getTime() > forgotten;
    found.get(connection.connectorId)?.push({ connection, checks: checks.filter(isKept) });
  }
  return found;
}

/** A kilobyte each, and up to four with their checks. */
const readKept = keptRows<CheckedConnection & { id: string }>(5_000);

async function readChecked(tx: Tx, { tenantId }: Ctx, ids: string[]) {
  const [rows, checks] = await Promise.all([
    selectConnectionsById(tx, tenantId, ids),
    selectRecentChecks(tx, tenantId, ids, shownChecks),
  ]);
  return rows.map((connection) => ({ id: connection.id, connection, checks: checks.get(connection.id) ?? [] }));
}
