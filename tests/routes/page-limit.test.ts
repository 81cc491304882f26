import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

it('pages are limited for each session, generously, and apart from the API', async () => {
  const { ada, ben } = hub.cast;
  const ask = async (path: string, person = ada, headers = {}) => hub.as(person, 'GET', path, undefined, headers);
  expect((await ask('/catalog')).headers.get('ratelimit-policy')).toBe('"pages";q=1200;w=60');
  await ask('/catalog', ben);
  // As if Ada had asked for so many pages just now that none is left for half a minute: a twentieth of a second frees one.
  const used = await hub.hub.db.system.execute(
    sql`update rate_limits set arrival = now() + interval '90 seconds' where key in (
      select 'pages:session:' || id from sessions where user_id = ${ada.id})`,
  );
  expect(used.count).toBe(1);

  for (const path of ['/catalog', '/installed', '/settings/members', '/nowhere']) {
    const refused = await ask(path);
    expect([path, refused.status]).toEqual([path, 429]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.text()).toContain('Too many requests. Try again in ');
  }
  const fragment = await ask('/catalog', ada, { 'hx-request': 'true' });
  expect([fragment.status, await fragment.text()]).toEqual([429, expect.stringContaining('Too many requests')]);
  const change = await hub.post(ada, '/settings/account/name', { name: 'Ada L.' });
  expect(change.status).toBe(429);
  expect((await ask('/api/catalog')).status).toBe(200);
  expect((await ask('/catalog', ben)).status).toBe(200);
  expect((await hub.as(null, 'GET', '/signin')).headers.has('ratelimit')).toBe(false);
});
