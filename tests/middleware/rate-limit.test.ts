import { afterAll, beforeAll, expect, it } from 'vitest';
import { rateLimit } from '../../src/routes/middleware/rate-limit.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';
import { from, tinyApp } from './tiny-app.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

function limited(name: string, options = {}) {
  const { app, log } = tinyApp();
  app.use(async (c, next) => {
    const id = c.req.header('x-test-session');
    const user = { id: 'u', name: 'Ada', email: 'ada@example.com' };
    if (id)
      c.set('session', { sessionId: id, user, tenant: null, role: null, operator: false, moved: false, tenants: [] });
    await next();
  });
  app.use(rateLimit({ hub: { db: database.db, log }, name, rate: 3, per: 60, ...options }));
  app.get('/', (c) => c.text('ok'));
  return (address: string, headers: Record<string, string> = {}) => app.request('/', { headers }, from(address));
}

it('says how much is left, and when to come back', async () => {
  const ask = limited('polite');
  const first = await ask('192.0.2.1');
  expect(first.headers.get('ratelimit-policy')).toBe('"polite";q=3;w=60');
  expect(first.headers.get('ratelimit')).toBe('"polite";r=2;t=20');
  await ask('192.0.2.1');
  await ask('192.0.2.1');
  const refused = await ask('192.0.2.1');
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    code: 'rate_limited',
    detail: 'Too many requests. Try again in 20 seconds.',
    retry_after: 20,
  });
  expect(refused.headers.get('ratelimit')).toBe('"polite";r=0;t=20');
});

it('counts addresses, sessions and classes apart', async () => {
  const [one, other] = [limited('one'), limited('other')];
  for (let i = 0; i < 3; i++) await one('192.0.2.2');
  expect((await one('192.0.2.2')).status).toBe(429);
  expect((await one('192.0.2.3')).status).toBe(200);
  expect((await other('192.0.2.2')).status).toBe(200);
  expect((await one('192.0.2.2', { 'x-test-session': 's1' })).status).toBe(200);
  for (let i = 0; i < 2; i++) await one('192.0.2.9', { 'x-test-session': 's1' }); // the same session from elsewhere
  expect((await one('192.0.2.4', { 'x-test-session': 's1' })).status).toBe(429);
});

it('is not fooled by forwarding headers', async () => {
  const ask = limited('spoofed');
  const codes = [];
  for (let i = 0; i < 5; i++)
    codes.push((await ask('192.0.2.5', { 'x-forwarded-for': `10.0.0.${i}`, 'x-real-ip': `10.0.0.${i}` })).status);
  expect(codes).toEqual([200, 200, 200, 429, 429]);
});

it('takes a key and a burst of one’s own', async () => {
  const ask = limited('custom', { key: () => 'everybody', rate: 60, burst: 1 });
  expect((await ask('192.0.2.6')).status).toBe(200);
  const refused = await ask('192.0.2.7');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('ratelimit-policy')).toBe('"custom";q=1;w=1');
});
