import { afterAll, beforeAll, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
const targets: string[] = [];
beforeAll(async () => {
  hub = await testApp();
  await install('twitter', 'Our X', { method: 'token', access_token: demo.xToken });
  await install('medium', 'Our Medium', { method: 'token', access_token: demo.mediumToken });
});
afterAll(() => hub.close());

async function install(catalog_key: string, name: string, auth: object) {
  const { ada } = hub.cast;
  const { id } = await (await hub.as(ada, 'POST', '/api/connectors', { catalog_key, name, config: {}, auth })).json();
  await hub.as(ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  targets.push(id);
}

it('composes, previews, publishes at a time and cancels without a script', async () => {
  const { ada, ben } = hub.cast;
  const empty = await (await hub.as(ada, 'GET', '/publish')).text();
  expect(empty).toContain('280 weighted characters');
  expect(empty).toContain('Nothing was published yet.');

  const [x = '', medium = ''] = targets;
  const one = { targets: x, text: `<b>${'🎉'.repeat(140)}` };
  const preview = await (await hub.post(ada, '/publish', { ...one, intent: 'preview' })).text();
  expect(preview).toContain('283 of 280 weighted characters');
  expect(preview).toContain('&lt;b&gt;🎉');
  const part = await (await hub.post(ada, '/publish/preview', { targets: medium, text: 'Short' })).text();
  expect(part).toContain('Enter a title.');
  expect(part).not.toContain('<html');

  const refused = await hub.post(ada, '/publish', { targets: medium, text: 'Short', scheduled_at: '2020-01-01T10:00' });
  expect(refused.status).toBe(422);
  const page = await refused.text();
  expect(page).toContain('<strong>Our Medium</strong>: Enter a title.');
  expect(page).toContain('This time is over.');

  const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a79';
  const later = { id, targets: x, text: 'Later', scheduled_at: '2099-01-01T10:00' };
  expect((await hub.post(ada, '/publish', later)).status).toBe(303);
  expect((await hub.post(ada, '/publish', later)).status).toBe(409); // sent twice
  const list = await (await hub.as(ada, 'GET', '/publish')).text();
  expect(list).toContain('Scheduled');
  expect((await hub.post(ben, `/posts/${id}`, { _method: 'DELETE' })).status).toBe(404);
  expect((await hub.post(ada, `/posts/${id}`, { _method: 'DELETE' })).status).toBe(303);
  expect(await (await hub.as(ada, 'GET', '/publish')).text()).toContain('Cancelled');
});
