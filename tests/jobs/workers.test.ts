import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobStatus } from '../../src/services/job-status.ts';
import { enqueueAll } from '../../src/services/queues.ts';
import { type Child, runChild } from '../support/child.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';
import { makeNotes, notes, payload, probeQueue } from './probe.ts';

const tuning = { heartbeatSeconds: 10, monitorSeconds: 1, cronSeconds: 1, retryDelaySeconds: 1 };
const patient = { timeout: 60_000, interval: 100 };

let database: TestDatabase;
const workers: Child[] = [];
beforeEach(async () => {
  database = await testDatabase();
  await makeNotes(database.admin);
});
afterEach(async () => {
  for (const { process } of workers.splice(0)) process.kill('SIGKILL');
  await database.drop();
});

async function startWorker(more: object = {}): Promise<Child> {
  const { hub, admin: owner } = database;
  const worker = runChild('jobs/worker-process.ts', JSON.stringify({ hub, owner, tuning: { ...tuning, ...more } }));
  workers.push(worker);
  await worker.next();
  return worker;
}

const queueIsThere = () =>
  expect
    .poll(async () => (await jobStatus({ db: database.db })).some(({ name }) => name === 'probe'), patient)
    .toBe(true);
const put = (tasks: string[]) => enqueueAll(database.db.system, probeQueue, tasks.map(payload));
const pidsOf = async (what: string) => (await notes(database.db, what)).map(({ pid }) => pid);
const stateOf = async () =>
  (await database.db.system.execute(sql`select state::text from pgboss.job where name = 'probe'`))[0]?.state;

describe('two processes', { timeout: 120_000 }, () => {
  it('share the work, and do each job and each minute once', async () => {
    const started = Math.floor(Date.now() / 60_000);
    const both = [await startWorker(), await startWorker()];
    await queueIsThere();
    // Rounds of work until both have done some; one of them may still be starting.
    let count = 0;
    const pids = new Set(both.map((worker) => worker.process.pid));
    const share = async () => {
      await put(Array.from({ length: 200 }, () => 'quick'));
      count += 200;
      await expect.poll(async () => (await pidsOf('done')).length, patient).toBe(count);
      return new Set(await pidsOf('done'));
    };
    while ((await share()).size < 2) expect(count).toBeLessThan(4_000);
    const done = await notes(database.db, 'done');
    expect(new Set(done.map(({ pid }) => pid))).toEqual(pids);
    expect(new Set(done.map(({ id }) => id)).size).toBe(count);
    expect((await pidsOf('begun')).length).toBe(count);
    await expect.poll(async () => (await pidsOf('tick')).length, patient).toBeGreaterThan(0);
    // Both have read the clock several times by then.
    await put(['slow']);
    await expect.poll(async () => (await pidsOf('done')).length, patient).toBe(count + 1);
    const minutes = Math.floor(Date.now() / 60_000) - started + 1;
    expect((await pidsOf('tick')).length).toBeLessThanOrEqual(minutes);
  });

  it('take over from one that was killed', async () => {
    await startWorker();
    await queueIsThere();
    await put(['hang once']);
    await expect.poll(() => pidsOf('hanging'), patient).toHaveLength(1);
    const [killed] = await pidsOf('hanging');
    await startWorker();
    process.kill(killed as number, 'SIGKILL');
    await expect.poll(() => pidsOf('done'), patient).toHaveLength(1);
    expect(await pidsOf('done')).not.toEqual([killed]);
  });
});

describe('a process that is told to stop', { timeout: 120_000 }, () => {
  it('waits for the job that runs', async () => {
    const worker = await startWorker();
    await queueIsThere();
    await put(['slow']);
    await expect.poll(() => pidsOf('begun'), patient).toHaveLength(1);
    await worker.end('SIGTERM');
    expect(worker.process.exitCode).toBe(0);
    expect(await pidsOf('done')).toEqual([worker.process.pid]);
    expect(await stateOf()).toBe('completed');
  });

  it('does not wait for ever, and gives the job back at once', async () => {
    const worker = await startWorker({ drainMs: 1_000 });
    await queueIsThere();
    await put(['hang once']);
    await expect.poll(() => pidsOf('hanging'), patient).toHaveLength(1);
    await worker.end('SIGTERM');
    expect(worker.process.exitCode).toBe(0);
    expect(await stateOf()).toBe('retry');
  });
});
