import { openDatabase } from '../../src/db/client.ts';
import { installJobSchema } from '../../src/db/job-schema.ts';
import { startJobs } from '../../src/jobs/worker.ts';
import { probeHub, probeJob, probeSchedule } from './probe.ts';

// A worker as a process of its own, which ends as the hub does; an error that nobody catches ends it otherwise.
const { hub, owner, tuning } = JSON.parse(process.argv[2] as string);
const db = openDatabase({ connection: hub });
const jobs = startJobs(probeHub(db), {
  ...{ connection: hub, roleMode: 'separate logins', schedule: probeSchedule, queues: [probeJob], tuning },
  install: () => installJobSchema(owner),
});
process.once('SIGTERM', async () => {
  await jobs.stop();
  await db.close();
  process.exit(0);
});
console.log(JSON.stringify({ pid: process.pid }));
