import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { actForTenant } from '../../db/queries/identity.ts';

/**
 * Runs `work` in one transaction that reaches people and their memberships together with the rows of this tenant: what changes
 * there and its audit event are saved together or not at all. Every query in it names the tenant.
 * @throws what `work` throws, AppError unavailable or outcome_unknown
 */
export const withMembers = <T>({ hub, tenantId }: Pick<Ctx, 'hub' | 'tenantId'>, work: (tx: Tx) => Promise<T>) =>
  hub.db.system.transaction(async (tx): Promise<T> => {
    await actForTenant(tx, tenantId);
    return work(tx);
  });
