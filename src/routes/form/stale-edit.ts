import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { listAudit } from '../../services/audit.ts';
import { labelAt } from '../dashboard/connector-model.ts';
import type { StaleEdit } from '../view-models/dialog.ts';

const own: Record<string, string> = { name: 'Name', tags: 'Tags' };

/** Who saved in between, when, and what they changed. */
export async function staleEdit(ctx: Ctx, row: ConnectorRow): Promise<StaleEdit> {
  const { data } = await listAudit(ctx, { subjectId: row.id, limit: 1 });
  const changed = data[0]?.details.changed;
  return {
    by: row.updatedByName ?? 'Somebody',
    at: row.updatedAt,
    changed: Array.isArray(changed) ? changed.map((path) => own[String(path)] ?? labelAt(ctx, row, String(path))) : [],
  };
}
