import { type Ctx, mayActAs } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import { type ConnectorRow, selectConnectors } from '../../db/queries/connectors.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import {
  connectionName,
  defaultConnection,
  ensureOwnConnection,
  mustFindConnection,
} from '../connections/connections.ts';
import { mustFind } from '../connectors/connectors.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/** What a call goes through and acts as. */
export interface Target {
  connector: ConnectorRow;
  connection: ConnectionRow;
}

/** What the caller named of it. */
export interface NamedTarget {
  /** The account to act as. */
  connectionId?: string;
  /** The connector to go through; its usual connection is taken. */
  connectorId?: string;
}

/** The service behind a broker whose account is needed. */
export interface NeededToolkit {
  /** As the broker calls it. */
  slug: string;
  name: string;
  /** Its tools need no account. */
  noAuth: boolean;
}

/**
 * The connector of this driver, and the connection under it, that a call goes through.
 * @throws AppError not_found, invalid_input, or conflict when nothing usable is connected
 */
export async function findTarget(
  tx: Tx,
  ctx: Ctx,
  driver: LoadedDriver,
  input: NamedTarget,
  toolkit?: NeededToolkit,
): Promise<Target> {
  const named = input.connectionId ? await mustFindConnection(tx, ctx, input.connectionId) : null;
  const connectorId = named?.connectorId ?? input.connectorId;
  if (named && input.connectorId && input.connectorId !== named.connectorId) throw notFound('connection');
  const usual = (id: string) => defaultConnection(tx, ctx, id, toolkit?.noAuth ? undefined : toolkit?.slug);
  const only = connectorId ? null : await onlyConnector(tx, ctx, driver);
  const id = connectorId ?? (only as ConnectorRow).id;
  const [connector, found] = await Promise.all([only ?? mustFind(tx, ctx, id), named ?? usual(id)]);
  if (connector.catalog.key !== driver.entry.key)
    throw invalid({
      connector_id: [`${connector.name} is a connector of ${connector.catalog.name}, not of ${driver.entry.name}.`],
    });
  requireActive(connector);
  if (named) requireOfToolkit(named, toolkit);
  const connection = found ?? (await ownConnection(tx, ctx, driver, connector, toolkit));
  requireUsable(connection, connector);
  return { connector, connection };
}

/** @throws AppError invalid_input for an account of another toolkit */
function requireOfToolkit({ toolkitSlug, authConfigId }: ConnectionRow, toolkit?: NeededToolkit): void {
  const wanted = toolkit?.slug ?? null;
  const held = authConfigId ? toolkitSlug : null;
  if (held === wanted || (toolkit?.noAuth && held === null)) return;
  const why = wanted
    ? `This account is not one of ${toolkit?.name}.`
    : `This account is for its own toolkit (${held}) only.`;
  throw invalid({ connection_id: [why] });
}

async function onlyConnector(tx: Tx, ctx: Ctx, driver: LoadedDriver): Promise<ConnectorRow> {
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKey: driver.entry.key, status: 'active', limit: 50 });
  const [only, ...others] = rows;
  if (!only)
    throw new AppError('conflict', `No connector of ${driver.entry.name} is active. Install one, or activate it.`);
  if (!others.length) return only;
  const choices = rows.map(({ handle, id }) => `${handle} (${id})`).join(', ');
  throw invalid({ connector_id: [`Say which connector of ${driver.entry.name} is meant: ${choices}.`] });
}

/** The accounts that this actor may act as under a connector, and why nothing can be called now; '' when something can. */
export async function usableAccounts(ctx: Ctx, connector: ConnectorRow, toolkit?: NeededToolkit) {
  const reachableBy = mayActAs(ctx.actor, 'admin') ? null : ctx.actor.id;
  const filter = { connectorIds: [connector.id], reachableBy, limit: 200 };
  const all = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectConnections(tx, ctx.tenantId, filter), {
    readOnly: true,
  });
  const rows = all.filter((row) => isOfToolkit(row, toolkit));
  const accounts = rows.filter(({ status }) => status === 'active');
  return { accounts, blocked: whyBlocked(ctx, connector, rows, accounts.length > 0, toolkit) };
}

/** Tools of a broker go through accounts of their own toolkit, all others through the connector's own. */
const isOfToolkit = ({ authConfigId, toolkitSlug }: ConnectionRow, toolkit?: NeededToolkit): boolean =>
  toolkit && !toolkit.noAuth ? authConfigId !== null && toolkitSlug === toolkit.slug : authConfigId === null;

function whyBlocked(
  ctx: Ctx,
  connector: ConnectorRow,
  rows: ConnectionRow[],
  usable: boolean,
  toolkit?: NeededToolkit,
): string {
  try {
    requireActive(connector);
    if (usable) return '';
    const [first] = rows;
    if (first) requireUsable(first, connector);
    if (toolkit && !toolkit.noAuth) return noAccountOf(toolkit, connector).message;
    const driver = ctx.hub.drivers.get(connector.catalog.key);
    return driver?.needsConnection(withoutSecrets(connector.auth)) ? noAccount(connector).message : '';
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

const noAccountOf = (toolkit: NeededToolkit, { name }: ConnectorRow) =>
  new AppError(
    'conflict',
    `No account of ${toolkit.name} is connected to ${name}, or none that is active. Connect one first.`,
  );

const noAccount = ({ name }: ConnectorRow) =>
  new AppError('conflict', `No account is connected to ${name}. Connect one first.`);

/**
 * The connection with its connector, both fit for use.
 * @throws AppError not_found, conflict
 */
export async function mustUseConnection(tx: Tx, ctx: Ctx, id: string): Promise<Target> {
  const connection = await mustFindConnection(tx, ctx, id);
  const connector = await mustFind(tx, ctx, connection.connectorId);
  requireActive(connector);
  requireUsable(connection, connector);
  return { connector, connection };
}

function requireActive({ name, status, statusReason }: ConnectorRow) {
  if (status === 'inactive') throw new AppError('conflict', `${name} is inactive. Activate it first.`);
  if (status === 'error')
    throw new AppError('conflict', `${name} does not work at the moment. ${statusReason ?? ''}`.trim());
}

/** @throws AppError conflict when an account has to be connected first */
async function ownConnection(tx: Tx, ctx: Ctx, driver: LoadedDriver, connector: ConnectorRow, toolkit?: NeededToolkit) {
  if (toolkit && !toolkit.noAuth) throw noAccountOf(toolkit, connector);
  if (!driver.needsConnection(withoutSecrets(connector.auth))) return ensureOwnConnection(tx, ctx, connector);
  throw noAccount(connector);
}

function requireUsable(connection: ConnectionRow, connector: ConnectorRow) {
  if (connection.status === 'active') return;
  const name = connectionName(connection, connector);
  const way = connection.status === 'inactive' ? 'Switch it on first.' : 'Connect the account again.';
  throw new AppError(
    'conflict',
    `The connection of ${name} is ${connection.status}. ${connection.statusReason ?? ''} ${way}`.replace(/ {2,}/g, ' '),
  );
}
