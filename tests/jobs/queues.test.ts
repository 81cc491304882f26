import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import { installJobSchema } from '../../src/db/job-schema.ts';
import { deleteJobsOf } from '../../src/db/queries/jobs.ts';
import { measureJobs } from '../../src/jobs/metrics.ts';
import { startJobs } from '../../src/jobs/worker.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import { jobStatus } from '../../src/services/job-status.ts';
import { defineQueue, enqueue, enqueueAll } from '../../src/services/queues.ts';
import { emptyDatabase, type TestDatabase, testDatabase } from '../support/db.ts';
import { makeNotes, notes, payload, probeHub, probeJob, probeQueue, probeSchedule, secret, tenantId } from './probe.ts';

const patient = { timeout: 30_000, interval: 100 };
const tuning = { retryDelaySeconds: 1, cronSeconds: 1 };

let database: TestDatabase;
let jobs: ReturnType<typeof startJobs>;
const metrics = createMetrics();
beforeAll(async () => {
  database = await testDatabase();
  await makeNotes(database.admin);
  const hub = probeHub(database.db);
  jobs = startJobs(hub, {
    ...{ connection: database.hub, roleMode: 'separate logins', schedule: probeSchedule, queues: [probeJob], tuning },
    install: () => installJobSchema(database.admin),
    observe: measureJobs(hub, metrics),
  });
  await vi.waitUntil(() => status('probe'), patient);
});
afterAll(async () => {
  await jobs.stop();
  await database.drop();
});

const status = async (name: string) => (await jobStatus({ db: database.db })).find((job) => job.name === name);
const doneIds = async () => (await notes(database.db, 'done')).map(({ id }) => id);
const asTenant = <T>(work: Parameters<typeof database.db.asTenant<T>>[1]) => database.db.asTenant(tenantId, work);

describe('enqueue', () => {
  it('is part of the transaction: done after the commit, gone with a rollback', async () => {
    const [kept, lost] = [payload('quick'), payload('quick')];
    await expect(
      asTenant(async (tx) => {
        await enqueue(tx, probeQueue, lost);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await asTenant((tx) => enqueue(tx, probeQueue, kept));
    await expect.poll(doneIds, patient).toContain(kept.id);
    expect(await doneIds()).not.toContain(lost.id);
  });

  it('puts a row in once while it waits or runs', async () => {
    const job = payload('slow');
    await asTenant((tx) => enqueue(tx, probeQueue, job));
    await asTenant((tx) => enqueue(tx, probeQueue, job));
    await expect.poll(doneIds, patient).toContain(job.id);
    await expect.poll(async () => (await status('probe'))?.waiting, patient).toBe(0);
    expect((await doneIds()).filter((id) => id === job.id)).toHaveLength(1);
    await asTenant((tx) => enqueue(tx, probeQueue, job));
    await expect.poll(async () => (await doneIds()).filter((id) => id === job.id).length, patient).toBe(2);
  });

  it('takes no more than the queue declares', async () => {
    const more = { ...payload('quick'), password: 'x' };
    await expect(enqueueAll(database.db.system, probeQueue, [more])).rejects.toThrow(/password/);
  });

  it('says that the hub is starting when there is no such queue, or nothing at all', async () => {
    const unknown = defineQueue('unknown');
    const job = { tenant_id: tenantId, id: uuidv7() };
    await expect(asTenant((tx) => enqueue(tx, unknown, job))).rejects.toMatchObject({ code: 'unavailable' });
    const empty = await emptyDatabase();
    await expect(enqueueAll(empty.db.system, unknown, [job])).rejects.toMatchObject({ code: 'unavailable' });
    expect(await jobStatus({ db: empty.db })).toEqual([]);
    await empty.drop();
  });
});

describe('the fence', () => {
  it('lets a workspace add jobs for itself alone, and see none', async () => {
    const foreign = { ...payload('quick'), tenant_id: uuidv7() };
    await expect(asTenant((tx) => enqueue(tx, probeQueue, foreign))).rejects.toThrow(/row-level security/);
    for (const table of ['job', 'job_common', 'schedule'])
      await expect(asTenant((tx) => tx.execute(sql.raw(`select * from pgboss.${table}`)))).rejects.toThrow(
        /permission/,
      );
    await expect(asTenant((tx) => tx.execute(sql`delete from pgboss.job`))).rejects.toThrow(/permission/);
  });
});

describe('a job that fails', () => {
  it('is tried again and then a dead letter, with a sentence and without secrets', async () => {
    const [told, crashed] = [payload('fail'), payload('crash')];
    await enqueueAll(database.db.system, probeQueue, [told, crashed]);
    await expect.poll(async () => (await status('probe'))?.dead, patient).toBe(2);
    const begun = (await notes(database.db, 'begun')).filter(({ id }) => id === told.id || id === crashed.id);
    expect(begun).toHaveLength(6);
    expect((await status('probe'))?.lastError).toMatch(/does not answer|failed unexpectedly/);
    const [all] = await database.db.system.execute(sql`select json_agg(j)::text as text from pgboss.job j`);
    expect(all?.text).toContain('The service does not answer.');
    expect(all?.text).not.toContain(secret);
  });

  it('shows in the metrics', async () => {
    const { body } = await metrics.metricsText();
    expect(body).toContain('patchbay_jobs{job="probe",state="dead"} 2');
    expect(body).toContain('patchbay_job_runs_total{job="probe",outcome="failed"} 6');
  });
});

describe('a schedule', () => {
  it('tells when it last ran and went well', async () => {
    await expect.poll(async () => (await status('every-minute'))?.lastSuccessAt, patient).toBeInstanceOf(Date);
    expect(await status('every-minute')).toMatchObject({
      kind: 'schedule',
      cron: '* * * * *',
      lastError: null,
      dead: 0,
    });
  });
});

describe('one login for everything', () => {
  it('works as patchbay_system', async () => {
    const other = await testDatabase();
    await makeNotes(other.admin);
    const login = withConnection(
      other.admin,
      (own) => own`grant patchbay_system to ${own('patchbay_owner')} with inherit false, set true`,
    );
    await login;
    const db = openDatabase({ connection: other.admin });
    const single = startJobs(probeHub(db), {
      ...{ connection: other.admin, roleMode: 'set local role', schedule: [], queues: [probeJob], tuning },
      install: () => installJobSchema(other.admin),
    });
    await expect.poll(async () => (await jobStatus({ db })).length, patient).toBe(1);
    const job = payload('quick');
    await db.asTenant(tenantId, (tx) => enqueue(tx, probeQueue, job));
    await expect.poll(async () => (await jobStatus({ db }))[0]?.lastSuccessAt, patient).toBeInstanceOf(Date);
    await single.stop();
    await db.close();
    await other.drop();
  });
});

describe('a workspace that is deleted', () => {
  it('takes its jobs and dead letters along', async () => {
    await deleteJobsOf(database.db.system, tenantId);
    expect(await status('probe')).toMatchObject({ waiting: 0, running: 0, dead: 0 });
  });
});
