import { and, asc, eq, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections } from '../schema/index.ts';
import type { ConnectionRow } from './connections.ts';
import { rowVersion } from './row-version.ts';
import { anyOf } from './text.ts';

/** A connection of a list, without what it says. */
export interface ListedConnection {
  id: string;
  connectorId: string;
  /** Another one says that the row, or one of its checks, may say something else: each check changes its connection. */
  version: string;
}

/** The connections of these connectors, all or those that this person reaches, in the order in which they were made. */
export async function selectConnectionVersions(
  tx: Tx,
  tenantId: string,
  connectorIds: string[],
  reachableBy: string | null,
  limit: number,
): Promise<ListedConnection[]> {
  const reached = reachableBy ? sql`and (user_id is null or user_id = ${reachableBy})` : sql``;
  return tx.execute<ListedConnection & Record<string, unknown>>(sql`
    select id, connector_id as "connectorId", ${rowVersion(sql`xmin`)} as version from connections
    where tenant_id = ${tenantId} and connector_id = ${anyOf(connectorIds)} ${reached}
    order by id limit ${limit}`);
}

/** The tenant's connections with these ids, in the order in which they were made. */
export const selectConnectionsById = (tx: Tx, tenantId: string, ids: string[]): Promise<ConnectionRow[]> =>
  tx
    .select()
    .from(connections)
    .where(and(eq(connections.tenantId, tenantId), sql`id = ${anyOf(ids)}`))
    .orderBy(asc(connections.id));
