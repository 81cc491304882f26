import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const fields = { name: 'Deployment', role: 'member', scopes: 'connectors:read', expires_at: '30' };
const keyIn = (html: string) => /pbk_[0-9A-Za-z]{36}/.exec(html)?.[0];
const send = (more: Record<string, string> = {}) =>
  hub.post(hub.cast.ada, '/settings/api-keys', { ...fields, ...more });

describe('the form for a new API key', () => {
  it('answers with the key, a call that it may make, and its end', async () => {
    const html = await (await send()).text();
    expect(html).toContain(`Bearer ${keyIn(html)}&#39; http://hub.test/api/installed`);
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/api-keys')).json();
    const days = (Date.parse(data[0].expires_at) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThanOrEqual(30);
  });

  it('offers no call for a key that only changes things', async () => {
    const html = await (await send({ scopes: 'connectors:write', expires_at: 'never' })).text();
    expect(keyIn(html)).toBeDefined();
    expect(html).not.toContain('Try it');
  });

  it('makes one key when it is sent twice', async () => {
    const id = uuidv7();
    expect(keyIn(await (await send({ id, name: 'Once' })).text())).toBeDefined();
    const again = await send({ id, name: 'Once' });
    expect(again.status).toBe(409);
    expect(keyIn(await again.text())).toBeUndefined();
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/api-keys')).json();
    expect(data.filter(({ name }: { name: string }) => name === 'Once')).toHaveLength(1);
  });

  it.each([
    ['an end that it does not offer', { expires_at: '36500' }, 'Choose when the key ends'],
    ['a scope that there is not', { scopes: 'everything' }, 'Choose from catalog:read'],
    ['a role that there is not', { role: '__proto__' }, 'Choose a role'],
    ['a name with a control character', { name: 'a\u202eb' }, 'invisible control character'],
  ])('refuses %s beside the field, and keeps the rest', async (_what, wrong, message) => {
    const response = await send({ name: 'Kept', ...wrong });
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(html).toContain(message);
    if (!('name' in wrong)) expect(html).toContain('value="Kept"');
  });
});
