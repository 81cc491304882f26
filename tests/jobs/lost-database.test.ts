import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import { prepareLogin } from '../../src/db/login.ts';
import { migrate } from '../../src/db/migrate.ts';
import { jobStatus } from '../../src/services/job-status.ts';
import { enqueueAll } from '../../src/services/queues.ts';
import { type Child, runChild } from '../support/child.ts';
import { temporaryServer } from '../support/postgres.ts';
import { makeNotes, notes, payload, probeQueue } from './probe.ts';

const patient = { timeout: 60_000, interval: 100 };

let server: Awaited<ReturnType<typeof temporaryServer>>;
let db: Database;
let worker: Child;
beforeAll(async () => {
  server = await temporaryServer('jobs');
  const { owner, hub } = server;
  await migrate(owner);
  await prepareLogin(owner, hub);
  await makeNotes(owner);
  db = openDatabase({ connection: hub });
  const tuning = { heartbeatSeconds: 10, monitorSeconds: 1, cronSeconds: 1, retryDelaySeconds: 1 };
  worker = runChild('jobs/worker-process.ts', JSON.stringify({ hub, owner, tuning }));
  await worker.next();
});
afterAll(async () => {
  worker.process.kill('SIGKILL');
  await db.close();
  await server.remove();
});

/** Puts a job in and waits until it has been done, as soon as the database takes it. */
async function doOne() {
  const job = payload('quick');
  const tried = () =>
    enqueueAll(db.system, probeQueue, [job]).then(
      () => true,
      () => false,
    );
  await expect.poll(tried, patient).toBe(true);
  const done = async () => (await notes(db, 'done').catch(() => [])).map(({ id }) => id);
  await expect.poll(done, patient).toContain(job.id);
  expect(worker.process.exitCode).toBeNull();
}

const killBackends = () =>
  withConnection({ ...server.setup, database: server.hub.database }, async (own) => {
    const rows = await own`
      select pg_terminate_backend(pid, 2000) from pg_stat_activity where application_name = 'patchbay-jobs'`;
    return rows.length;
  });

function killServer() {
  const [pid] = readFileSync(path.join(path.dirname(server.log), 'postgres/postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

describe('a worker whose database goes away', { timeout: 120_000 }, () => {
  it('makes its own tables on a server that has none', async () => {
    await doOne();
    expect((await jobStatus({ db })).map(({ name }) => name)).toEqual(['every-minute', 'probe']);
  });

  it('goes on after its connections were cut, twice', async () => {
    expect(await killBackends()).toBeGreaterThan(1);
    await doOne();
    expect(await killBackends()).toBeGreaterThan(0);
    await doOne();
  });

  it('goes on after the server was killed in the middle of a job, which gets done all the same', async () => {
    const job = payload('slow');
    await enqueueAll(db.system, probeQueue, [job]);
    await expect.poll(async () => (await notes(db, 'begun')).map(({ id }) => id), patient).toContain(job.id);
    killServer();
    await expect.poll(() => server.revive().catch(() => false), patient).toBe(true);
    await doOne();
    const done = async () => (await notes(db, 'done').catch(() => [])).map(({ id }) => id);
    await expect.poll(done, patient).toContain(job.id);
    await worker.end('SIGTERM');
    expect(worker.process.exitCode).toBe(0);
  });
});
