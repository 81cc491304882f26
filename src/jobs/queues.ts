import type { Ctx } from '../context.ts';
import type { JobPayload } from '../db/queries/jobs.ts';
import { runApproved } from '../services/approvals/approval-runs.ts';
import { approvedQueue } from '../services/approvals/approvals.ts';
import { repositoryQueue, syncRepositories } from '../services/connections/repository-sync.ts';
import { refreshDue, refreshQueue } from '../services/credentials/credential-refresh.ts';
import { checkQueue } from '../services/health/check-queue.ts';
import { runDueCheck } from '../services/health/scheduled-checks.ts';
import { publishQueue, publishTarget } from '../services/publishing/post-publishing.ts';
import type { Queue } from '../services/queues.ts';
import { deliveryQueue } from '../services/webhooks/announcements.ts';
import { deliverWebhook } from '../services/webhooks/webhook-deliveries.ts';

export interface QueueJob<P extends JobPayload = JobPayload> {
  queue: Queue<P>;
  /** A row that is gone meanwhile may throw not_found: there is nothing left to do. `signal` ends with the hub. */
  run(ctx: Ctx, payload: P, signal: AbortSignal): Promise<unknown>;
  /** At once in this process, when several workspaces have work. */
  concurrency: number;
  /** At once in this process for one workspace, less than `concurrency`, so that nobody waits behind somebody else's thousand. */
  perTenant: number;
  /** Attempts after the first one, each later than the one before; then it becomes a dead letter. */
  retries: number;
}

/** Keeps the payload's type from the queue to the verb. */
export const queueJob = <P extends JobPayload>(job: QueueJob<P>): QueueJob => job as unknown as QueueJob;

/** What services put into queues, and the verb behind each. */
export const queues: QueueJob[] = [
  // What kept a check from being made is tried again by the next scan that finds it due.
  queueJob({
    queue: checkQueue,
    run: (ctx, { id }) => runDueCheck(ctx, id),
    concurrency: 16,
    perTenant: 8,
    retries: 1,
  }),
  queueJob({
    queue: refreshQueue,
    run: (ctx, { id }) => refreshDue(ctx, id),
    concurrency: 8,
    perTenant: 4,
    retries: 2,
  }),
  // How it went is kept with the connection, and the next scan begins it again; this is for one that was cut off.
  queueJob({
    queue: repositoryQueue,
    run: (ctx, { id }, signal) => syncRepositories(ctx, id, signal),
    concurrency: 4,
    perTenant: 1,
    retries: 1,
  }),
  // Retries over a day stand with the delivery; these are for an attempt that could not even be noted.
  queueJob({
    queue: deliveryQueue,
    run: (ctx, { id }, signal) => deliverWebhook(ctx, id, { signal }),
    concurrency: 8,
    perTenant: 4,
    retries: 2,
  }),
  // What is tried again stands with the target; a claim that was lost is found by the next scan.
  queueJob({
    queue: publishQueue,
    run: (ctx, { id }) => publishTarget(ctx, id),
    concurrency: 8,
    perTenant: 4,
    retries: 1,
  }),
  // What was not even begun is put here again by the next scan; what was begun never is.
  queueJob({
    queue: approvedQueue,
    run: (ctx, { id }) => runApproved(ctx, id),
    concurrency: 8,
    perTenant: 4,
    retries: 1,
  }),
];
