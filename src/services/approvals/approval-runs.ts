import { sql } from 'drizzle-orm';
import type { Actor, Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApiKeyRow, findApiKey } from '../../db/queries/api-keys.ts';
import { type ApprovalRow, beginApproved, dueApprovals, findApproval, keepResult } from '../../db/queries/approvals.ts';
import { AppError } from '../../errors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { VaultError } from '../../vault/vault.ts';
import { roleOfKey } from '../api-keys/key-status.ts';
import { recordAudit } from '../audit.ts';
import { mustUseConnection } from '../calls/call-targets.ts';
import { withMembers } from '../people/with-members.ts';
import { enqueueAll } from '../queues.ts';
import { systemCtx } from '../system.ts';
import type { Ending, Resumed } from '../tools/executions.ts';
import { executeTool } from '../tools/tools.ts';
import { endExecutionOf, endWaiting, subjectOf, whyWithdrawn } from './approval-endings.ts';
import { approvedQueue } from './approvals.ts';
import { type KeptResult, openContent, sealContent, tiesOf, type WaitingCall } from './sealed-calls.ts';

/** Somebody else has begun it, or it is over. */
class NotToBegin extends Error {}

/** Nothing was called, and why. */
class Unfit extends Error {}

/**
 * Makes a call that was approved, once: as the key that asked for it, with all that the key, the workspace and the connector allow now.
 * What was begun and broke off is never begun again: its outcome is unknown.
 */
export async function runApproved(ctx: Ctx, id: string): Promise<number> {
  const found = await read(ctx, id);
  if (!found) return 0;
  const { row, key, call } = found;
  const as: Ctx = { ...ctx, actor: actorOf(key) };
  try {
    if (!key.scopes.includes('tools:execute')) throw new Unfit('The key may not call tools any more.');
    const target = { connectorId: row.connectorId, connectionId: row.connectionId };
    const resumed = resumedAs(as, row, call);
    await executeTool(as, row.tool, { ...target, arguments: call.arguments, executionId: id, resumed });
  } catch (error) {
    if (error instanceof NotToBegin) return 0;
    const told = toldOf(error);
    if (!told) throw error;
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) => fail(tx, ctx, row, told));
  }
  return 1;
}

interface Found {
  row: ApprovalRow;
  key: ApiKeyRow;
  call: WaitingCall;
}

/** Null when there is nothing to begin; what cannot come to anything ends here. */
const read = (ctx: Ctx, id: string): Promise<Found | null> =>
  withMembers(ctx, async (tx) => {
    const row = await findApproval(tx, ctx.tenantId, id, { lock: true });
    if (row?.status !== 'approved' || row.begunAt) return null;
    const why = await whyWithdrawn(tx, row);
    if (why) return ended(tx, ctx, row, 'withdrawn', why);
    if (row.expiresAt.getTime() <= Date.now()) return ended(tx, ctx, row, 'expired', tooLate);
    const { call } = await openContent(tx, ctx, row).catch(unreadable);
    const key = await findApiKey(tx, ctx.tenantId, row.keyId);
    return key && call
      ? { row, key, call }
      : ended(tx, ctx, row, 'withdrawn', 'What it would have said cannot be read.');
  });

const tooLate = 'It was approved, and could not be begun within an hour.';

async function ended(tx: Tx, ctx: Ctx, row: ApprovalRow, status: 'withdrawn' | 'expired', why: string): Promise<null> {
  await endWaiting(tx, ctx, row, status, why);
  return null;
}

function unreadable(error: unknown): { call?: undefined } {
  if (error instanceof VaultError) return {};
  throw error;
}

const actorOf = (key: ApiKeyRow): Actor => ({
  type: 'api_key',
  id: key.id,
  name: key.name,
  role: roleOfKey(key),
  makerId: key.createdBy,
  modelConnectorId: key.modelConnectorId,
  limits: key.limits,
});

const resumedAs = (ctx: Ctx, row: ApprovalRow, call: WaitingCall): Resumed => ({
  async begin(tx) {
    await requireSameTies(tx, ctx, row, call);
    if (!(await beginApproved(tx, ctx.tenantId, row.id))) throw new NotToBegin();
  },
  end: (tx, ending) => keep(tx, ctx, row, ending),
});

