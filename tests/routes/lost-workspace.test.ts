import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';
import { signedIn } from '../support/cast.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const blog = {
  catalog_key: 'wordpress',
  name: 'Meant for elsewhere',
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
};

it('lets no change land in another workspace when the chosen one is gone', async () => {
  const { dan } = hub.cast;
  const person = { ...dan, cookie: await signedIn(hub.deps.identity, dan.email, dan.tenantId) };
  await hub.database.db.system.execute(
    sql`delete from members where user_id = ${dan.id} and organization_id = ${dan.tenantId}`,
  );
  const install = () => hub.as(person, 'POST', '/api/connectors', blog);
  const refused = await install();
  expect([refused.status, (await refused.json()).code]).toEqual([409, 'conflict']);

  // Looking settles the session in the workspace that is left, and tells which one that is.
  const page = await hub.as(person, 'GET', '/catalog');
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Home of Dan')]);
  expect((await install()).status).toBe(201);
});
