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
const firstPauseMs = 500;
const longestPauseMs = 3_000;
/** Of one caller at a time; one more is answered at once. */
const mostWaiting = 5;
const waiting = new Map<string, number>();

/**
 * For who called, and for keys of that person; what came of it is for the key that asked alone.
 * @param wait looks again until it is over, so much time has passed (20 seconds at most), or nobody waits any more
 * @throws AppError not_found
 */
export async function resultOf(
  ctx: Ctx,
  id: string,
  wait: { ms?: number; signal?: AbortSignal } = {},
): Promise<ExecutionResult> {
  const look = () => ctx.hub.db.asTenant(ctx.tenantId, (tx) => read(tx, ctx, id), { readOnly: true });
  const caller = `${ctx.tenantId} ${ctx.actor.id}`;
  const others = waiting.get(caller) ?? 0;
  if (!wait.ms || others >= mostWaiting) return look();
  waiting.set(caller, others + 1);
  try {
    return await lookUntilOver(look, Date.now() + Math.min(wait.ms, longestWaitMs), wait.signal);
  } finally {
    const left = (waiting.get(caller) ?? 1) - 1;
    if (left) waiting.set(caller, left);
    else waiting.delete(caller);
  }
}

async function lookUntilOver(look: () => Promise<ExecutionResult>, until: number, signal?: AbortSignal) {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const found = await look();
    const goesOn = ['running', 'awaiting_approval'].includes(found.status);
    if (!goesOn || signal?.aborted || Date.now() + firstPauseMs > until) return found;
    await sleep(Math.min(pauseMs, until - Date.now()), null, { signal }).catch(() => {});
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
