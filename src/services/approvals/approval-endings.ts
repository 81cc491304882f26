import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findApiKey } from '../../db/queries/api-keys.ts';
import {
  type ApprovalRow,
  moveApproval,
  moveWaiting,
  selectApprovals,
  selectStanding,
} from '../../db/queries/approvals.ts';
import { statusOfKey } from '../api-keys/key-status.ts';
import { recordAudit } from '../audit.ts';

type Ended = 'refused' | 'expired' | 'withdrawn';

export const subjectOf = ({ id, title, connectorName }: ApprovalRow) => ({
  type: 'approval',
  id,
  name: `${title} (${connectorName})`,
});

/**
 * Ends a call that has not begun, and forgets what it would have said.
 * @param why a sentence for who asked
 */
export async function endWaiting(
  tx: Tx,
  ctx: Pick<Ctx, 'tenantId' | 'actor' | 'requestId' | 'ip'>,
  row: ApprovalRow,
  status: Ended,
  why: string,
  by: Parameters<typeof moveApproval>[4] = {},
): Promise<boolean> {
  const values = { ...by, status, sealed: null };
  if (!(await moveApproval(tx, ctx.tenantId, row.id, ['pending', 'approved'], values))) return false;
  await endExecutionOf(tx, row, `approval_${status}`, why);
  const details = { tool: row.tool, reason: why };
  await recordAudit(tx, ctx, { action: `approval.${status}`, subject: subjectOf(row), details });
  return true;
}

/** The execution ends without having begun. */
export const endExecutionOf = (tx: Tx, { tenantId, id }: ApprovalRow, errorCode: string, errorMessage: string) =>
  moveWaiting(tx, tenantId, id, {
    ...{ status: 'failed', durationMs: 0, errorCode: errorCode.slice(0, 60), errorMessage },
    finishedAt: sql`now()`,
  });

/** Why nothing can come of it any more; '' while something can. Needs a transaction that may read memberships. */
export async function whyWithdrawn(tx: Tx, row: ApprovalRow): Promise<string> {
  const key = await findApiKey(tx, row.tenantId, row.keyId);
  if (!key || statusOfKey(key) !== 'active')
    return `The key ${row.keyName}, which asked for it, is not in force any more.`;
  const { connector, connection } = await selectStanding(tx, row);
  if (!connector) return `The connector ${row.connectorName} was deleted.`;
  return connection ? '' : `The account of ${row.connectorName} that it was for is not connected any more.`;
}

/** Ends at once what a key waits for, when that is revoked. */
export async function withdrawOfKey(tx: Tx, ctx: Ctx, keyId: string): Promise<void> {
  const open = await selectApprovals(tx, ctx.tenantId, { statuses: ['pending', 'approved'], keyId, limit: 1_000 });
  for (const row of open)
    await endWaiting(tx, ctx, row, 'withdrawn', `The key ${row.keyName}, which asked for it, was revoked.`);
}
