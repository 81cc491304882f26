import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { selectConnectors } from '../db/queries/connectors.ts';
import type { LlmProvider, LoadedDriver } from '../drivers/driver.ts';
import { AppError } from '../errors.ts';
import { findTarget, type Target } from './call-targets.ts';

/** The connector that a model is asked through, and how its provider is spoken to. */
export interface ModelTarget extends Target {
  driver: LoadedDriver;
  provider: LlmProvider;
}

/** @throws AppError malformed_request that lists the connectors to choose from */
export async function findModelTarget(tx: Tx, ctx: Ctx, handle?: string): Promise<ModelTarget> {
  const drivers = [...ctx.hub.drivers.values()].filter(({ entry }) => entry.capabilities.llm);
  const catalogKeys = drivers.map(({ entry }) => entry.key);
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKeys, status: 'active', limit: 200 });
  const wanted = handle ? rows.filter((row) => row.handle === handle) : rows;
  const [connector, ...others] = wanted;
  if (!connector || others.length) throw whichConnector(rows.map((row) => row.handle));
  const driver = drivers.find(({ entry }) => entry.key === connector.catalog.key) as LoadedDriver;
  const target = await findTarget(tx, ctx, driver, { connectorId: connector.id });
  return { ...target, driver, provider: driver.llm as LlmProvider };
}

const whichConnector = (handles: string[]) =>
  new AppError(
    'malformed_request',
    handles.length
      ? `Say which connector is meant, in the header X-Patchbay-Connector: ${handles.join(', ')}.`
      : 'No connector to language models is active. Install one, or activate it.',
    { extra: { code: 'connector_required', param: 'X-Patchbay-Connector' } },
  );
