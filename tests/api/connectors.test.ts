import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeDeletedConnectors } from '../../src/services/connectors/connector-purge.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const secret = 'abcd efgh ijkl mnop qrst uvwx';
const blog = (name: string) => ({
  catalog_key: 'wordpress',
  name,
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: secret },
  tags: ['marketing'],
});

let count = 0;
/** A connector with a name of its own. */
async function install(body: object = {}) {
  count += 1;
  const response = await hub.as(hub.cast.ada, 'POST', '/api/connectors', { ...blog(`Blog ${count}`), ...body });
  expect(response.status, await response.clone().text()).toBe(201);
  return response.json();
}

const asAda = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  hub.as(hub.cast.ada, method, path, body, headers);
const problem = async (response: Answer) => ({ status: response.status, ...(await response.json()) });

describe('POST /api/connectors', () => {
  it('installs, inactive, and never shows the secret', async () => {
    const response = await asAda('POST', '/api/connectors', blog('Company blog'));
    const body = await response.text();
    expect(response.status, body).toBe(201);
    expect(body).not.toContain('abcd');
    const connector = JSON.parse(body);
    expect(connector).toMatchObject({
      catalog_key: 'wordpress',
      name: 'Company blog',
      tenant_id: hub.cast.ada.tenantId,
      handle: 'company-blog',
      status: 'inactive',
      status_reason: null,
      version: 1,
      tags: ['marketing'],
      created_by: hub.cast.ada.id,
      created_by_name: 'Ada',
      unreadable_secrets: [],
    });
    expect(connector.auth.password).toEqual({ is_set: true, updated_at: expect.any(String) });
    expect(response.headers.get('location')).toBe(`/api/connectors/${connector.id}`);
    expect(await (await asAda('GET', `/api/connectors/${connector.id}`)).json()).toEqual(connector);
  });

  it('refuses a name that is taken, in any case, and says so at the field', async () => {
    const { name } = await install();
    const refused = await problem(await asAda('POST', '/api/connectors', blog(name.toUpperCase())));
    expect(refused).toMatchObject({
      status: 409,
      code: 'conflict',
      errors: { name: [expect.stringContaining('taken')] },
    });
  });

  it('lets one of fifty requests with the same name through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => asAda('POST', '/api/connectors', blog('Wanted by all'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(49).fill(409)]);
  });

  it('gives equal names in two workspaces, and a handle of its own to each connector', async () => {
    const mine = await install({ name: 'Same: name' });
    const theirs = await hub.as(hub.cast.cleo, 'POST', '/api/connectors', blog('Same: name'));
    expect(theirs.status).toBe(201);
    const second = await install({ name: 'Same, name' });
    expect([mine.handle, second.handle]).toEqual(['same-name', 'same-name-2']);
  });

  it.each([
    ['an unknown entry', { catalog_key: 'nope' }, ['catalog_key']],
    ['no name', { name: undefined }, ['name']],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, ['name']],
    ['a name that is no text', { name: 7 }, ['name']],
    ['an extra field', { is_admin: true, tenant_id: 'x', status: 'active' }, ['is_admin', 'status', 'tenant_id']],
    [
      'wrong types',
      { config: { site_url: 7 }, auth: { method: 'basic', username: 1, password: secret } },
      ['auth.username', 'config.site_url'],
    ],
    ['a list for an object', { auth: [] }, ['auth']],
    [
      'missing fields',
      { config: {}, auth: { method: 'basic' } },
      ['auth.password', 'auth.username', 'config.site_url'],
    ],
    ['an unknown field below', { config: { site_url: 'https://a.example', nope: 1 } }, ['config.nope']],
    ['an unknown method', { auth: { method: 'magic' } }, ['auth.method']],
    ['a text of 900 kB', { config: { site_url: `https://a.example/${'x'.repeat(900_000)}` } }, ['config.site_url']],
    ['too many tags', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, ['tags']],
  ])('answers 422 by field for %s', async (_what, change, fields) => {
    const refused = await problem(await asAda('POST', '/api/connectors', { ...blog('Refused'), ...change }));
    expect(refused).toMatchObject({ status: 422, code: 'invalid_input', request_id: expect.any(String) });
    expect(Object.keys(refused.errors).sort()).toEqual(fields);
  });

  it('is not moved by names that reach a prototype', async () => {
    const body = JSON.stringify(blog('Refused')).replace(
      '"config":{',
      '"config":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );
    const refused = await problem(await asAda('POST', '/api/connectors', body, { 'content-type': 'application/json' }));
    expect(refused.status).toBe(422);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['{"catalog_key": "wordp', 'application/json', 400, 'malformed_request'],
    ['[]', 'application/json', 400, 'malformed_request'],
    ['null', 'application/json', 400, 'malformed_request'],
    ['catalog_key=wordpress', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['{}', 'text/plain', 415, 'unsupported_media_type'],
    [`"${'x'.repeat(1_200_000)}"`, 'application/json', 413, 'too_large'],
  ])('refuses body %#', async (body, type, status, code) => {
    expect(await problem(await asAda('POST', '/api/connectors', body, { 'content-type': type }))).toMatchObject({
      status,
      code,
    });
  });

  it('refuses a secret in an encoding of its own instead of storing another one', async () => {
    const body = Buffer.from(JSON.stringify(blog('Café')), 'latin1');
    const headers = { 'content-type': 'application/json; charset=iso-8859-1' };
    expect(await problem(await asAda('POST', '/api/connectors', body, headers))).toMatchObject({
      status: 400,
      code: 'malformed_request',
      detail: 'The body is not valid UTF-8.',
    });
  });

  it('counts the characters of a name and of tags as people do', async () => {
    const taken = await asAda('POST', '/api/connectors', { ...blog('😀'.repeat(255)), tags: ['😀'.repeat(50)] });
    expect(taken.status).toBe(201);
    const refused = await problem(
      await asAda('POST', '/api/connectors', { ...blog('😀'.repeat(256)), tags: ['😀'.repeat(51)] }),
    );
    expect(refused.errors).toEqual({
      name: ['Use at most 255 characters; this has 256.'],
      tags: ['Each tag needs 1 to 50 characters on one line.'],
    });
  });

  it('survives JSON that is nested a hundred thousand deep', async () => {
    const body = `{"config":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect((await asAda('POST', '/api/connectors', body, { 'content-type': 'application/json' })).status).toBe(413);
    expect((await asAda('GET', '/api/installed')).status).toBe(200);
  });
});

describe('Idempotency-Key', () => {
  const send = (key: string, body: object) => asAda('POST', '/api/connectors', body, { 'idempotency-key': key });

  it('gets the first answer again and installs once', async () => {
    const first = await send('key-1', blog('Once'));
    const again = await send('key-1', blog('Once'));
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
  });

  it('gets the first refusal again', async () => {
    const wrong = { ...blog('x'), name: '' };
    expect((await send('key-2', wrong)).status).toBe(422);
    const again = await send('key-2', wrong);
    expect([again.status, again.headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
  });

  it('refuses the key for another body, and keys that are none', async () => {
    await send('key-3', blog('Body one'));
    expect(await problem(await send('key-3', blog('Body two')))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    expect((await send('two words', blog('x'))).status).toBe(400);
    expect((await send('x'.repeat(256), blog('x'))).status).toBe(400);
  });

  it('installs once when twenty come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('key-4', blog('At once'))));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].every((status) => [201, 409].includes(status))).toBe(true);
    const installed = await (await asAda('GET', '/api/installed?q=At%20once')).json();
    expect(installed.data).toHaveLength(1);
  });

  it('is each caller’s own', async () => {
    await send('key-5', blog('Mine'));
    const theirs = await hub.as(hub.cast.cleo, 'POST', '/api/connectors', blog('Mine'), { 'idempotency-key': 'key-5' });
    expect([theirs.status, theirs.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  it('keeps the answer sealed', async () => {
    await send('key-6', blog('Sealed answer'));
    const rows = await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`select sealed_answer from idempotency_keys where key = 'key-6'`),
    );
    expect(String(rows[0]?.sealed_answer)).toMatch(/^pb1\./);
    expect(String(rows[0]?.sealed_answer)).not.toContain('Sealed');
  });
});

describe('PUT /api/connectors/{id}', () => {
  it('changes what is given, keeps the rest, and counts the version up', async () => {
    const before = await install();
    const response = await asAda('PUT', `/api/connectors/${before.id}`, { version: 1, tags: ['new'] });
    const after = await response.json();
    expect(after).toMatchObject({
      name: before.name,
      tags: ['new'],
      version: 2,
      config: before.config,
      auth: before.auth,
    });
  });

  it('refuses a stale version and tells who was faster', async () => {
    const { id } = await install();
    await hub.as(hub.cast.dan, 'PUT', `/api/connectors/${id}`, { version: 1, tags: ['dan'] });
    const refused = await problem(await asAda('PUT', `/api/connectors/${id}`, { version: 1, tags: ['ada'] }));
    expect(refused).toMatchObject({ status: 409, code: 'stale_version', current_version: 2, updated_by_name: 'Dan' });
    expect((await (await asAda('GET', `/api/connectors/${id}`)).json()).tags).toEqual(['dan']);
  });

  it('lets one of two simultaneous edits through', async () => {
    const { id } = await install();
    const edit = (tag: string) => asAda('PUT', `/api/connectors/${id}`, { version: 1, tags: [tag] });
    const answers = await Promise.all([edit('a'), edit('b')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('asks for the secret again when it would go elsewhere, and only then', async () => {
    const { id } = await install();
    const move = { version: 1, config: { site_url: 'https://elsewhere.example.com' } };
    const refused = await problem(await asAda('PUT', `/api/connectors/${id}`, move));
    expect(refused).toMatchObject({ status: 422, code: 'secret_required' });
    expect(Object.keys(refused.errors)).toEqual(['auth.password']);
    const entered = await asAda('PUT', `/api/connectors/${id}`, {
      ...move,
      auth: { method: 'basic', username: 'editor', password: secret },
    });
    expect(entered.status).toBe(200);
  });

  it('asks for a version', async () => {
    const { id } = await install();
    expect(Object.keys((await problem(await asAda('PUT', `/api/connectors/${id}`, { tags: [] }))).errors)).toEqual([
      'version',
    ]);
  });
});

describe('PATCH /api/connectors/{id}/status', () => {
  const set = (id: string, status: unknown) => asAda('PATCH', `/api/connectors/${id}/status`, { status });

  it('activates, deactivates, and changes nothing when it is so already', async () => {
    const { id } = await install();
    expect((await (await set(id, 'active')).json()).status).toBe('active');
    const again = await (await set(id, 'active')).json();
    expect(again).toMatchObject({ status: 'active', version: 2 });
    expect((await (await set(id, 'inactive')).json()).status).toBe('inactive');
  });

  it('does not activate what has no authorised account', async () => {
    const oauth = {
      catalog_key: 'slack',
      config: {},
      auth: { method: 'oauth2', client_id: '123456789012.123456789012', client_secret: 'a'.repeat(32) },
    };
    const { id } = await install(oauth);
    expect(await problem(await set(id, 'active'))).toMatchObject({ status: 409, code: 'invalid_transition' });
  });

  it('does not let a person set or clear the error status', async () => {
    const { id } = await install();
    expect((await set(id, 'error')).status).toBe(422);
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update connectors set status = 'error' where id = ${id}`),
    );
    expect(await problem(await set(id, 'active'))).toMatchObject({ status: 409, code: 'invalid_transition' });
    expect((await set(id, 'inactive')).status).toBe(200);
  });
});

