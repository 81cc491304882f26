import { setTimeout as sleep } from 'node:timers/promises';
import type { PgBoss, Queue as QueueSettings, WorkOptions } from 'pg-boss';
import type { Hub } from '../context.ts';
import type { Connection } from '../db/connection.ts';
import type { RoleMode } from '../db/login.ts';
import type { JobPayload } from '../db/queries/jobs.ts';
import { deadLetterQueue, scheduleQueue } from '../services/job-status.ts';
import { openBoss, type Tuning, usual } from './boss.ts';
import type { QueueJob } from './queues.ts';
import { type Observe, runQueued, runScheduled, settle } from './runs.ts';
import type { Job } from './schedule.ts';
import { tellTrouble } from './trouble.ts';

export interface Work {
  /** What the hub works as. */
  connection: Connection;
  roleMode: RoleMode;
  /** Makes the library's tables; repeated until it works. */
  install(): Promise<void>;
  schedule: Job[];
  queues: QueueJob[];
  observe?: Observe;
  tuning?: Partial<Tuning>;
}

/** Starts working without holding up the caller, and keeps trying while the database is away. `stop` waits for the jobs that run. */
export function startJobs(hub: Hub, work: Work): { stop(): Promise<void> } {
  const tuning = { ...usual, ...work.tuning };
  const stopping = new AbortController();
  const running = untilStarted(hub, work, tuning, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      const ended = running.then((boss) => boss?.stop({ timeout: tuning.drainMs }));
      await Promise.race([ended, sleep(tuning.drainMs + 1_500, undefined, { ref: false })]);
    },
  };
}

const longestWaitMs = 10_000;

async function untilStarted(hub: Hub, work: Work, tuning: Tuning, signal: AbortSignal): Promise<PgBoss | null> {
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      await work.install();
      return await open(hub, work, tuning);
    } catch (error) {
      hub.log.error({ err: error, again_in_ms: waitMs }, 'jobs could not be started; trying again');
    }
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
  }
  return null;
}

async function open(hub: Hub, work: Work, tuning: Tuning): Promise<PgBoss> {
  const boss = await openBoss(work.connection, work.roleMode, tuning);
  tellTrouble(boss, hub.log);
  try {
    await boss.start();
    await declareQueues(boss, work.queues, tuning);
    await declareSchedule(boss, work.schedule);
    await startWorkers(boss, hub, work);
    return boss;
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw error;
  }
}

const day = 24 * 3600;

async function declareQueues(boss: PgBoss, queues: QueueJob[], { heartbeatSeconds, retryDelaySeconds }: Tuning) {
  const common = {
    heartbeatSeconds,
    notify: true,
    retryBackoff: true,
    retryDelay: retryDelaySeconds,
    retryDelayMax: 600,
  };
  await declareQueue(boss, { name: deadLetterQueue, retentionSeconds: 14 * day });
  // A scan that fails for good is no dead letter: the next one does the same work.
  await declareQueue(boss, {
    name: scheduleQueue,
    policy: 'exclusive',
    retryLimit: 3,
    deleteAfterSeconds: 2 * day,
    ...common,
  });
  for (const { queue, retries } of queues)
    await declareQueue(boss, {
      name: queue.name,
      policy: 'exclusive',
      deadLetter: deadLetterQueue,
      retryLimit: retries,
      deleteAfterSeconds: day,
      ...common,
    });
}

/** The settings of this version replace those of the one before. */
async function declareQueue(boss: PgBoss, { name, ...settings }: QueueSettings) {
  await boss.createQueue(name, settings);
  const { policy: _fixed, ...changeable } = settings;
  await boss.updateQueue(name, changeable);
}

async function declareSchedule(boss: PgBoss, jobs: Job[]) {
  for (const { name, cron } of jobs)
    await boss.schedule(scheduleQueue, cron, { schedule: name }, { key: name, singletonKey: name, missed: 'once' });
  const names = new Set(jobs.map(({ name }) => name));
  for (const { key } of await boss.getSchedules(scheduleQueue))
    if (!names.has(key)) await boss.unschedule(scheduleQueue, key);
}

/** Without these settings the library polls, and does a handful of jobs a second. */
const brisk = {
  perJobResults: true,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 2,
  notifyPollingIntervalSeconds: 5,
} as const satisfies WorkOptions;

/** So few in a batch that a slow job holds up one other; more than one, or each fetch would wait for the next poll. */
const pair = 2;

async function startWorkers(boss: PgBoss, hub: Hub, { schedule, queues, observe = () => {} }: Work) {
  await boss.work<{ schedule: string }>(scheduleQueue, { ...brisk, localConcurrency: 2, batchSize: 10 }, (jobs) =>
    Promise.all(
      jobs.map((job) => {
        const name = job.data.schedule;
        return settle(hub, job, name, observe, () => runScheduled(hub, schedule, name));
      }),
    ),
  );
  for (const each of queues) {
    const { queue, concurrency, perTenant } = each;
    const localConcurrency = Math.max(perTenant, Math.ceil(concurrency / pair));
    const options = { ...brisk, localConcurrency, batchSize: pair, localGroupConcurrency: perTenant };
    await boss.work<JobPayload>(queue.name, options, (jobs) =>
      Promise.all(
        jobs.map((job) => settle(hub, job, queue.name, observe, () => runQueued(hub, each, job.data, job.signal))),
      ),
    );
  }
}
