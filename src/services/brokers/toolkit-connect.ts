import type { Ctx } from '../../context.ts';
import { selectBrokered } from '../../db/queries/brokered-connections.ts';
import type { ToolkitDetails } from '../../drivers/driver.ts';
import { notFound } from '../../errors.ts';
import { mustFindConnection } from '../connections/connections.ts';
import type { BrokerTarget } from './brokers.ts';
import { brokeredDetails } from './toolkit-details.ts';
import { findToolkit } from './toolkit-lookup.ts';

/** What a broker brings, with the accounts of it that this person reaches. */
export interface ConnectableToolkit {
  target: BrokerTarget;
  details: ToolkitDetails;
  /** As people know them. */
  accounts: string[];
}

/** @throws AppError not_found, also for what the hub calls itself, unavailable */
export async function connectable(ctx: Ctx, slug: string, connectorId: string): Promise<ConnectableToolkit> {
  const found = await findToolkit(ctx, slug, connectorId);
  if (!found.target) throw notFound('toolkit');
  const { target } = found;
  const { value: details } = await brokeredDetails(ctx, target, found.toolkit);
  const accounts = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const rows = await selectBrokered(tx, ctx.tenantId, target.connector.id);
      const own = rows.filter(({ toolkitSlug, status }) => toolkitSlug === details.slug && status === 'active');
      const reached = await Promise.all(own.map(({ id }) => mustFindConnection(tx, ctx, id).catch(() => null)));
      return reached.flatMap((row) =>
        row ? `${row.accountLabel ?? details.name}${row.userId ? ' (personal)' : ''}` : [],
      );
    },
    { readOnly: true },
  );
  return { target, details, accounts };
}
