import { type Ctx, mayActAs, personOf } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import {
  type ExecutionFilter,
  type ExecutionRow,
  findExecution,
  finishExecution,
  insertExecution,
  type Reader,
  selectExecutions,
} from '../../db/queries/executions.ts';
import { findSettings, type TenantSettings } from '../../db/queries/tenant-settings.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError, notFound } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { refuseUnapproved, requireWithinLimits } from '../api-keys/key-limits.ts';
import type { CallReport } from '../calls/calls.ts';
import { requireExecutionRoom } from '../tenants/quotas.ts';
import { masked } from './payloads.ts';

interface StartedExecution {
  id: string;
  tool: string;
  connectorId: string;
  connectionId: string;
  input: unknown;
  status?: 'running' | 'awaiting_approval';
}

/** A call that was approved: its execution is there, and waits. */
export interface Resumed {
  /** Takes it, for this transaction alone; throws when that cannot be. */
  begin(tx: Tx): Promise<void>;
  /** In the transaction that writes how it ended. */
  end(tx: Tx, ending: Ending): Promise<void>;
}

/** Whether the workspace keeps what goes in and comes out. */
export type MayKeep = Pick<TenantSettings, 'keepPayloads'>;

/**
 * Finds what to call and writes that it has begun, before anything leaves the hub.
 * @throws what `find` throws, AppError quota_exceeded, forbidden by a limit of the key, approval_required where that was not asked for, or conflict with the `execution_id` when this one was begun already
 */
export async function startExecution<T extends { connector: { id: string; name: string }; connection: { id: string } }>(
  ctx: Ctx,
  {
    changes,
    adds,
    resumed,
    ...started
  }: Pick<StartedExecution, 'id' | 'tool' | 'input'> & {
    changes: boolean | ((target: T) => boolean);
    adds?: boolean;
    resumed?: Resumed;
  },
  find: (tx: Tx) => Promise<T>,
): Promise<T & MayKeep> {
  try {
    const begin = async (tx: Tx) => {
      const executionId = resumed && started.id;
      const settings = findSettings(tx, ctx.tenantId);
      const [target, { keepPayloads }] = await Promise.all([
        find(tx),
        settings,
        requireExecutionRoom(tx, ctx.tenantId, executionId),
      ]);
      const mayChange = typeof changes === 'function' ? changes(target) : changes;
      const call = { tool: started.tool, connector: target.connector, changes: mayChange, adds };
      await requireWithinLimits(tx, ctx, { ...call, executionId });
      if (resumed) {
        await resumed.begin(tx);
        return { ...target, keepPayloads };
      }
      refuseUnapproved(ctx, started.tool === 'proxy' ? 'a request of its own' : 'this', call);
      const ids = { connectorId: target.connector.id, connectionId: target.connection.id };
      await beginExecution(tx, ctx, { ...started, ...ids }, settings);
      return { ...target, keepPayloads };
    };
    return await ctx.hub.db.asTenant(ctx.tenantId, begin, { quiet: true });
  } catch (error) {
    if (uniqueViolation(error) !== 'executions_tenant_id_id_pk') throw error;
    const extra = { execution_id: started.id };
    throw new AppError('conflict', 'This was run already. Its record tells how it went.', { extra });
  }
}

/** Writes that a call begins, or waits. */
export async function beginExecution(
  tx: Tx,
  ctx: Ctx,
  { input, ...started }: StartedExecution,
  settings = findSettings(tx, ctx.tenantId),
): Promise<void> {
  const keep = (await settings).keepPayloads;
  await insertExecution(tx, {
    ...started,
    tenantId: ctx.tenantId,
    input: keep ? masked(input) : null,
    actorType: ctx.actor.type,
    actorId: ctx.actor.id,
    actorName: ctx.actor.name,
    requestId: ctx.requestId,
  });
}

/** What is told about a failure, in the answer and in the history. */
export interface ExecutionProblem {
  code: string;
  message: string;
  /** Whether the same call may succeed later. */
  retryable: boolean;
  retry_after_s?: number;
  field?: string;
  /** The service's own code. */
  service_code?: string;
}

