import { and, asc, eq, exists, gt, inArray, isNull, not, or, type SQL, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { type ConnectionStatus, connections, connectors, credentials, type Health } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type ConnectionRow = typeof connections.$inferSelect;

export interface ConnectionFilter {
  connectorIds?: string[];
  /** Only the tenant's own connections and those of this person; everybody's without it. */
  reachableBy?: string | null;
  status?: ConnectionStatus;
  health?: Health;
  /** Only of connectors that nobody has deleted. */
  installed?: boolean;
  /** The last id of the previous page. */
  afterId?: string | null;
  limit: number;
}

/** The tenant's connections in the order in which they were made. */
export function selectConnections(tx: Tx, tenantId: string, filter: ConnectionFilter): Promise<ConnectionRow[]> {
  const { connectorIds, reachableBy, status, health, installed, afterId, limit } = filter;
  return tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        connectorIds && inArray(connections.connectorId, connectorIds),
        reachableBy ? or(isNull(connections.userId), eq(connections.userId, reachableBy)) : undefined,
        status && eq(connections.status, status),
        health && eq(connections.health, health),
        installed ? exists(installedConnector(tx)) : undefined,
        afterId && isUuid(afterId) ? gt(connections.id, afterId) : undefined,
      ),
    )
    .orderBy(asc(connections.id))
    .limit(limit);
}

/** The first 200 of one connector: the workspace's own and those of this person, everybody's without one. */
export const selectConnectionsOf = (tx: Tx, tenantId: string, connectorId: string, person: string | null) =>
  (person ? selectReachable : selectAll)(tx, { tenantId, connectorId, person });

const ofConnector = (reachable?: SQL) =>
  prepared((db) =>
    db
      .select()
      .from(connections)
      .where(
        and(
          eq(connections.tenantId, sql.placeholder('tenantId')),
          eq(connections.connectorId, sql.placeholder('connectorId')),
          reachable,
        ),
      )
      .orderBy(asc(connections.id))
      .limit(200),
  );

const selectAll = ofConnector();
const selectReachable = ofConnector(or(isNull(connections.userId), eq(connections.userId, sql.placeholder('person'))));

const installedConnector = (tx: Tx) =>
  tx
    .select({ one: sql`1` })
    .from(connectors)
    .where(
      and(
        eq(connectors.tenantId, connections.tenantId),
        eq(connectors.id, connections.connectorId),
        isNull(connectors.deletedAt),
      ),
    );

/** The tenant's connection, or null; an id that is no UUID names none. */
export async function findConnection(
  tx: Tx,
  tenantId: string,
  id: string,
  options: { lock?: boolean } = {},
): Promise<ConnectionRow | null> {
  if (!isUuid(id)) return null;
  const query = tx
    .select()
    .from(connections)
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)));
  const [row] = await (options.lock ? query.for('update') : query);
  return row ?? null;
}

export interface AccountKey {
  connectorId: string;
  userId: string | null;
  toolkitSlug: string | null;
  externalAccountId: string | null;
}

/** The connection of this account, or null. Locked, so that two callbacks cannot both make one. */
export async function findByAccount(tx: Tx, tenantId: string, key: AccountKey): Promise<ConnectionRow | null> {
  const same = (column: typeof connections.userId | typeof connections.toolkitSlug, value: string | null) =>
    value === null ? isNull(column) : eq(column, value);
  const [row] = await tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, key.connectorId),
        same(connections.userId, key.userId),
        same(connections.toolkitSlug, key.toolkitSlug),
        key.externalAccountId === null
          ? isNull(connections.externalAccountId)
          : eq(connections.externalAccountId, key.externalAccountId),
      ),
    )
    .for('update');
  return row ?? null;
}

const granted = (tx: Tx) =>
  exists(
    tx
      .select({ one: sql`1` })
      .from(credentials)
      .where(
        and(
          eq(credentials.tenantId, connections.tenantId),
          eq(credentials.connectionId, connections.id),
          eq(credentials.state, 'current'),
          eq(credentials.kind, 'grant'),
        ),
      ),
  );

/** The tenant's connection that goes by what is typed into the connector, or null: the one to which nothing was granted. */
export async function findOwnConnection(tx: Tx, tenantId: string, connectorId: string): Promise<ConnectionRow | null> {
  const [row] = await tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, connectorId),
        isNull(connections.userId),
        isNull(connections.toolkitSlug),
        not(granted(tx)),
      ),
    )
    .orderBy(asc(connections.id))
    .limit(1);
  return row ?? null;
}

/** The connector's connections to which a service granted something, or the others. */
export function selectByGrant(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  wanted: boolean,
): Promise<ConnectionRow[]> {
  return tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, connectorId),
        wanted ? granted(tx) : not(granted(tx)),
      ),
    )
    .orderBy(asc(connections.id));
}

export async function insertConnection(tx: Tx, values: typeof connections.$inferInsert): Promise<ConnectionRow> {
  const [row] = await insertPrepared(tx, values);
  return row as ConnectionRow;
}

const insertPrepared = preparedInsert(connections, (insert) => insert.returning());

/** Changes the row and counts its version up; null when it is gone. */
export async function updateConnectionRow(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof connections>,
): Promise<ConnectionRow | null> {
  const [row] = await tx
    .update(connections)
    .set({ ...values, version: sql`${connections.version} + 1`, updatedAt: sql`now()` })
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)))
    .returning();
  return row ?? null;
}

/** What is noted beside a call: nothing that anybody edits, so the version stays. */
export async function noteOnConnection(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof connections>,
): Promise<void> {
  await tx
    .update(connections)
    .set(values)
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)));
}

/** Removes the connection with its credentials and histories; false when it was gone already. */
export async function deleteConnectionRow(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const gone = await tx
    .delete(connections)
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)))
    .returning({ id: connections.id });
  return gone.length === 1;
}

/** What a person has connected for themselves, in the order in which they did. */
export function selectPersonalConnections(tx: Tx, tenantId: string, userId: string) {
  return tx
    .select({ id: connections.id, accountLabel: connections.accountLabel, connector: connectors.name })
    .from(connections)
    .innerJoin(
      connectors,
      and(eq(connectors.tenantId, connections.tenantId), eq(connectors.id, connections.connectorId)),
    )
    .where(and(eq(connections.tenantId, tenantId), eq(connections.userId, userId)))
    .orderBy(asc(connections.id));
}
