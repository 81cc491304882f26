import type { Ctx } from '../../context.ts';
import { selectUse, type UseRow } from '../../db/queries/executions.ts';
import { readerOf } from '../tools/executions.ts';
import { mustFind } from './connectors.ts';

/** Who called which tools of the connector in the last 30 days, the most frequent first. @throws AppError not_found */
export const connectorUse = (ctx: Ctx, connectorId: string): Promise<UseRow[]> =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      await mustFind(tx, ctx, connectorId);
      return selectUse(tx, ctx.tenantId, { connectorId, reader: readerOf(ctx) });
    },
    { readOnly: true },
  );
