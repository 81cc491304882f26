import type { Ctx } from '../../context.ts';
import { selectUse } from '../../db/queries/executions.ts';
import { readerOf } from '../tools/executions.ts';
import { findPair } from './connection-pair.ts';

/** A connection with who called which tools through it in the last 30 days, the most frequent first. @throws AppError not_found */
export const connectionUse = (ctx: Ctx, connectionId: string) =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => ({
      ...(await findPair(tx, ctx, connectionId)),
      use: await selectUse(tx, ctx.tenantId, { connectionId, reader: readerOf(ctx) }),
    }),
    { readOnly: true },
  );
