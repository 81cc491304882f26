import type { Ctx } from '../context.ts';
import { countUse } from '../db/queries/executions.ts';
import { findPair } from './connection-pair.ts';

/** What used a connection within the last 30 days: which tools how often, the most used first. @throws AppError not_found */
export const connectionUse = (ctx: Ctx, id: string) =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => ({ ...(await findPair(tx, ctx, id)), use: await countUse(tx, ctx.tenantId, id, 30) }),
    { readOnly: true },
  );
