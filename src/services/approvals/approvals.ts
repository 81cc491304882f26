import { sql } from 'drizzle-orm';
import { type Ctx, mayActAs, personOf, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type ApprovalRow,
  countPending,
  findApproval,
  moveApproval,
  selectApprovals,
} from '../../db/queries/approvals.ts';
import { actForTenant } from '../../db/queries/identity.ts';
import type { ApprovalStatus } from '../../db/schema/index.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { scrubWords } from '../../lib/scrub.ts';
import { VaultError } from '../../vault/vault.ts';
import { recordAudit } from '../audit.ts';
import { defineQueue, enqueue } from '../queues.ts';
import { endWaiting, subjectOf, whyWithdrawn } from './approval-endings.ts';
import { openContent } from './sealed-calls.ts';

export const approvedQueue = defineQueue('run-approved');

/** As an admin sees it: with all that the call would say, but for words that look like a secret. */
export interface ShownApproval extends Omit<ApprovalRow, 'sealed'> {
  /** Null once it has begun or nothing will come of it, and where it does not open any more. */
  arguments: unknown;
}

export interface ApprovalQuery {
  status?: ApprovalStatus;
  limit?: number;
  cursor?: string;
}

/** The calls of keys that wait, or waited, newest first. @throws AppError forbidden */
export async function listApprovals(ctx: Ctx, { status, limit = 50, cursor }: ApprovalQuery = {}) {
  requireRole(ctx, 'admin', 'see what waits for approval');
  const beforeId = cursor ? (decodeCursor(cursor, 1)[0] ?? null) : null;
  const filter = { statuses: status && [status], beforeId, limit: limit + 1 };
  const read = async (tx: Tx) => {
    const rows = await selectApprovals(tx, ctx.tenantId, filter);
    return Promise.all(rows.map((row) => shown(tx, ctx, row)));
  };
  return page(await ctx.hub.db.asTenant(ctx.tenantId, read), limit, ({ id }) => [id]);
}

/** Those that wait, the longest first. @throws AppError forbidden */
export async function listPending(ctx: Ctx, limit = 50) {
  requireRole(ctx, 'admin', 'see what waits for approval');
  const read = async (tx: Tx) => {
    const filter = { statuses: ['pending' as const], limit: limit + 1, oldestFirst: true };
    const rows = await selectApprovals(tx, ctx.tenantId, filter);
    return Promise.all(rows.map((row) => shown(tx, ctx, row)));
  };
  return page(await ctx.hub.db.asTenant(ctx.tenantId, read), limit, ({ id }) => [id]);
}

/** @throws AppError forbidden, not_found */
export async function getApproval(ctx: Ctx, id: string): Promise<ShownApproval> {
  requireRole(ctx, 'admin', 'see what waits for approval');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => shown(tx, ctx, await mustFind(tx, ctx, id)));
}

/** How many calls wait for this person; 0 for whoever may not decide. */
export const countWaiting = async (tx: Tx, ctx: Ctx): Promise<number> =>
  mayActAs(ctx.actor, 'admin') ? countPending(tx, ctx.tenantId) : 0;

async function shown(tx: Tx, ctx: Ctx, row: ApprovalRow): Promise<ShownApproval> {
  const { sealed, ...facts } = row;
  const waits = facts.begunAt === null && sealed !== null;
  const content = waits ? await openContent(tx, ctx, row).catch(orUnreadable) : {};
  return { ...facts, arguments: content.call ? scrubWords(content.call.arguments) : null };
}

function orUnreadable(error: unknown) {
  if (error instanceof VaultError) return {};
  throw error;
}

export interface Decision {
  decision: 'approve' | 'refuse';
  note?: string | null;
}

/**
 * Lets a call go on, or ends it. Of several decisions the first one counts. What was approved runs as who asked, with what they may
 * do then; what it needs and is gone already ends it here.
 * @throws AppError forbidden, not_found, invalid_input, invalid_transition when it is decided or over
 */
export async function decideApproval(ctx: Ctx, id: string, { decision, note }: Decision): Promise<ShownApproval> {
  requireRole(ctx, 'admin', 'approve what keys ask for');
  const said = (note ?? '').trim();
  if (said.length > 500) throw invalid({ note: ['Use at most 500 characters.'] });
  return ctx.hub.db.system.transaction(async (tx) => {
    await actForTenant(tx, ctx.tenantId);
    const row = await mustFind(tx, ctx, id, { lock: true });
    requireOther(ctx, row);
    requirePending(row);
    const gone = await whyWithdrawn(tx, row);
    if (gone) {
      await endWaiting(tx, ctx, row, 'withdrawn', gone);
      return shown(tx, ctx, await mustFind(tx, ctx, id));
    }
    const by = { decidedBy: ctx.actor.id, decidedByName: ctx.actor.name, decidedAt: sql`now()`, note: said || null };
    if (decision === 'refuse') {
      const why = `${ctx.actor.name} refused this call.${said && ` They say: ${said}`}`;
      await endWaiting(tx, ctx, row, 'refused', why, by);
    } else await approve(tx, ctx, row, by);
    return shown(tx, ctx, await mustFind(tx, ctx, id));
  });
}

/** Time enough for a hub that is stopped for a while; what was agreed to long ago surprises. */
const startWithin = sql`now() + interval '1 hour'`;

async function approve(tx: Tx, ctx: Ctx, row: ApprovalRow, by: Parameters<typeof moveApproval>[4]) {
  await moveApproval(tx, ctx.tenantId, row.id, ['pending'], { ...by, status: 'approved', expiresAt: startWithin });
  await recordAudit(tx, ctx, { action: 'approval.approved', subject: subjectOf(row), details: { tool: row.tool } });
  await soon(tx, ctx.tenantId, row.id);
}

/** A hub that is still making its queues refuses no decision for it: the next scan finds what waits. */
const soon = (tx: Tx, tenantId: string, id: string) =>
  tx
    .transaction((inner) => enqueue(inner, approvedQueue, { tenant_id: tenantId, id }))
    .catch((error) => {
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
    });

/** A program decides about nothing that it, or another one of the same person, asked for. */
function requireOther({ actor }: Ctx, { keyId, makerId }: ApprovalRow) {
  if (actor.type !== 'api_key' || (actor.id !== keyId && personOf(actor) !== makerId)) return;
  throw new AppError('forbidden', 'An API key cannot decide about calls of its own, nor of other keys of its maker.');
}

function requirePending({ status, expiresAt, decidedByName }: ApprovalRow) {
  if (status === 'pending' && expiresAt.getTime() > Date.now()) return;
  const words = {
    approved: `${decidedByName} approved this already.`,
    refused: `${decidedByName} refused this already.`,
  };
  const told = words[status as keyof typeof words] ?? 'Nobody can decide about this any more: it is over.';
  throw new AppError('invalid_transition', told, { extra: { approval: status === 'pending' ? 'expired' : status } });
}

async function mustFind(tx: Tx, ctx: Ctx, id: string, options: { lock?: boolean } = {}): Promise<ApprovalRow> {
  const row = await findApproval(tx, ctx.tenantId, id, options);
  if (!row) throw notFound('approval');
  return row;
}
