import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';
import { holdRow } from '../support/hold-row.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

it('who comes while more than a hundred wait for the database is told at once to come back', async () => {
  const { ada } = at.cast;
  expect((await at.as(ada, 'GET', '/api/installed')).status).toBe(200);
  const release = await holdRow(at.database.admin, sql`lock table connectors in access exclusive mode`);
  const waiting = Array.from({ length: 130 }, () => at.as(ada, 'GET', '/api/installed'));
  await expect.poll(() => at.hub.db.waitedMs(), { timeout: 10_000 }).toBeGreaterThan(250);

  const refused = await at.as(ada, 'GET', '/api/installed');
  expect([refused.status, (await refused.json()).code]).toEqual([503, 'overloaded']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const page = await at.as(ada, 'GET', '/catalog');
  expect([page.status, page.headers.get('content-security-policy')]).toEqual([503, expect.any(String)]);
  expect(await page.text()).toContain('too much to do just now');
  expect((await at.as(null, 'GET', '/healthz')).status).toBe(200);

  await release();
  await Promise.all(waiting);
  expect(at.hub.db.waitedMs()).toBe(0);
  expect((await at.as(ada, 'GET', '/api/installed')).status).toBe(200);
});
