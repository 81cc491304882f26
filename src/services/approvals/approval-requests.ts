import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findMakerName } from '../../db/queries/api-keys.ts';
import { countPending, insertApproval, lockPending } from '../../db/queries/approvals.ts';
import type { LoadedDriver, Tool, Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { isTooMuch } from '../../lib/schema/limits.ts';
import { requireWithinLimits } from '../api-keys/key-limits.ts';
import { recordAudit } from '../audit.ts';
import { findTarget, type NamedTarget, type NeededToolkit } from '../calls/call-targets.ts';
import { requireExecutionRoom } from '../tenants/quotas.ts';
import { beginExecution } from '../tools/executions.ts';
import { sealContent, tiesOf } from './sealed-calls.ts';

export interface WantedCall {
  driver: LoadedDriver;
  tool: Tool;
  /** With the toolkit in front. */
  name: string;
  /** The checked arguments. */
  values: Values;
  named: NamedTarget;
  account?: NeededToolkit;
  executionId: string;
}

/** Of one key at a time: who has to look at them is a person. */
const mostPending = 50;
const usualHours = 24;
const mostCharacters = 1_000_000;

/**
 * Notes a call that has to be approved first, instead of making it. What would keep it from being made keeps it from being asked for.
 * @returns until when somebody can decide
 * @throws AppError as the call itself would
 */
export const askApproval = (ctx: Ctx, wanted: WantedCall): Promise<Date> =>
  ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { driver, tool, name, values, executionId: id } = wanted;
    requireReadable(values);
    await requireExecutionRoom(tx, ctx.tenantId);
    const target = await findTarget(tx, ctx, driver, wanted.named, wanted.account);
    const { connector, connection } = target;
    await requireWithinLimits(tx, ctx, { tool: name, connector, changes: true });
    const key = await askingKey(tx, ctx);
    const ids = { connectorId: connector.id, connectionId: connection.id };
    await beginExecution(tx, ctx, { id, tool: name, input: values, ...ids, status: 'awaiting_approval' });
    const call = { arguments: values, ...tiesOf(driver, target) };
    const expiresAt = new Date(Date.now() + (ctx.actor.limits?.approvalHours ?? usualHours) * 3_600_000);
    await insertApproval(tx, {
      ...{ tenantId: ctx.tenantId, id, tool: name, title: tool.title.slice(0, 255), ...ids, ...key, expiresAt },
      connectorName: connector.name,
      sealed: await sealContent(tx, ctx, id, { call }),
    });
    await recordAudit(tx, ctx, {
      action: 'approval.requested',
      subject: { type: 'approval', id, name: `${tool.title} (${connector.name})` },
      details: { tool: name, connector: connector.name, expires_at: expiresAt.toISOString() },
    });
    return expiresAt;
  });

/** @throws AppError invalid_input where there is more than a person can look through */
function requireReadable(values: Values) {
  if (!isTooMuch(values) && JSON.stringify(values).length <= mostCharacters) return;
  throw invalid({
    arguments: [
      'A call that has to be approved brings at most 5,000 values and a million characters. Send this in parts.',
    ],
  });
}

/** @throws AppError quota_exceeded when too much of it waits already */
async function askingKey(tx: Tx, { tenantId, actor }: Ctx) {
  const { id: keyId, name: keyName, makerId } = actor;
  if (!keyId || !makerId) throw new TypeError('only calls of keys wait for approval');
  await lockPending(tx, tenantId, keyId);
  if ((await countPending(tx, tenantId, keyId)) >= mostPending)
    throw new AppError(
      'quota_exceeded',
      `${mostPending} calls of this API key wait for approval already. Wait until an admin has decided about some.`,
      { extra: { max_pending_approvals: mostPending }, retryAfter: 300 },
    );
  return { keyId, keyName, makerId, makerName: await findMakerName(tx, tenantId, keyId) };
}
