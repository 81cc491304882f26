import { type Ctx, changedBy, requirePerson, requireRole } from '../../context.ts';
import { type ConnectorRow, updateConnectorRow } from '../../db/queries/connectors.ts';
import { AppError } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { mustFind, subject } from '../connectors/connectors.ts';
import { byFile } from '../connectors/managed.ts';

/**
 * Takes a connector away from the file that manages it, when there is no time to change that: people can change it until the file is
 * applied again.
 * @throws AppError forbidden, not_found, or conflict for one that no file manages
 */
export async function takeOverConnector(ctx: Ctx, id: string): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'take connectors over');
  requirePerson(ctx, 'take connectors over');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    requireFile(before);
    const { fileState } = before;
    const after = await updateConnectorRow(tx, ctx.tenantId, id, {
      managedBy: null,
      fileState: fileState && { ...fileState, taken_over: { at: new Date().toISOString(), by: ctx.actor.name } },
      ...changedBy(ctx),
    });
    const details = { source: fileState?.source };
    await recordAudit(tx, ctx, { action: 'connector.taken_over', subject: subject(after), details });
    return { ...after, catalog: before.catalog };
  });
}

/** @throws AppError conflict */
export function requireFile({ name, managedBy }: Pick<ConnectorRow, 'name' | 'managedBy'>): void {
  if (managedBy !== byFile)
    throw new AppError('conflict', `${name} is managed by no file, so there is nothing to take over.`);
}
