import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import {
  claimPostTarget,
  duePostTargets,
  findPost,
  type PostTargetRow,
  settlePostTarget,
} from '../../db/queries/posts.ts';
import type { LoadedDriver, Published } from '../../drivers/driver.ts';
import { mustUseConnection, type Target } from '../calls/call-targets.ts';
import { nothingCalled } from '../calls/calls.ts';
import { callService } from '../calls/connected-calls.ts';
import { defineQueue, enqueueAll } from '../queues.ts';
import { type Ending, type ExecutionProblem, type MayKeep, problemOf, startExecution } from '../tools/executions.ts';
import { settle as settleExecution } from '../tools/tools.ts';
import { type ContentInput, withMedia } from './post-content.ts';

export const publishQueue = defineQueue('publish');

/** Longer than an attempt takes, so that only one that was lost is looked after. */
const leaseSeconds = 300;
const deadlineMs = 120_000;
/** Seconds until the next attempt after a passing trouble. */
const pauses = [30, 120, 600];
/** Seconds until we look whether a post is out whose answer was lost. */
const lookAfterSeconds = 20;
const maxAttempts = 6;

/**
 * Publishes to one target that is due; nothing happens when it is not, was cancelled, or is published elsewhere at the moment. An
 * attempt that was lost is looked for at the service first, and where that cannot be done its outcome stays unknown.
 */
export async function publishTarget(ctx: Ctx, id: string, options: { leaseSeconds?: number } = {}): Promise<number> {
  const executionId = uuidv7();
  const claim = { leaseSeconds: options.leaseSeconds ?? leaseSeconds, executionId };
  const claimed = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => claimPostTarget(tx, ctx.tenantId, id, claim));
  if (!claimed) return 0;
  const { target, before } = claimed;
  const outcome = await attempt(ctx, target, before === 'publishing').catch((error: unknown) => {
    ctx.log.error({ err: error, post_target_id: id }, 'publishing failed by a defect of ours');
    return unknown('Publishing broke off. The log has the reason.');
  });
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => settlePostTarget(tx, target, valuesOf(ctx, target, outcome)));
  return 1;
}

type Outcome = { published: Published } | { status: 'failed' | 'outcome_unknown'; problem: ExecutionProblem };

const unknown = (message: string): Outcome => ({
  status: 'outcome_unknown',
  problem: { code: 'outcome_unknown', message, retryable: false },
});

async function attempt(ctx: Ctx, row: PostTargetRow, lost: boolean): Promise<Outcome> {
  const post = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findPost(tx, ctx.tenantId, row.postId));
  const driver = ctx.hub.drivers.get(row.catalogKey);
  if (!post || !driver?.publisher) return failed('not_found', 'The service is not offered here any more.');
  if (lost && !driver.publisher.find)
    return unknown('The answer was lost, and this service does not let us look. Look there before you try again.');
  // In the person's name, as it was asked for.
  const as: Ctx = { ...ctx, actor: { ...ctx.actor, id: post.createdBy, name: post.createdByName ?? ctx.actor.name } };
  const { content, problems } = await withMedia(ctx, post.content as unknown as ContentInput);
  const [problem] = Object.values(problems).flat();
  if (problem) return lost ? unknown(problem) : failed('media', `A file cannot be had any more. ${problem}`);
  const call = { as, row, driver, publisher: driver.publisher };
  if (lost) {
    const found = await run(
      call,
      'find',
      async (context) => driver.publisher?.find?.(context, content, row.id) ?? null,
    );
    if (!('value' in found)) return { ...found, status: 'outcome_unknown' };
    if (found.value) return { published: found.value };
  }
  const done = await run(call, 'publish', (context) => call.publisher.publish(context, content, row.id));
  return 'value' in done ? { published: done.value } : done;
}

const failed = (code: string, message: string): Outcome => ({
  status: 'failed',
  problem: { code, message, retryable: false },
});

interface Call {
  as: Ctx;
  row: PostTargetRow;
  driver: LoadedDriver;
}

/** One call, with its execution in the history. */
async function run<T>(
  { as, row, driver }: Call,
  verb: 'publish' | 'find',
  work: Parameters<typeof callService<T>>[3],
): Promise<{ value: T } | { status: 'failed' | 'outcome_unknown'; problem: ExecutionProblem }> {
  const writes = verb === 'publish';
  const executionId = (writes && row.executionId) || uuidv7();
  const started = {
    id: executionId,
    tool: `${row.catalogKey}.${verb}`,
    input: { post_id: row.postId },
    changes: writes,
  };
  let target: (Target & MayKeep) | undefined;
  let report = nothingCalled(executionId);
  const end = (ending: Omit<Ending, 'report'>) =>
    target && settleExecution(as, target, executionId, { ...ending, report });
  try {
    target = await startExecution(as, started, (tx) => mustUseConnection(tx, as, row.connectionId));
    const options = { sideEffect: writes ? ('write' as const) : ('none' as const), executionId, deadlineMs };
    const done = await callService(as, { driver, ...target }, options, work, (seen) => {
      report = seen;
    });
    report = done.report;
    await end({ status: 'succeeded', output: done.value });
    return { value: done.value };
  } catch (error) {
    const judged = problemOf(error, writes);
    const status = judged.status === 'outcome_unknown' ? 'outcome_unknown' : 'failed';
    await end({ ...judged, status });
    return { status, problem: judged.problem };
  }
}

function valuesOf(ctx: Ctx, row: PostTargetRow, outcome: Outcome) {
  if ('published' in outcome) {
    const { externalId, url, status } = outcome.published;
    const done = { status: 'published' as const, dueAt: null, publishedAt: sql`now()`, retryable: false };
    return { ...done, externalId, url, visibility: status, errorCode: null, errorMessage: null };
  }
  const { status, problem } = outcome;
  const told = { errorCode: problem.code, errorMessage: problem.message, retryable: problem.retryable };
  const again = nextOf(ctx, row, outcome);
  return again ? { ...told, ...again } : { ...told, status, dueAt: null };
}

/** What happens by itself: a passing trouble is tried again, and what may be out is looked for. */
function nextOf(
  ctx: Ctx,
  { attempts, catalogKey }: PostTargetRow,
  { status, problem }: Exclude<Outcome, { published: Published }>,
) {
  const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;
  const pause = pauses[attempts - 1];
  if (status === 'failed' && problem.retryable && pause !== undefined)
    return { status: 'waiting' as const, dueAt: inSeconds(Math.max(pause, problem.retry_after_s ?? 0)) };
  const canLook = ctx.hub.drivers.get(catalogKey)?.publisher?.find !== undefined;
  if (status === 'outcome_unknown' && canLook && attempts < maxAttempts)
    return { status: 'publishing' as const, dueAt: inSeconds(lookAfterSeconds * attempts) };
  return null;
}

/** Puts what is due into the queue, of all tenants; returns how much that was. */
export async function scanDuePosts({ db }: Pick<Hub, 'db'>, max = 500): Promise<number> {
  const due = await duePostTargets(db.system, max);
  await enqueueAll(db.system, publishQueue, due);
  return due.length;
}
