import { and, asc, count, eq, ilike, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { type ConnectorStatus, connectorCatalog, connectors } from '../schema/index.ts';
import { rowVersion } from './row-version.ts';
import { containing, isUuid } from './text.ts';

type Connector = typeof connectors.$inferSelect;
/** A connector with the part of its catalog entry that every answer needs. */
export type ConnectorRow = Connector & {
  catalog: Pick<typeof connectorCatalog.$inferSelect, 'key' | 'name' | 'icon' | 'retiredAt'>;
};

const catalog = {
  key: connectorCatalog.key,
  name: connectorCatalog.name,
  icon: connectorCatalog.icon,
  retiredAt: connectorCatalog.retiredAt,
};

export interface ConnectorFilter {
  q?: string;
  status?: ConnectorStatus;
  /** Any of these. */
  statuses?: ConnectorStatus[];
  catalogKey?: string;
  catalogKeys?: string[];
  ids?: string[];
  /** The last row of the previous page: its keys of sorting. */
  after?: string[] | null;
  limit: number;
}

/** A connector of a list, without what it says. */
export interface ListedConnector {
  id: string;
  /** Of its row and its catalog entry's; another one says that either may say something else. */
  version: string;
  sortName: string;
}

const version = rowVersion(sql`${connectors}.xmin`, sql`${connectorCatalog}.xmin`);
const sortName = sql<string>`lower(${connectors.name})`;

/** In the order of `selectConnectors`. */
export const selectListed = (tx: Tx, tenantId: string, filter: ConnectorFilter): Promise<ListedConnector[]> =>
  tx
    .select({ id: connectors.id, version, sortName })
    .from(connectors)
    .innerJoin(connectorCatalog, eq(connectorCatalog.id, connectors.catalogId))
    .where(and(installed(tenantId), ...conditions(filter)))
    .orderBy(sortName, asc(connectors.id))
    .limit(filter.limit);

/** How a connector stands, for what concerns all connectors of the workspace. */
export interface ConnectorStanding extends ListedConnector {
  status: ConnectorStatus;
  catalogKey: string;
  catalogName: string;
  /** Whether `q` finds it. */
  found: boolean;
  /** Whether it comes behind `after` by its name. */
  behind: boolean;
}

export interface StandingFilter extends Pick<ConnectorFilter, 'q' | 'after'> {
  /** Only this connector. */
  id?: string;
}

/** All connectors of the tenant, or this one, in the order of `selectConnectors`. */
export async function selectConnectorStandings(
  tx: Tx,
  tenantId: string,
  { q, after, id }: StandingFilter = {},
): Promise<ConnectorStanding[]> {
  return tx.execute<ConnectorStanding & Record<string, unknown>>(sql`
    select connectors.id, ${version} as version, ${sortName} as "sortName", status, key as "catalogKey",
      connector_catalog.name as "catalogName", ${finding(q) ?? sql`true`} as found, ${behind(after) ?? sql`true`} as behind
    from connectors join connector_catalog on connector_catalog.id = catalog_id
    where tenant_id = ${tenantId} and deleted_at is null ${id === undefined ? sql`` : sql`and connectors.id = ${id}`}
    order by ${sortName}, connectors.id`);
}

/** Sorted by name without regard to case; `sortKeys` are what the next page starts after. */
export async function selectConnectors(tx: Tx, tenantId: string, filter: ConnectorFilter) {
  const rows = await tx
    .select({ connector: connectors, catalog, sortName })
    .from(connectors)
    .innerJoin(connectorCatalog, eq(connectorCatalog.id, connectors.catalogId))
    .where(and(installed(tenantId), ...conditions(filter)))
    .orderBy(sortName, asc(connectors.id))
    .limit(filter.limit);
  return rows.map((row) => ({ ...row.connector, catalog: row.catalog, sortKeys: [row.sortName, row.connector.id] }));
}

function conditions(filter: ConnectorFilter): (SQL | undefined)[] {
  const { q, status, statuses, catalogKey, catalogKeys, ids, after } = filter;
  return [
    ids && (ids.length ? inArray(connectors.id, ids) : sql`false`),
    status && eq(connectors.status, status),
    statuses && inArray(connectors.status, statuses),
    catalogKey ? eq(connectorCatalog.key, catalogKey) : undefined,
    catalogKeys && inArray(connectorCatalog.key, catalogKeys),
    finding(q),
    behind(after),
  ];
}

const finding = (q: string | undefined): SQL | undefined =>
  q
    ? or(
        ilike(connectors.name, containing(q)),
        ilike(connectors.handle, containing(q)),
        ilike(connectorCatalog.name, containing(q)),
        ilike(sql`${connectors.tags}::text`, containing(q)),
      )
    : undefined;

function behind(after: string[] | null | undefined): SQL | undefined {
  const [lastName, lastId = ''] = after ?? [];
  return isUuid(lastId) ? sql`(${sortName}, ${connectors.id}) > (${lastName}::text, ${lastId}::uuid)` : undefined;
}

const installed = (tenantId: string) => and(eq(connectors.tenantId, tenantId), isNull(connectors.deletedAt));

export async function countByStatus(tx: Tx, tenantId: string): Promise<Partial<Record<ConnectorStatus, number>>> {
  const rows = await tx
    .select({ status: connectors.status, n: count() })
    .from(connectors)
    .where(installed(tenantId))
    .groupBy(connectors.status);
  return Object.fromEntries(rows.map((row) => [row.status, row.n]));
}

export interface FindOptions {
  /** Looks among the deleted ones that can still be restored instead. */
  deleted?: boolean;
  /** Locks the row until the transaction ends. */
  lock?: boolean;
}

/** The tenant's connector, or null; an id that is no UUID names none. */
export async function findConnector(tx: Tx, tenantId: string, id: string, options: FindOptions = {}) {
  if (!isUuid(id)) return null;
  const find = findPrepared[options.deleted ? 'deleted' : 'installed'][options.lock ? 'locked' : 'free'];
  const [row] = await find(tx, { tenantId, id });
  return row ? { ...row.connector, catalog: row.catalog } : null;
}

const oneOf = (state: SQL) => {
  const query = (db: Drizzle) =>
    db
      .select({ connector: connectors, catalog })
      .from(connectors)
      .innerJoin(connectorCatalog, eq(connectorCatalog.id, connectors.catalogId))
      .where(
        and(eq(connectors.tenantId, sql.placeholder('tenantId')), eq(connectors.id, sql.placeholder('id')), state),
      );
  return { free: prepared(query), locked: prepared((db) => query(db).for('update', { of: connectors })) };
};

const findPrepared = {
  installed: oneOf(isNull(connectors.deletedAt)),
  deleted: oneOf(isNotNull(connectors.deletedAt)),
};

/** Null when another connector has the handle, also one whose transaction ended only now. */
export async function insertConnector(tx: Tx, values: typeof connectors.$inferInsert): Promise<Connector | null> {
  const [row] = await insertPrepared(tx, values);
  return row ?? null;
}

const insertPrepared = preparedInsert(connectors, (insert) =>
  insert.onConflictDoNothing({ target: [connectors.tenantId, connectors.handle] }).returning(),
);

/** Changes the row and counts its version up; the caller has locked it. */
export async function updateConnectorRow(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof connectors>,
): Promise<Connector> {
  const [row] = await tx
    .update(connectors)
    .set({ ...values, version: sql`${connectors.version} + 1`, updatedAt: sql`now()` })
    .where(and(eq(connectors.tenantId, tenantId), eq(connectors.id, id)))
    .returning();
  return row as Connector;
}

/**
 * Notes how it stands, as the hub found out. Nobody changed it, so its version and the time of its last change stay: whoever edits it
 * meanwhile can save.
 */
export async function noteStanding(
  tx: Tx,
  tenantId: string,
  id: string,
  standing: Pick<Connector, 'status' | 'statusReason'>,
): Promise<void> {
  await tx
    .update(connectors)
    .set(standing)
    .where(and(eq(connectors.tenantId, tenantId), eq(connectors.id, id)));
}

/** Marks the row as deleted by the database's clock, which the purge goes by. */
export const markDeleted = (tx: Tx, tenantId: string, id: string, values: PgUpdateSetSource<typeof connectors>) =>
  updateConnectorRow(tx, tenantId, id, { ...values, deletedAt: sql`now()` });

/** Which of these handles are taken, also by deleted connectors: a handle never changes its owner before the purge. */
export async function takenHandles(tx: Tx, tenantId: string, handles: string[]): Promise<Set<string>> {
  const rows = await tx
    .select({ handle: connectors.handle })
    .from(connectors)
    .where(
      and(
        eq(connectors.tenantId, tenantId),
        sql`${connectors.handle} in (select unnest(string_to_array(${handles.join()}, ',')))`,
      ),
    );
  return new Set(rows.map((row) => row.handle));
}
