import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hub } from '../context.ts';
import type { Job } from './schedule.ts';

/** Runs each job on its own clock, never two runs of one job at a time; a failure is logged and the next run comes as planned. */
export function startJobs(hub: Hub, jobs: Job[]): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loops = jobs.map((job) => loop(hub, job, stopping.signal));
  return {
    /** Resolves when the runs that are under way have ended. */
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function loop(hub: Hub, job: Job, signal: AbortSignal) {
  while (await pause(job.everySeconds, signal)) await runOnce(hub, job);
}

async function runOnce(hub: Hub, job: Job) {
  const started = performance.now();
  try {
    const done = await job.run(hub);
    if (done) hub.log.info({ job: job.name, done, ms: Math.round(performance.now() - started) }, 'job done');
  } catch (error) {
    hub.log.error({ job: job.name, err: error }, 'job failed; it runs again as planned');
  }
}

/** Waits the interval give or take a tenth, so that replicas drift apart; false once stopping. */
async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  const ms = seconds * randomInt(900, 1100);
  return sleep(ms, true, { signal, ref: false }).catch(() => false);
}
