import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deleteWebhook, listWebhooks } from '../../src/services/webhooks/webhooks.ts';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());
afterEach(async () => {
  for (const { id } of await list()) await deleteWebhook(hub.ctx(hub.cast.ada), id);
});

const fields = { url: 'https://slack.com/hooks?token=s3cret', events: 'connection.expired' };
const list = () => listWebhooks(hub.ctx(hub.cast.ada));
const send = (more: Record<string, string> = {}, person = hub.cast.ada) =>
  hub.post(person, '/settings/webhooks', { ...fields, ...more });
const secretIn = (html: string) => /whsec_[A-Za-z0-9+/]{43}=/.exec(html)?.[0];

describe('the form for a new webhook', () => {
  it('answers with the secret, which no later page shows', async () => {
    const html = await (await send()).text();
    const secret = secretIn(html);
    expect(secret).toBeDefined();
    const [{ id } = { id: '' }] = await list();
    const later = await (await hub.as(hub.cast.ada, 'GET', `/settings/webhooks/${id}`)).text();
    expect([later.includes('slack.com/hooks'), secretIn(later)]).toEqual([true, undefined]);
    expect(hub.logged.join()).not.toContain(secret?.slice(6));
  });

  it('makes one webhook when it is sent twice', async () => {
    const id = uuidv7();
    expect(secretIn(await (await send({ id })).text())).toBeDefined();
    expect((await send({ id })).status).toBe(409);
    expect(await list()).toHaveLength(1);
  });

  it.each([
    ['an address without https', { url: 'http://example.com/' }, 'begins with https://'],
    ['an event that there is not', { events: '__proto__' }, 'Choose from connection.created'],
  ])('refuses %s beside the field', async (_what, wrong, message) => {
    const response = await send(wrong);
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining(message)]);
  });
});

it('shows addresses in the list without what may be a token', async () => {
  await send();
  const html = await (await hub.as(hub.cast.ada, 'GET', '/settings/webhooks')).text();
  expect(html).toContain('https://slack.com/hooks?…');
  expect(html).not.toContain('s3cret');
});

it('changes, tests, renews and deletes without JavaScript', async () => {
  await send();
  const [{ id } = { id: '' }] = await list();
  const path = `/settings/webhooks/${id}`;
  const off = await hub.post(hub.cast.dan, path, { ...fields, _method: 'PUT' });
  expect([off.status, (await list())[0]?.enabled]).toEqual([303, false]);
  expect((await hub.post(hub.cast.dan, `${path}/tests`, {})).status).toBe(303);
  expect(await (await hub.as(hub.cast.dan, 'GET', path)).text()).toMatch(/webhook.test.*Failed/s);
  expect(await (await hub.as(hub.cast.dan, 'GET', `${path}/secret`)).text()).toContain('Make a new signing secret?');
  const renewed = await hub.post(hub.cast.dan, `${path}/secret`, { _method: 'PUT' });
  expect(secretIn(await renewed.text())).toBeDefined();
  const moved = await hub.post(hub.cast.dan, path, { ...fields, url: 'https://api.github.com/x', _method: 'PUT' });
  expect(secretIn(await moved.text())).toBeDefined();
  expect((await hub.post(hub.cast.dan, path, { _method: 'DELETE' })).status).toBe(303);
  expect(await list()).toEqual([]);
});

it('is nothing for members, who see no way to it', async () => {
  expect((await send({}, hub.cast.ben)).status).toBe(403);
  const html = await (await hub.as(hub.cast.ben, 'GET', '/settings/members')).text();
  expect(html).not.toContain('/settings/webhooks');
});
