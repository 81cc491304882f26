import { Gauge } from 'prom-client';
import type { Hub } from '../context.ts';
import type { Metrics } from '../lib/metrics.ts';
import { jobStatus } from '../services/job-status.ts';
import type { Observe } from './runs.ts';

/** Shows the queues in `/metrics`; returns what counts the runs of this process. */
export function measureJobs(hub: Hub, metrics: Metrics): Observe {
  const runs = metrics.counter('patchbay_job_runs_total', 'Runs of jobs that ended in this process', [
    'job',
    'outcome',
  ]);
  new Gauge({
    name: 'patchbay_jobs',
    help: 'Jobs of all replicas: waiting, running, and dead after their last attempt',
    labelNames: ['job', 'state'],
    registers: [metrics.registry],
    async collect() {
      this.reset();
      const rows = await jobStatus(hub).catch(() => []); // a database that is away must not take the other metrics along
      for (const { name, ...counts } of rows)
        for (const state of ['waiting', 'running', 'dead'] as const) this.set({ job: name, state }, counts[state]);
    },
  });
  return (job, outcome) => runs.inc({ job, outcome });
}