/** What was agreed to goes where it would have gone, as who it would have been. */
async function requireSameTies(tx: Tx, ctx: Ctx, { connectionId, connectorName }: ApprovalRow, call: WaitingCall) {
  const target = await mustUseConnection(tx, ctx, connectionId);
  const driver = ctx.hub.drivers.get(target.connector.catalog.key);
  const now = driver && tiesOf(driver, target);
  if (now?.destinations.join(' ') !== call.destinations.join(' '))
    throw new Unfit(`${connectorName} leads elsewhere than when this was asked for. Ask again.`);
  if (call.account !== null && now.account !== call.account)
    throw new Unfit(`${connectorName} has another account than when this was asked for. Ask again.`);
}

/** What is told to who asked when nothing was called; null for what is worth another attempt. */
function toldOf(error: unknown): { code: string; message: string } | null {
  if (error instanceof Unfit) return { code: 'approval_outdated', message: error.message };
  if (!(error instanceof AppError) || error.status >= 500) return null;
  const fields = Object.entries(error.errors ?? {}).map(([field, told]) => `${field}: ${told.join(' ')}`);
  return { code: error.code, message: [error.message, ...fields].join(' ') };
}

/** It was approved all the same; only nothing came of it. */
async function fail(tx: Tx, ctx: Ctx, row: ApprovalRow, { code, message }: { code: string; message: string }) {
  if (!(await endExecutionOf(tx, row, code, message))) return;
  await keepResult(tx, ctx.tenantId, row.id, { sealed: null, resultUntil: null });
  await recordAudit(tx, ctx, {
    action: 'approval.failed',
    subject: subjectOf(row),
    details: { tool: row.tool, reason: message },
  });
}

const resultHours = 24;
/** Characters; what is longer is not kept. */
const longestResult = 1_000_000;

async function keep(tx: Tx, ctx: Ctx, { id }: ApprovalRow, { status, output, problem, report }: Ending): Promise<void> {
  const { durationMs, attempts } = report;
  const whole: KeptResult = { status, data: output ?? null, error: problem ?? null, durationMs, attempts };
  const result = JSON.stringify(whole).length > longestResult ? { ...whole, data: null, cut: true as const } : whole;
  const sealed = await sealContent(tx, ctx, id, { result });
  await keepResult(tx, ctx.tenantId, id, { sealed, resultUntil: sql`now() + make_interval(hours => ${resultHours})` });
}

/** What is due in all workspaces: begins what was approved, ends what is over, forgets results. Returns how much that was. */
export async function settleApprovals(hub: Hub, max = 500): Promise<number> {
  const due = await dueApprovals(hub.db.system, max);
  const settled = await eachAtOnce(due, 4, ({ tenantId, id }) =>
    settleDue(systemCtx(hub, tenantId, 'settle-approvals'), id),
  );
  return settled.filter(Boolean).length;
}

const settleDue = (ctx: Ctx, id: string): Promise<boolean> =>
  withMembers(ctx, async (tx) => {
    const row = await findApproval(tx, ctx.tenantId, id, { lock: true });
    if (!row) return false;
    const now = Date.now();
    if (row.resultUntil && row.resultUntil.getTime() <= now) {
      await keepResult(tx, ctx.tenantId, id, { sealed: null, resultUntil: null });
      return true;
    }
    if (row.begunAt || !['pending', 'approved'].includes(row.status)) return false;
    const why = await whyWithdrawn(tx, row);
    if (why) return endWaiting(tx, ctx, row, 'withdrawn', why);
    if (row.expiresAt.getTime() <= now)
      return endWaiting(
        tx,
        ctx,
        row,
        'expired',
        row.status === 'approved' ? tooLate : 'No admin decided about it in time.',
      );
    if (row.status === 'approved') await enqueueAll(tx, approvedQueue, [{ tenant_id: ctx.tenantId, id }]);
    return row.status === 'approved';
  });
