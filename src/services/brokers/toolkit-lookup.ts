import type { Ctx } from '../../context.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { invalid, notFound } from '../../errors.ts';
import { mustFind } from '../connectors/connectors.ts';
import { requireOn } from './account-settlement.ts';
import { asBroker, type BrokerTarget, readBrokers } from './brokers.ts';

type FoundToolkit = { target: null; driver: LoadedDriver } | { target: BrokerTarget; toolkit: string };

/** Whose toolkit a name means. @throws AppError not_found, also while no broker is installed that could have it */
export async function findToolkit(ctx: Ctx, slug: string, connectorId?: string): Promise<FoundToolkit> {
  const [first = '', ...rest] = slug.toLowerCase().split('.');
  const driver = ctx.hub.drivers.get(first);
  if (connectorId) return { target: await mustBroker(ctx, connectorId), toolkit: rest[0] ?? first };
  if (driver?.tools?.length && !rest.length) return { target: null, driver };
  const [target] = await readBrokers(ctx, rest.length ? first : undefined);
  const toolkit = rest.length ? rest.join('.') : first;
  if (!target || (driver?.broker === undefined && rest.length)) throw notFound('toolkit');
  return { target, toolkit };
}

/** The same for what only brokers' toolkits have. @throws AppError not_found, invalid_input for a service that the hub calls itself */
export async function mustFindBrokered(ctx: Ctx, slug: string, connectorId?: string) {
  const found = await findToolkit(ctx, slug, connectorId);
  if (found.target) return found;
  const { name } = found.driver.entry;
  throw invalid({ slug: [`${name} needs none of this: install its connector with POST /api/connectors.`] });
}

/** The workspace’s connector of a broker. @throws AppError not_found, invalid_input for a connector that is none */
export async function mustBroker(ctx: Ctx, connectorId: string): Promise<BrokerTarget> {
  const connector = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, connectorId), { readOnly: true });
  const target = asBroker(ctx, connector);
  if (!target) throw invalid({ connector_id: [`${connector.name} brings no toolkits.`] });
  requireOn(connector);
  return target;
}