describe('DELETE /api/connectors/{id}', () => {
  it('is gone at once, can be brought back, and keeps its name meanwhile for others', async () => {
    const connector = await install();
    expect((await asAda('DELETE', `/api/connectors/${connector.id}`)).status).toBe(204);
    expect((await asAda('GET', `/api/connectors/${connector.id}`)).status).toBe(404);
    expect((await asAda('DELETE', `/api/connectors/${connector.id}`)).status).toBe(404);
    const restored = await hub.post(hub.cast.ada, `/connectors/${connector.id}/restoration`, {});
    expect(restored.status).toBe(303);
    expect((await asAda('GET', `/api/connectors/${connector.id}`)).status).toBe(200);
  });

  it('is removed for good after ten minutes, secrets included', async () => {
    const { id } = await install();
    await asAda('DELETE', `/api/connectors/${id}`);
    await purgeDeletedConnectors(hub.hub);
    const rows = () =>
      hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
        tx.execute(sql`select id from connectors where id = ${id}`),
      );
    expect(await rows()).toHaveLength(1);
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update connectors set deleted_at = now() - interval '11 minutes' where id = ${id}`),
    );
    expect(await purgeDeletedConnectors(hub.hub)).toBe(1);
    expect(await rows()).toHaveLength(0);
    const { data } = await (await asAda('GET', `/api/audit?subject_id=${id}`)).json();
    expect(data.map((event: { action: string }) => event.action)).toEqual([
      'connector.purged',
      'connector.deleted',
      'connector.installed',
    ]);
    expect(data[0].actor).toMatchObject({ type: 'system', name: 'Patchbay' });
  });
});

describe('GET /api/installed', () => {
  it('pages by name, filters, and forgets nothing', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `Paged ${index % 2 ? 'b' : 'B'}${index}`);
    for (const name of names) await install({ name, tags: ['paged%'] });
    const seen: string[] = [];
    let cursor = '';
    do {
      const list = await (await asAda('GET', `/api/installed?q=paged&limit=3&cursor=${cursor}`)).json();
      seen.push(...list.data.map((row: { name: string }) => row.name));
      cursor = list.next_cursor ?? '';
    } while (cursor);
    expect(seen).toEqual([...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
    expect((await (await asAda('GET', '/api/installed?q=paged%25')).json()).data).toHaveLength(7);
    expect((await (await asAda('GET', '/api/installed?q=pa%25ed')).json()).data).toHaveLength(0);
  });

  it.each([
    ['status=nope', 'status'],
    ['limit=0', 'limit'],
    ['limit=1e3', 'limit'],
    ['limit=201', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['statsu=active', 'statsu'],
    ['q=a&q=b', 'q'],
  ])('answers 422 for ?%s and names it', async (query, field) => {
    const refused = await problem(await asAda('GET', `/api/installed?${query}`));
    expect([refused.status, Object.keys(refused.errors)]).toEqual([422, [field]]);
  });

  it('says of a name that comes twice that once will do', async () => {
    const refused = await problem(await asAda('GET', '/api/installed?status=active&status=inactive&x=1&x=2'));
    expect(refused.errors).toEqual({ status: ['Give this only once.'], x: ['Unknown field “x”.'] });
  });

  it('shows a connector whose secret does not open, and says so', async () => {
    const [mine, other] = [await install(), await install()];
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(
        sql`update connectors set auth = (select auth from connectors where id = ${other.id}) where id = ${mine.id}`,
      ),
    );
    const response = await asAda('GET', `/api/installed?limit=200`);
    const { data } = await response.json();
    expect(data.find((row: { id: string }) => row.id === mine.id).unreadable_secrets).toEqual(['auth.password']);
    expect(data.find((row: { id: string }) => row.id === other.id).unreadable_secrets).toEqual([]);
  });
});

describe('the rest', () => {
  it('validates without storing', async () => {
    const check = async (body: object) => (await asAda('POST', '/api/validate-config', body)).json();
    expect(await check({ catalog_key: 'wordpress', config: { site_url: 'https://a.example' } })).toEqual({
      valid: true,
      errors: {},
    });
    const { name: _name, tags: _tags, ...values } = blog('x');
    expect(await check(values)).toEqual({ valid: true, errors: {} });
    expect(await check({ ...values, config: {} })).toMatchObject({
      valid: false,
      errors: { 'config.site_url': [expect.any(String)] },
    });
  });

  it('lists active connectors that can publish, not ready before a check', async () => {
    const { id, name } = await install();
    await asAda('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const { data } = await (await asAda('GET', '/api/publish-targets?limit=200')).json();
    expect(data.find((target: { id: string }) => target.id === id)).toMatchObject({
      name,
      catalog_key: 'wordpress',
      ready: false,
      reason: 'not_checked',
      capabilities: { html: true },
    });
  });

  it('finds nothing by an id that is none', async () => {
    for (const id of ['x', '0', '%00', `${'a'.repeat(300)}`, '../../etc'])
      expect((await asAda('GET', `/api/connectors/${encodeURIComponent(id)}`)).status, id).toBe(404);
  });

  it('answers 405 with what is possible', async () => {
    const response = await asAda('DELETE', '/api/catalog');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });
});
