import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type AccountKey,
  type ConnectionRow,
  findByAccount,
  findConnection,
  findOwnConnection,
  insertConnection,
  selectConnectionsOf,
} from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { announce } from '../webhooks/announcements.ts';

/** The name under which people know a connection: its account, else its connector. */
export const connectionName = (connection: ConnectionRow, connector: { name: string }): string =>
  connection.accountLabel ? `${connection.accountLabel} (${connector.name})` : connector.name;

export const connectionSubject = (connection: ConnectionRow, connector: { name: string }) => ({
  type: 'connection',
  id: connection.id,
  name: connectionName(connection, connector),
});

/** Members reach the workspace's connections and their own; owners and admins reach all. */
const mayReach = (ctx: Ctx, { userId }: Pick<ConnectionRow, 'userId'>): boolean =>
  userId === null || mayActAs(ctx.actor, 'admin') || userId === personOf(ctx.actor);

/** The tenant's connection that this actor may reach. @throws AppError not_found, also for somebody else's personal one */
export async function mustFindConnection(
  tx: Tx,
  ctx: Ctx,
  id: string,
  options: { lock?: boolean } = {},
): Promise<ConnectionRow> {
  const connection = await findConnection(tx, ctx.tenantId, id, options);
  if (!connection || !mayReach(ctx, connection)) throw notFound('connection');
  return connection;
}

/**
 * The connection through which a call to this connector goes when none is named: the actor's own one, else the workspace's.
 * Null when there is none that is switched on.
 * @param toolkitSlug only accounts of this toolkit, which a broker holds
 */
export async function defaultConnection(
  tx: Tx,
  ctx: Ctx,
  connectorId: string,
  toolkitSlug?: string,
): Promise<ConnectionRow | null> {
  const person = personOf(ctx.actor);
  const all = await selectConnectionsOf(tx, ctx.tenantId, connectorId, person);
  return chooseConnection(
    all.filter((each) => (toolkitSlug === undefined ? each.authConfigId === null : each.toolkitSlug === toolkitSlug)),
    person,
  );
}

/** The same out of what was read already: the connections of one connector. */
export function chooseConnection(connections: ConnectionRow[], person: string | null): ConnectionRow | null {
  const usable = connections.filter(({ status }) => status === 'active');
  return (
    usable.find(({ userId }) => userId !== null && userId === person) ??
    usable.find(({ userId }) => userId === null) ??
    null
  );
}

export interface EstablishedConnection extends AccountKey {
  accountLabel: string | null;
  scopes: string[];
}

/**
 * The connection of this account under this connector: the one that is there, else a new one.
 * Creating twice for the same account gives the same row; the caller stores the credential in the same transaction.
 */
export async function establishConnection(
  tx: Tx,
  ctx: Ctx,
  connector: Pick<ConnectorRow, 'id' | 'name'>,
  { accountLabel, scopes, ...key }: EstablishedConnection,
): Promise<{ connection: ConnectionRow; created: boolean }> {
  const found = await findByAccount(tx, ctx.tenantId, key);
  if (found) return { connection: found, created: false };
  const connection = await insert(tx, ctx, newConnection(ctx, { ...key, accountLabel, scopes }));
  await recordAudit(tx, ctx, { action: 'connection.created', subject: connectionSubject(connection, connector) });
  return { connection, created: true };
}

/** Webhooks are told of every new connection, also of one that came with its connector. */
async function insert(tx: Tx, ctx: Ctx, row: ReturnType<typeof newConnection>): Promise<ConnectionRow> {
  const [connection] = await Promise.all([insertConnection(tx, row), announce(tx, ctx, 'connection.created', row.id)]);
  return connection;
}

const newConnection = (ctx: Ctx, values: EstablishedConnection) => ({
  ...values,
  tenantId: ctx.tenantId,
  id: uuidv7(),
  nextCheckAt: new Date(),
  ...madeBy(ctx),
  ...changedBy(ctx),
});

/**
 * The one connection of a connector whose auth needs no grant: made with it, tenant-wide.
 * It learns its account at the first check. What made the connector is in its audit row already.
 */
export async function ensureOwnConnection(
  tx: Tx,
  ctx: Ctx,
  connector: Pick<ConnectorRow, 'id'>,
): Promise<ConnectionRow> {
  return (await findOwnConnection(tx, ctx.tenantId, connector.id)) ?? insert(tx, ctx, ownConnection(ctx, connector.id));
}

/** Such a connection, for whoever inserts it together with its connector. */
export const ownConnection = (ctx: Ctx, connectorId: string) =>
  newConnection(ctx, {
    connectorId,
    userId: null,
    toolkitSlug: null,
    externalAccountId: null,
    accountLabel: null,
    scopes: [],
  });
