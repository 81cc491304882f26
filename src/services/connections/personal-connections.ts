import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectPersonalConnections } from '../../db/queries/connections.ts';
import { AppError } from '../../errors.ts';
import { systemCtx } from '../system.ts';
import { deleteConnection } from './connection-deletion.ts';

/** What somebody has connected for themselves, as people know it. */
export const personalConnections = (tx: Tx, tenantId: string, userId: string) =>
  selectPersonalConnections(tx, tenantId, userId);

/**
 * Disconnects what somebody has connected for themselves, as the hub itself: they do not belong to the workspace any more.
 * One that cannot be disconnected now is logged and stops nothing; nobody but admins reaches it, and they can disconnect it.
 */
export async function endPersonalConnections(ctx: Ctx, ids: string[]): Promise<void> {
  const own = { ...systemCtx(ctx.hub, ctx.tenantId, 'member-removal'), requestId: ctx.requestId };
  for (const id of ids)
    await deleteConnection(own, id).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'not_found') return;
      ctx.log.error({ err: error, connection_id: id }, 'a removed member’s own connection could not be ended');
    });
}
