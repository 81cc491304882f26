import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { type ConnectorRow, findConnector, selectConnectors } from '../../db/queries/connectors.ts';
import { findSettings } from '../../db/queries/tenant-settings.ts';
import type { LlmProvider, LoadedDriver } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { findTarget, type NamedTarget, type Target } from '../calls/call-targets.ts';
import type { Sealed } from '../calls/opened-targets.ts';

/** The connector that a model is asked through, and how its provider is spoken to. */
export interface ModelTarget extends Target {
  driver: LoadedDriver;
  provider: LlmProvider;
  /** What was read with it. */
  sealed?: Sealed;
}

/** What the caller said of it. */
export interface NamedModelTarget extends NamedTarget {
  handle?: string;
  /** Only connectors of this one, for its tools. */
  driver?: LoadedDriver;
}

/** The drivers through which models can be asked. */
export const modelDrivers = ({ hub }: Pick<Ctx, 'hub'>): LoadedDriver[] =>
  [...hub.drivers.values()].filter(({ llm }) => llm);

/**
 * Goes through the key's own connector, the one that the caller names, the workspace's default, or the only one; in this order.
 * @throws AppError malformed_request or invalid_input that lists the connectors to choose from, forbidden when the key is bound to
 * another one, not_found, or conflict when it cannot be used now
 */
export async function findModelTarget(tx: Tx, ctx: Ctx, named: NamedModelTarget = {}): Promise<ModelTarget> {
  const drivers = named.driver ? [named.driver] : modelDrivers(ctx);
  const catalogKeys = drivers.map(({ entry }) => entry.key);
  const active = await selectConnectors(tx, ctx.tenantId, { catalogKeys, status: 'active', limit: 200 });
  const find = async (id: string) => active.find((row) => row.id === id) ?? (await findConnector(tx, ctx.tenantId, id));
  const asked = await askedId(tx, ctx, named, active);
  const bound = await boundId(ctx, asked, find);
  const id = bound ?? asked ?? (await usualId(tx, ctx, find, catalogKeys)) ?? onlyId(active, named);
  const key = id && (await find(id))?.catalog.key;
  const driver = drivers.find(({ entry }) => entry.key === key) ?? (drivers[0] as LoadedDriver);
  const target = await findTarget(tx, ctx, driver, { connectionId: named.connectionId, connectorId: id });
  return { ...target, driver, provider: driver.llm as LlmProvider };
}

type Find = (id: string) => Promise<ConnectorRow | null>;

async function askedId(
  tx: Tx,
  ctx: Ctx,
  { handle, connectorId, connectionId }: NamedModelTarget,
  active: ConnectorRow[],
) {
  if (connectionId) return (await findConnection(tx, ctx.tenantId, connectionId))?.connectorId ?? connectorId;
  if (!handle) return connectorId;
  const found = active.find((row) => row.handle === handle);
  if (!found) throw whichConnector(active);
  return found.id;
}

async function boundId({ actor }: Ctx, asked: string | undefined, find: Find): Promise<string | null> {
  const bound = actor.modelConnectorId ?? null;
  if (!bound || bound === asked) return bound;
  const row = await find(bound);
  if (!row)
    throw new AppError(
      'forbidden',
      'This API key is bound to a connector that does not exist any more. Make a new key.',
    );
  if (!asked) return bound;
  throw new AppError(
    'forbidden',
    `This API key is bound to the connector ${row.handle} and asks models through no other. Leave the other one out, or use another key.`,
    { extra: { code: 'connector_bound', param: 'X-Patchbay-Connector' } },
  );
}

/** The workspace's default, also when it cannot be used now; one that is gone, or another tool's, counts as none. */
async function usualId(tx: Tx, ctx: Ctx, find: Find, catalogKeys: string[]): Promise<string | null> {
  const { defaultModelConnectorId } = await findSettings(tx, ctx.tenantId);
  const row = defaultModelConnectorId && (await find(defaultModelConnectorId));
  return row && catalogKeys.includes(row.catalog.key) ? row.id : null;
}

function onlyId(active: ConnectorRow[], { driver }: NamedModelTarget): string | undefined {
  const [only, ...others] = active;
  if (only && !others.length) return only.id;
  if (driver) return undefined; // told in the words of tools
  throw whichConnector(active);
}

const whichConnector = (active: ConnectorRow[]) =>
  new AppError(
    'malformed_request',
    active.length
      ? `Say which connector is meant, in the header X-Patchbay-Connector: ${active.map(({ handle }) => handle).join(', ')}.`
      : 'No connector to language models is active. Install one, or activate it.',
    { extra: { code: 'connector_required', param: 'X-Patchbay-Connector' } },
  );
