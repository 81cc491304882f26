import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../../src/db/connection.ts';
import type { JobRow } from '../../../src/db/queries/jobs.ts';
import { checkJobs, judgeJobs } from '../../../src/services/doctor/jobs.ts';
import { type TestApp, testApp } from '../../support/app.ts';

const now = new Date('2026-11-20T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

const job = (changed: Partial<JobRow> = {}): JobRow => ({
  ...{ name: 'tidy', kind: 'schedule', cron: '* * * * *', lastRunAt: ago(1), lastSuccessAt: ago(1) },
  ...{ lastError: null, lastErrorAt: null, waiting: 0, running: 0, dead: 0 },
  ...changed,
});
const judge = (...rows: JobRow[]) => judgeJobs(rows, now);

describe('jobs', () => {
  it.each([
    ['* * * * *', 6, 'ok'],
    ['* * * * *', 8, 'warn'],
    ['2-59/10 * * * *', 24, 'ok'],
    ['2-59/10 * * * *', 26, 'warn'],
    ['17 * * * *', 124, 'ok'],
    ['17 * * * *', 126, 'warn'],
    ['17 3 * * *', 47 * 60, 'ok'],
    ['17 3 * * *', 49 * 60, 'warn'],
  ])('by %s, last run %i minutes ago: %s', (cron, minutes, level) => {
    expect(judge(job({ cron, lastRunAt: ago(minutes) }))).toMatchObject([{ check: 'jobs', level }]);
  });

  it('may not have had their time yet, but not all of them', () => {
    const never = { lastRunAt: null, lastSuccessAt: null };
    expect(judge(job(), job({ name: 'hourly', cron: '17 * * * *', ...never }))).toMatchObject([{ level: 'ok' }]);
    expect(judge(job(never))).toMatchObject([{ level: 'warn', message: 'No job has run yet.' }]);
    expect(judge()).toMatchObject([{ level: 'warn', message: 'No job has run yet.' }]);
  });

  it('that failed the last time say why, and no longer when they went well again', () => {
    const failed = { lastError: 'The database is resting.', lastErrorAt: ago(2) };
    expect(judge(job({ ...failed, lastSuccessAt: ago(3) }))).toMatchObject([
      { level: 'warn', message: 'These failed the last time: tidy at 2026-11-20 11:58 UTC: The database is resting.' },
    ]);
    expect(judge(job({ ...failed, lastSuccessAt: ago(1) }))).toMatchObject([{ level: 'ok' }]);
  });

  it('that were given up are counted', () => {
    expect(
      judge(job(), job({ name: 'deliver', kind: 'queue', cron: null, dead: 3, lastRunAt: ago(9999) })),
    ).toMatchObject([{ level: 'warn', message: 'Given up after all attempts: deliver (3).' }]);
  });
});

describe('the doctor', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());

  it('asks the tables of the queue, and does without them', async () => {
    const patient = { owner: app.database.admin } as Parameters<typeof checkJobs>[0];
    expect(await checkJobs(patient)).toMatchObject([{ level: 'warn', message: 'No job has run yet.' }]);
    await withConnection(app.database.admin, (own) => own`drop schema pgboss cascade`);
    expect(await checkJobs(patient)).toMatchObject([{ level: 'warn', message: 'No job has run yet.' }]);
    expect(await app.hub.db.system.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
  });
});
