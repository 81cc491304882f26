import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopes } from '../../src/services/api-keys/scopes.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const everything = Object.keys(scopes);

async function make(fields: Json = {}, person = hub.cast.ada): Promise<Json> {
  const body = { name: 'Deployment', role: 'member', scopes: everything, ...fields };
  return (await hub.as(person, 'POST', '/api/api-keys', body)).json();
}

const by = (key: string, method = 'GET', path = '/api/installed', body?: unknown, headers: Json = {}) =>
  hub.as(null, method, path, body, { authorization: `Bearer ${key}`, ...headers });

const wordpress = (name: string) => ({
  catalog_key: 'wordpress',
  name,
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
});

describe('an API key', () => {
  it('is told once; only its hash is kept', async () => {
    const made = await make();
    expect(made).toMatchObject({ prefix: made.key.slice(0, 10), status: 'active', effective_role: 'member' });
    expect(made.key).toMatch(/^pbk_[0-9A-Za-z]{36}$/);
    const list = await (await hub.as(hub.cast.ada, 'GET', '/api/api-keys')).text();
    expect(list).toContain(made.id);
    expect(list).not.toContain(made.key);
    const stored = await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`select * from api_keys where id = ${made.id}`),
    );
    expect(JSON.stringify(stored)).not.toContain(made.key.slice(12));
    expect(hub.logged.join()).not.toContain(made.key.slice(12));
  });

  it('opens the API of its workspace without a cookie, an origin or a tenant', async () => {
    const { key } = await make({ role: 'admin', name: 'Installer' });
    const foreign = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site', 'x-tenant': 'nothing' };
    const installed = await by(key, 'POST', '/api/connectors', wordpress('By key'), foreign);
    expect(installed.status).toBe(201);
    const { id } = await installed.json();
    const [event] = (await (await hub.as(hub.cast.ada, 'GET', `/api/audit?subject_id=${id}`)).json()).data;
    expect(event.actor).toMatchObject({ type: 'api_key', name: 'Installer' });
    expect((await hub.as(hub.cast.cleo, 'GET', `/api/connectors/${id}`)).status).toBe(404);
  });

  it('counts alone: a cookie beside it gives nothing', async () => {
    const { key } = await make({ scopes: ['audit:read'] });
    expect((await by(key, 'GET', '/api/installed', undefined, { cookie: hub.cast.ada.cookie })).status).toBe(403);
    const wrong = await by('pbk_wrong', 'GET', '/api/installed', undefined, { cookie: hub.cast.ada.cookie });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('opens no page and no form', async () => {
    const { key } = await make({ role: 'admin' });
    expect((await by(key, 'GET', '/catalog')).status).toBe(303);
    const origin = { origin: 'https://elsewhere.example' };
    expect((await by(key, 'POST', '/settings/workspace', undefined, origin)).status).toBe(403);
  });

  it('is told like everybody when nothing is at an address, or another method is', async () => {
    const { key } = await make();
    for (const [method, path, status] of [
      ['GET', '/api/nothing', 404],
      ['GET', '/api', 404],
      ['GET', '/api/connectors', 405],
      ['DELETE', '/api/catalog', 405],
      ['OPTIONS', '/api/catalog', 405],
    ] as const) {
      const response = await by(key, method, path);
      expect([response.status, response.headers.get('location')], path).toEqual([status, null]);
      expect(response.headers.get('content-type'), path).toContain('application/problem+json');
    }
  });

  it('may do what its scopes say, within its role', async () => {
    const { key } = await make({ scopes: ['connectors:read'] });
    expect((await by(key)).status).toBe(200);
    const refused = await by(key, 'GET', '/api/audit');
    expect(refused.status).toBe(403);
    expect((await refused.json()).detail).toContain('audit:read');
    const writer = await make({ scopes: ['connectors:write'] });
    const tooLow = await by(writer.key, 'POST', '/api/connectors', wordpress('Never'));
    expect((await tooLow.json()).detail).toMatch(/owners and admins/);
  });

  it('has idempotency keys of its own', async () => {
    const [one, two] = [await make({ role: 'admin' }), await make({ role: 'admin' })];
    const once = { 'idempotency-key': 'same' };
    const install = (key: string, name: string) => by(key, 'POST', '/api/connectors', wordpress(name), once);
    const first = await (await install(one.key, 'First')).json();
    const again = await install(one.key, 'First');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await again.json()).id).toBe(first.id);
    expect((await (await install(two.key, 'Second')).json()).id).not.toBe(first.id);
  });

  it('notes its use, at most once a minute', async () => {
    const { key, id } = await make();
    const lastUse = async () => {
      const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/api-keys')).json();
      return data.find((row: Json) => row.id === id).last_used_at;
    };
    expect(await lastUse()).toBeNull();
    await by(key);
    const first = await lastUse();
    expect(Date.now() - Date.parse(first)).toBeLessThan(60_000);
    await by(key);
    expect(await lastUse()).toBe(first);
    await change(id, sql`last_used_at = now() - interval '2 minutes'`);
    await by(key);
    expect(Date.parse(await lastUse())).toBeGreaterThanOrEqual(Date.parse(first));
  });
});

