import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const wordpress = {
  catalog_key: 'wordpress',
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
};
const install = (body: unknown) => hub.as(hub.cast.ada, 'POST', '/api/connectors', body);
const sealed = { $sealed: 'pb1.1.AAAA', updated_at: 'never' };

describe('an envelope that was not sealed here', () => {
  it.each([
    ['a field that takes no secret', 'config.permalinks', { ...wordpress.config, permalinks: sealed }],
    ['a field that nobody knows', 'config.extra', { ...wordpress.config, extra: { ...sealed, more: { a: 1 } } }],
    ['a secret', 'config.tls.key', { ...wordpress.config, tls: { key: sealed } }],
  ])('is not stored as %s', async (_kind, path, config) => {
    const response = await install({ ...wordpress, name: `Forged ${path}`, config });
    expect(response.status).toBe(422);
    expect((await response.json()).errors).toHaveProperty([path]);
  });

  it('does not stand in for a required secret, on install or on update', async () => {
    const auth = { ...wordpress.auth, password: sealed };
    expect((await (await install({ ...wordpress, name: 'Forged', auth })).json()).errors).toHaveProperty([
      'auth.password',
    ]);
    const { id } = await (await install({ ...wordpress, name: 'Honest' })).json();
    const response = await hub.as(hub.cast.ada, 'PUT', `/api/connectors/${id}`, { version: 1, auth });
    expect([response.status, (await response.json()).errors]).toMatchObject([
      422,
      { 'auth.password': [expect.any(String)] },
    ]);
  });
});

describe('a body', () => {
  it.each([
    ['110,000 fields that nobody knows', `{${Array.from({ length: 110_000 }, (_, n) => `"${n.toString(36)}":1`)}}`],
    ['170,000 levels', `${'{"a":'.repeat(170_000)}1${'}'.repeat(170_000)}`],
    ['500,000 entries', `{"email":[${'1,'.repeat(500_000)}1]}`],
  ])('with %s is refused at once, also before signing in', async (_kind, body) => {
    for (const [person, path] of [
      [null, '/api/auth/sign-in/email'],
      [hub.cast.ben, '/api/validate-config'],
    ] as const) {
      const started = performance.now();
      const response = await hub.as(person, 'POST', path, body);
      expect([response.status, (await response.json()).code]).toEqual([413, 'too_large']);
      expect(performance.now() - started).toBeLessThan(500); // each part told by itself it took up to 6 s and 36 MB
    }
  });

  it.each([
    ['a NUL in config', 'auth.username', { auth: { ...wordpress.auth, username: 'a\0b' } }],
    ['half a surrogate pair in config', 'auth.username', { auth: { ...wordpress.auth, username: 'a\ud800' } }],
    ['half a surrogate pair in a tag', 'tags.0', { tags: ['\udfff'] }],
    ['half a surrogate pair in the name', 'name', { name: 'x\ud800' }],
  ])('with %s names the field', async (_kind, path, change) => {
    const response = await install({ ...wordpress, name: path, ...change });
    expect([response.status, Object.keys((await response.json()).errors)]).toEqual([422, [path]]);
  });

  it('with a field that is called __proto__ is refused like any unknown field', async () => {
    const body = JSON.stringify({ ...wordpress, name: 'Prototype' }).replace('{', '{"__proto__":{"x":1},');
    const response = await install(body);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('Unknown field');
  });
});