export interface Ending {
  status: 'succeeded' | 'failed' | 'outcome_unknown';
  output?: unknown;
  problem?: ExecutionProblem;
  report: CallReport;
}

/**
 * Writes how it went; a crash before leaves it running, and a job calls its outcome unknown later.
 * @param begun what its workspace wanted when it began: what was not to be kept then is not asked for again
 */
export async function endExecution(
  tx: Tx,
  ctx: Ctx,
  id: string,
  { status, output, problem, report }: Ending,
  begun: MayKeep = { keepPayloads: true },
) {
  const keep = begun.keepPayloads && output !== undefined && (await findSettings(tx, ctx.tenantId)).keepPayloads;
  await finishExecution(tx, ctx.tenantId, id, {
    status,
    durationMs: report.durationMs,
    attempts: report.attempts,
    upstreamRequestId: report.upstreamRequestId,
    errorCode: problem?.code ?? null,
    errorMessage: problem?.message ?? null,
    ...(keep && { output: masked(output) }),
  });
}

/**
 * What a failed call means. A write whose answer was lost may have happened: that is no failure, its outcome is unknown.
 * Anything that is no failure of the service or on the way to it is thrown on.
 */
export function problemOf(
  error: unknown,
  write: boolean,
): { status: 'failed' | 'outcome_unknown'; problem: ExecutionProblem } {
  if (error instanceof ServiceError) {
    const seconds = error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1000);
    const unknown = write && error.fault === 'service';
    return {
      status: unknown ? 'outcome_unknown' : 'failed',
      problem: {
        code: unknown ? 'outcome_unknown' : `service_${error.fault}`,
        message: error.message,
        retryable: !error.permanent && !unknown,
        ...(seconds !== undefined && { retry_after_s: seconds }),
        ...(error.field && { field: error.field }),
        ...(error.serviceCode && { service_code: error.serviceCode }),
      },
    };
  }
  // Of ours, before anything was sent: a secret that does not open, a connection that was deleted meanwhile.
  if (error instanceof AppError && error.status < 500)
    return { status: 'failed', problem: { code: error.code, message: error.message, retryable: false } };
  if (!(error instanceof OutboundError)) throw error;
  if (write && error.mayHaveArrived)
    return {
      status: 'outcome_unknown',
      problem: {
        code: 'outcome_unknown',
        message: `${error.message} Whether it took effect is not known: look before you try again.`,
        retryable: false,
      },
    };
  const retryable = !['blocked', 'redirect_refused', 'too_large', 'tls'].includes(error.code);
  return { status: 'failed', problem: { code: `network_${error.code}`, message: error.message, retryable } };
}

export type ExecutionQuery = Omit<ExecutionFilter, 'beforeId' | 'limit' | 'reader'> & {
  limit?: number;
  cursor?: string;
};

/** The workspace's executions, newest first; what others called through accounts of their own is theirs. */
export async function listExecutions(ctx: Ctx, query: ExecutionQuery) {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 1) : null;
  const filter = { ...query, beforeId: after?.[0] ?? null, limit: limit + 1 };
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => selectExecutions(tx, ctx.tenantId, { ...filter, reader: readerOf(ctx) }),
    { readOnly: true },
  );
  return page(
    rows.map((row) => shownTo(ctx, row)),
    limit,
    (row) => [row.id],
  );
}

/** Whose calls this actor may see. */
export function readerOf(ctx: Ctx): Reader | null {
  return mayActAs(ctx.actor, 'admin') ? null : { actorId: ctx.actor.id, person: personOf(ctx.actor) };
}

/** @throws AppError not_found */
export async function getExecution(ctx: Ctx, id: string): Promise<ExecutionRow> {
  const row = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => findExecution(tx, ctx.tenantId, id, readerOf(ctx)),
    { readOnly: true },
  );
  if (!row) throw notFound('execution');
  return shownTo(ctx, row);
}

/** What went in and out is for who called, and for owners and admins. */
const shownTo = ({ actor }: Ctx, row: ExecutionRow): ExecutionRow =>
  mayActAs(actor, 'admin') || row.actorId === actor.id ? row : { ...row, input: null, output: null };