const change = (id: string, what: ReturnType<typeof sql>) =>
  hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
    tx.execute(sql`update api_keys set ${what} where id = ${id}`),
  );

describe('a key that no longer counts is refused with the next request', () => {
  const refused = async (key: string) => {
    const response = await by(key);
    expect([response.status, (await response.json()).code]).toEqual([401, 'not_signed_in']);
  };

  it('after it was revoked', async () => {
    const { key, id } = await make();
    expect((await by(key)).status).toBe(200);
    expect((await hub.as(hub.cast.dan, 'DELETE', `/api/api-keys/${id}`)).status).toBe(204);
    await refused(key);
    expect((await hub.as(hub.cast.ada, 'DELETE', `/api/api-keys/${id}`)).status).toBe(204);
    const { data } = await (await hub.as(hub.cast.ada, 'GET', `/api/audit?subject_id=${id}`)).json();
    expect(data.map(({ action }: Json) => action)).toEqual(['api_key.revoked', 'api_key.created']);
  });

  it('after its end', async () => {
    const { key, id } = await make({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    expect((await by(key)).status).toBe(200);
    await change(id, sql`expires_at = now() - interval '1 second'`);
    await refused(key);
  });

  it('after its maker has left, also when they come back', async () => {
    const { key } = await make({}, hub.cast.dan);
    const { dan } = hub.cast;
    const system = hub.hub.db.system;
    const [gone] = await system.execute(
      sql`delete from members where user_id = ${dan.id} and organization_id = ${dan.tenantId} returning *`,
    );
    await refused(key);
    await system.execute(sql`insert into members (id, organization_id, user_id, role)
      values (gen_random_uuid(), ${dan.tenantId}, ${dan.id}, ${gone?.role})`);
    await refused(key);
  });

  it.each(['pbk_', 'pbk_000000000000000000000000000000000000', '', 'x'.repeat(5000)])('when it is %j', refused);

  it('when one character is changed', async () => {
    const { key } = await make();
    await refused(`${key.slice(0, 20)}${key[20] === 'a' ? 'b' : 'a'}${key.slice(21)}`);
  });
});

describe('the role of a key', () => {
  it('is never above its maker’s', async () => {
    const body = { name: 'Too much', role: 'owner', scopes: everything };
    const refused = await hub.as(hub.cast.dan, 'POST', '/api/api-keys', body);
    expect(refused.status).toBe(422);
    expect((await refused.json()).errors.role[0]).toContain('which is admin');
  });

  it('falls with its maker’s', async () => {
    const { key } = await make({ role: 'owner' });
    const { ada } = hub.cast;
    const become = (role: string) =>
      hub.hub.db.system.execute(
        sql`update members set role = ${role} where user_id = ${ada.id} and organization_id = ${ada.tenantId}`,
      );
    await become('member');
    expect((await by(key, 'POST', '/api/connectors', wordpress('Demoted'))).status).toBe(403);
    await become('owner');
    expect((await by(key, 'POST', '/api/connectors', wordpress('Back'))).status).toBe(201);
  });
});

it('tells everything that is wrong with a new key at once', async () => {
  const body = { name: '', role: 'king', scopes: [], expires_at: 'soon' };
  const refused = await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', body)).json();
  expect(Object.keys(refused.errors).sort()).toEqual(['expires_at', 'name', 'role', 'scopes']);
  const past = { name: 'Past', role: 'member', scopes: everything, expires_at: '2020-01-01T00:00:00Z' };
  expect((await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', past)).json()).errors).toEqual({
    expires_at: ['Choose a time in the future.'],
  });
});
