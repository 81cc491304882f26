import { type Ctx, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import type { LoadedDriver, PublishCapability } from '../../drivers/driver.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { chooseConnection } from '../connections/connections.ts';
import { limitsOf } from './post-plans.ts';

export interface PublishTarget {
  id: string;
  name: string;
  catalogKey: string;
  capabilities: PublishCapability;
  ready: boolean;
  /** Why it is not ready; null when it is. */
  reason: 'not_connected' | 'not_checked' | 'unhealthy' | 'error' | null;
}

/** Every connector that is switched on and can publish, with whether it would be tried now: by its connection and that one's health. */
export async function getPublishTargets(ctx: Ctx, query: { limit?: number; cursor?: string } = {}) {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 2) : null;
  const catalogKeys = [...ctx.hub.drivers.values()]
    .filter((driver) => driver.entry.capabilities.publish)
    .map((driver) => driver.entry.key);
  const read = async (tx: Tx) => {
    const filter = { statuses: ['active' as const, 'error' as const], catalogKeys, after, limit: limit + 1 };
    const list = page(await selectConnectors(tx, ctx.tenantId, filter), limit, (row) => row.sortKeys);
    const person = personOf(ctx.actor);
    const connectorIds = list.data.map(({ id }) => id);
    const connections = await selectConnections(tx, ctx.tenantId, { connectorIds, reachableBy: person, limit: 5_000 });
    const usual = (row: ConnectorRow) =>
      chooseConnection(
        connections.filter(({ connectorId }) => connectorId === row.id),
        person,
      );
    return { ...list, data: list.data.map((row) => targetOf(ctx, row, usual(row))) };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

function targetOf(ctx: Ctx, row: ConnectorRow, connection: ConnectionRow | null): PublishTarget {
  const driver = ctx.hub.drivers.get(row.catalog.key) as LoadedDriver;
  const capabilities = limitsOf(driver, row.config) as PublishCapability;
  const reason = whyNotReady(row, connection);
  return { id: row.id, name: row.name, catalogKey: row.catalog.key, capabilities, ready: reason === null, reason };
}

function whyNotReady({ status }: ConnectorRow, connection: ConnectionRow | null): PublishTarget['reason'] {
  if (!connection) return 'not_connected';
  if (connection.health === 'unknown') return 'not_checked';
  if (connection.health === 'unhealthy') return 'unhealthy';
  return status === 'error' ? 'error' : null;
}
