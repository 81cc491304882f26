import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { countKeyCalls } from '../../db/queries/executions.ts';
import { isUuid } from '../../db/queries/text.ts';
import type { KeyLimits } from '../../db/schema/index.ts';
import { AppError, type FieldErrors } from '../../errors.ts';

/** What a call is, as far as a key may be limited in it. */
export interface LimitedCall {
  /** As executions call it: `github.create_issue`, `proxy`, `llm.chat`. */
  tool: string;
  connector: { id: string; name: string };
  /** Whether it may change something at the service. */
  changes: boolean;
  /** Whether it certainly changes and removes nothing that is there. */
  adds?: boolean;
  /** Its own execution, where that is there already and waits: it does not count against itself. */
  executionId?: string;
}

/** Why this actor may not make the call; '' when they may. */
export function whyLimited({ actor }: Ctx, { tool, connector, changes }: LimitedCall): string {
  const { connectors, tools, readOnly } = actor.limits ?? {};
  if (connectors && !connectors.includes(connector.id))
    return `This API key may not call anything through ${connector.name}: it is limited to other connectors.`;
  if (tools && !tools.some((pattern) => matches(pattern, tool)))
    return `This API key may not call “${tool}”: it is limited to ${tools.join(', ')}.`;
  if (readOnly && changes) return `This API key may only read, and “${tool}” may change something.`;
  return '';
}

/** Whether the call has to wait for an admin. A person’s own calls never do. */
export const needsApproval = (
  { actor }: Pick<Ctx, 'actor'>,
  { changes, adds }: Pick<LimitedCall, 'changes' | 'adds'>,
) => (actor.limits?.approval === 'writes' ? changes : actor.limits?.approval === 'destructive' && changes && !adds);

/** For what cannot wait. @throws AppError approval_required */
export function refuseUnapproved(
  ctx: Pick<Ctx, 'actor'>,
  what: string,
  call: Pick<LimitedCall, 'changes' | 'adds'>,
): void {
  if (needsApproval(ctx, call))
    throw new AppError(
      'approval_required',
      `What this API key changes has to be approved by an admin, and ${what} cannot wait for that. Call a tool of the connector instead.`,
    );
}

/**
 * The one place where the limits of a key are held, in the transaction that begins a call, whichever way it came: API, MCP, proxy or `/v1`.
 * Calls of one key that begin at the same moment wait for each other, so that the number in an hour is exact.
 * @throws AppError forbidden, quota_exceeded
 */
export async function requireWithinLimits(tx: Tx, ctx: Ctx, call: LimitedCall): Promise<void> {
  const why = whyLimited(ctx, call);
  if (why) throw new AppError('forbidden', `${why} Ask who made it for another one.`);
  const { id, limits } = ctx.actor;
  if (!id || !limits?.callsPerHour) return;
  const { count, oldestAgo } = await countKeyCalls(tx, ctx.tenantId, id, call.executionId);
  if (count < limits.callsPerHour) return;
  throw new AppError(
    'quota_exceeded',
    `This API key may make ${limits.callsPerHour} calls an hour, and has made them. Try again later.`,
    {
      extra: { calls_per_hour: limits.callsPerHour },
      retryAfter: Math.max(1, 3600 - oldestAgo),
    },
  );
}

const matches = (pattern: string, tool: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.\\-]/g, '\\$&'))
      .join('.*')}$`,
  ).test(tool);

const most = 100;

/** The limits as they are kept: what limits nothing is left out. `found` gets what is wrong, by field. */
export function checkLimits(input: unknown, found: FieldErrors): KeyLimits {
  const {
    connectors,
    tools,
    read_only: readOnly,
    calls_per_hour: callsPerHour,
    approval = 'none',
    approval_hours: approvalHours,
  } = (input ?? {}) as Record<string, unknown>;
  const limits: KeyLimits = {};
  if (isList(connectors)) {
    if (!connectors.every(isUuid) || connectors.length > most)
      found['limits.connectors'] = ['Choose connectors of this workspace.'];
    limits.connectors = [...new Set(connectors)];
  }
  if (isList(tools)) {
    if (
      !tools.every((each) => /^[a-z0-9_.*-]{1,200}$/.test(each) && each.split('*').length <= 5) ||
      tools.length > most
    )
      found['limits.tools'] = [
        `Give names of tools as the API lists them, with * for anything: github.*, at most ${most} of them.`,
      ];
    limits.tools = [...new Set(tools)];
  }
  if (readOnly === true) limits.readOnly = true;
  if (callsPerHour !== undefined && callsPerHour !== null) {
    if (!Number.isInteger(callsPerHour) || Number(callsPerHour) < 1 || Number(callsPerHour) > 1_000_000)
      found['limits.calls_per_hour'] = ['Give a whole number from 1 to 1000000, or leave it out.'];
    limits.callsPerHour = Number(callsPerHour);
  }
  if (approval === 'destructive' || approval === 'writes') limits.approval = approval;
  else if (approval !== 'none') found['limits.approval'] = ['Choose none, destructive or writes.'];
  if (approvalHours !== undefined && approvalHours !== null) {
    if (!Number.isInteger(approvalHours) || Number(approvalHours) < 1 || Number(approvalHours) > 168)
      found['limits.approval_hours'] = ['Give a whole number of hours from 1 to 168, or leave it out.'];
    limits.approvalHours = Number(approvalHours);
  }
  return limits;
}

const isList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
