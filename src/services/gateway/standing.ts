import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { hasBudgets } from '../../db/queries/budget-reservations.ts';
import { selectQuotas } from '../../db/queries/tenant-quotas.ts';
import { findSettings } from '../../db/queries/tenant-settings.ts';
import { readSealed } from '../calls/opened-targets.ts';
import { findModelTarget, type ModelTarget, type NamedModelTarget } from './gateway-target.ts';
import { type Prices, pricesNow } from './llm-prices.ts';
import { apiKeyOf } from './llm-usage.ts';

/** What a call goes by that nobody has changed lately. */
export interface Standing {
  target: ModelTarget;
  prices: Prices;
  /** Whether any budget counts the call. */
  budgeted: boolean;
  /** Whether executions keep what went in and out. */
  keepPayloads: boolean;
  /** Whether executions are counted, so that each has to be there before it runs. */
  counted: boolean;
}

/**
 * How things stand for a call of this actor, as they were half a second ago at most; what this process changes counts at once.
 * @throws as `findModelTarget`
 */
export function standingOf(ctx: Ctx, named: NamedModelTarget): Promise<Standing> {
  const { id, type, role, makerId, modelConnectorId } = ctx.actor;
  const { driver, handle, connectorId, connectionId } = named;
  const asked = [driver?.entry.key, handle, connectorId, connectionId];
  const key = JSON.stringify(['standing', ctx.tenantId, type, id, role, makerId, modelConnectorId, ...asked]);
  const load = () => ctx.hub.db.asTenant(ctx.tenantId, (tx) => read(tx, ctx, named), { quiet: true });
  return ctx.hub.db.recent.read(key, ctx.tenantId, load, sizeOf);
}

/** What of it can be large: certificates in the settings, and what was granted. */
const sizeOf = ({ target: { connector, sealed } }: Standing): number =>
  JSON.stringify([connector.config, connector.auth, sealed?.granted?.sealed]).length;

async function read(tx: Tx, ctx: Ctx, named: NamedModelTarget): Promise<Standing> {
  const target = await findModelTarget(tx, ctx, named);
  const spender = { apiKeyId: apiKeyOf(ctx), connectorId: target.connector.id };
  // What does not open is told when it is opened.
  const sealed = await readSealed(tx, ctx, target).catch((error) => {
    if (error.name === 'VaultError') return undefined;
    throw error;
  });
  const { executionsPerHour } = await selectQuotas(tx, ctx.tenantId);
  return {
    target: { ...target, sealed },
    prices: await pricesNow(tx, ctx.tenantId, target.provider.priceList),
    budgeted: await hasBudgets(tx, ctx.tenantId, spender),
    keepPayloads: (await findSettings(tx, ctx.tenantId)).keepPayloads,
    counted: executionsPerHour !== null || Boolean(ctx.actor.limits?.callsPerHour),
  };
}
