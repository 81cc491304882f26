import type { Job as BossJob, JobResult } from 'pg-boss';
import type { Hub } from '../context.ts';
import type { JobPayload } from '../db/queries/jobs.ts';
import { AppError } from '../errors.ts';
import { checkPayload } from '../services/queues.ts';
import { systemCtx } from '../services/system.ts';
import { requireRunning } from '../services/tenants/suspension.ts';
import type { QueueJob } from './queues.ts';
import type { Job } from './schedule.ts';

/** Told of every run that ended. */
export type Observe = (job: string, outcome: 'done' | 'failed') => void;

/** One run of a schedule. */
export async function runScheduled(hub: Hub, jobs: Job[], name: string): Promise<unknown> {
  const job = jobs.find((each) => each.name === name);
  return job?.run(hub); // without a job: left behind by another version
}

/** One job of a queue, as the system in its workspace. */
export async function runQueued(hub: Hub, { queue, run }: QueueJob, payload: JobPayload, signal: AbortSignal) {
  checkPayload(queue, payload);
  try {
    await requireRunning(hub, payload.tenant_id);
    return await run(systemCtx(hub, payload.tenant_id, queue.name), payload, signal);
  } catch (error) {
    if (error instanceof AppError && ['not_found', 'suspended'].includes(error.code)) return 0; // nothing left to do, or not now
    throw error;
  }
}

/** What the library is told: never throws, and the reason is a sentence that may be shown. */
export async function settle(
  hub: Hub,
  { id, retryCount }: BossJob,
  name: string,
  observe: Observe,
  run: () => Promise<unknown>,
): Promise<JobResult> {
  const started = performance.now();
  try {
    const done = await run();
    const ms = Math.round(performance.now() - started);
    if (done) hub.log.info({ job: name, done: typeof done === 'number' ? done : undefined, ms }, 'job done');
    observe(name, 'done');
    return { id, status: 'completed' };
  } catch (error) {
    hub.log.error({ job: name, job_id: id, attempt: retryCount + 1, err: error }, 'job failed');
    observe(name, 'failed');
    return { id, status: 'failed', output: { message: sentenceOf(error, id) } };
  }
}

const sentenceOf = (error: unknown, id: string) =>
  error instanceof AppError ? error.message : `It failed unexpectedly. Look for ${id} in the hub’s log.`;
