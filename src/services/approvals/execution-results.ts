import { setTimeout as sleep } from 'node:timers/promises';
import { type Ctx, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApprovalRow, findApproval } from '../../db/queries/approvals.ts';
import { type ExecutionRow, findExecution } from '../../db/queries/executions.ts';
import { notFound } from '../../errors.ts';
import { readerOf } from '../tools/executions.ts';
import type { Executed } from '../tools/tools.ts';
import { type KeptResult, openContent } from './sealed-calls.ts';

/** How a call of the asker's own stands, with what came of it where that is kept. */
export interface ExecutionResult extends Omit<Executed, 'status'> {
  status: ExecutionRow['status'];
  tool: string;
  /** Until when `data` is kept; null where it is not. */
  resultUntil: Date | null;
  /** More came than is kept. */
  cut: boolean;
  /** What became of asking an admin; null for a call that needed none. */
  approval: Pick<ApprovalRow, 'status' | 'decidedAt' | 'note'> | null;
}

const longestWaitMs = 20_000;
const pauseMs = 500;

/**
 * For who called, and for keys of that person; what came of it is for the key that asked alone.
 * @param waitMs looks again until it is over or so much time has passed, at most 20 seconds
 * @throws AppError not_found
 */
export async function resultOf(ctx: Ctx, id: string, waitMs = 0): Promise<ExecutionResult> {
  const until = Date.now() + Math.min(waitMs, longestWaitMs);
  for (;;) {
    const found = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => read(tx, ctx, id));
    const goesOn = ['running', 'awaiting_approval'].includes(found.status);
    if (!goesOn || Date.now() + pauseMs > until) return found;
    await sleep(pauseMs);
  }
}

async function read(tx: Tx, ctx: Ctx, id: string): Promise<ExecutionResult> {
  const row = await findExecution(tx, ctx.tenantId, id, readerOf(ctx));
  if (!row || ![ctx.actor.id, personOf(ctx.actor)].includes(row.actorId)) throw notFound('execution');
  const approval = await findApproval(tx, ctx.tenantId, id);
  const kept =
    approval?.begunAt && approval.keyId === ctx.actor.id ? (await openContent(tx, ctx, approval)).result : undefined;
  const { durationMs, attempts, upstreamRequestId } = row;
  return {
    ...{ executionId: id, tool: row.tool, status: row.status, data: kept?.data ?? null, error: problemOf(row, kept) },
    report: { executionId: id, durationMs: durationMs ?? 0, attempts, rateLimit: null, upstreamRequestId },
    resultUntil: kept ? (approval?.resultUntil ?? null) : null,
    cut: kept?.cut ?? false,
    approval: approval && { status: approval.status, decidedAt: approval.decidedAt, note: approval.note },
    ...(row.status === 'awaiting_approval' && approval && { approvalUntil: approval.expiresAt }),
  };
}

/** As the call itself would have told, where that is kept. */
const problemOf = ({ errorCode, errorMessage }: ExecutionRow, kept?: KeptResult) =>
  kept?.error ?? (errorCode === null ? null : { code: errorCode, message: errorMessage ?? '', retryable: false });
