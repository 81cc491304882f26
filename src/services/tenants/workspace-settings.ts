import { type Ctx, requireRole } from '../../context.ts';
import { dropPayloads } from '../../db/queries/executions.ts';
import { findSettings, type TenantSettings, upsertSettings } from '../../db/queries/tenant-settings.ts';
import { recordAudit } from '../audit.ts';

export const getWorkspaceSettings = (ctx: Ctx): Promise<TenantSettings> =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => findSettings(tx, ctx.tenantId), { readOnly: true });

/**
 * Decides whether executions keep what went in and out. Switching it off removes what was kept until then.
 * @throws AppError forbidden
 */
export async function keepPayloads(ctx: Ctx, keep: boolean): Promise<void> {
  requireRole(ctx, 'admin', 'decide what is kept of calls');
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { id: updatedBy, name: updatedByName } = ctx.actor;
    await upsertSettings(tx, ctx.tenantId, { keepPayloads: keep, updatedBy, updatedByName });
    if (!keep) await dropPayloads(tx, ctx.tenantId);
    await recordAudit(tx, ctx, {
      action: 'settings.updated',
      subject: {
        type: 'tenant',
        id: ctx.tenantId,
        name: keep ? 'to keep inputs and outputs' : 'to keep no inputs and outputs',
      },
    });
  });
}
