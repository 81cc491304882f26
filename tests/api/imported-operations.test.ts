import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

const origin = 'https://orders.example';
const token = 'orders-canary-5c1d';

/** What the service was sent. */
let seen: { method: string; url: string; headers: Json; body: string }[] = [];
let answers: Record<string, [status: number, body: unknown]> = {};
const service = createServer(async (request, response) => {
  const { method = '', url = '', headers } = request;
  seen.push({ method, url, headers, body: await text(request) });
  const [status, body] = answers[`${method} ${url.split('?')[0]}`] ?? [200, { said: headers.authorization ?? null }];
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
});

let at: TestApp;
let id: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  at = await testApp({
    BASE_URL: 'http://hub.localhost',
    UPSTREAM_OVERRIDES: JSON.stringify({ [origin]: url }),
    ALLOWED_PRIVATE_HOSTS: new URL(url).host,
  });
  const auth = { method: 'api_key', api_key: token, prefix: 'Bearer' };
  const input = { name: 'Orders', tags: [], config: { base_url: `${origin}/v1` }, auth };
  id = (await installConnector(at.ctx(at.cast.ada), 'http-api', input)).id;
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
});
afterAll(async () => {
  await at.close();
  service.close();
});
beforeEach(() => {
  seen = [];
  answers = {};
});

const order = {
  type: 'object',
  required: ['lines'],
  properties: {
    id: { type: 'string', readOnly: true },
    lines: { type: 'array', items: { type: 'string', pattern: '^(a+)+$' } },
  },
};
const documentWith = (more: Json = {}, getMore: Json = {}) => ({
  openapi: '3.0.3',
  info: { title: 'Orders', version: '1.0' },
  servers: [{ url: `${origin}/v2` }],
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: 'getOrder',
        summary: 'Get an order',
        parameters: [{ name: 'expand', in: 'query', schema: { type: 'array', items: { type: 'string' } } }],
        ...getMore,
      },
      put: {
        operationId: 'replaceOrder',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
        },
      },
    },
    '/orders': {
      post: {
        operationId: 'get-order',
        parameters: [
          { name: '__proto__', in: 'header', schema: { type: 'string' } },
          { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
        ],
        requestBody: {
          content: {
            'application/x-www-form-urlencoded': {
              schema: { type: 'object', properties: { note: { type: 'string' } } },
            },
          },
        },
      },
    },
    '/../admin': { get: {} },
    '//evil.example/x': { get: {} },
    'https://evil.example/x': { get: {} },
    ...more,
  },
  components: { schemas: { Order: order } },
});

const api = async (method: string, path: string, body?: unknown, person: Person | null = at.cast.ada) => {
  const answer = await at.as(person, method, path, body);
  return { status: answer.status, body: await answer.json() };
};
const preview = (body: Json, person: Person | null = at.cast.ada) =>
  api('POST', `/api/connectors/${id}/operations/preview`, body, person);
const save = (body: Json) => api('PUT', `/api/connectors/${id}/operations`, body);
const run = (tool: string, args: Json) =>
  api('POST', `/api/tools/http-api.orders.${tool}/execute`, { arguments: args });

describe('operations of an OpenAPI document', () => {
  it('are shown before they are saved, with what cannot be used and why', async () => {
    const { status, body } = await preview({ document: JSON.stringify(documentWith()) });
    expect(status).toBe(200);
    expect(body.operations.map((each: Json) => [each.slug, each.method, each.side_effect, each.status])).toEqual([
      ['get_order', 'GET', 'none', 'new'],
      ['replace_order', 'PUT', 'idempotent', 'new'],
      ['get_order_2', 'POST', 'write', 'new'],
    ]);
    expect(body.refused.map(({ path }: Json) => path)).toEqual([
      '/../admin',
      '//evil.example/x',
      'https://evil.example/x',
    ]);
    expect(body.warnings[0]).toContain(`The document names ${origin}/v2`);
    expect((await preview({ document: JSON.stringify(documentWith()) }, at.cast.ben)).status).toBe(403);
    expect((await preview({ document: 'x' }, at.cast.cleo)).status).toBe(404);
    const large = { ...documentWith(), 'x-notes': 'x'.repeat(4 * 1024 * 1024) };
    expect((await preview({ document: JSON.stringify(large) })).status).toBe(200);
    expect((await preview({ document: 'x'.repeat(11 * 1024 * 1024) })).status).toBe(413);
  });

  it('become tools that send what the document says, below the base URL', async () => {
    const document = JSON.stringify(documentWith());
    const { digest } = (await preview({ document })).body;
    const saved = await save({ document, digest, operations: ['get_order', 'replace_order', 'get_order_2'] });
    expect([saved.status, saved.body.data.length]).toEqual([200, 3]);
    const listed = await api('GET', '/api/tools?toolkits=http-api.orders', undefined, at.cast.ben);
    expect(listed.body.data.map(({ slug }: Json) => slug)).toEqual([
      'http-api.orders.get_order',
      'http-api.orders.get_order_2',
      'http-api.orders.replace_order',
    ]);
    expect(listed.body.data[0]).toMatchObject({
      toolkit: { slug: 'http-api.orders', name: 'Orders' },
      connectors: [{ id }],
    });

    const got = await run('get_order', { id: 'a b?#%/é', expand: ['x', 'y&z'] });
    expect(got.body).toMatchObject({ status: 'succeeded', data: { status: 200, body: { said: '[redacted]' } } });
    await run('replace_order', { id: '1', body: { lines: ['aa'] } });
    await run('get_order_2', { proto: 'p', 'X-Trace': 't', body: { note: 'a&b' } });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/orders/a%20b%3F%23%25%2F%C3%A9?expand=x&expand=y%26z',
      'PUT /v1/orders/1',
      'POST /v1/orders',
    ]);
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect([seen[1]?.body, seen[2]?.body, seen[2]?.headers['x-trace']]).toEqual([
      '{"lines":["aa"]}',
      'note=a%26b',
      't',
    ]);
  });

  it('let nothing out of the base URL, and judge arguments before anything is sent', async () => {
    for (const hostile of ['..', '../..', '%2e%2e', '..%2f..', './x', '\\..', ''])
      expect([hostile, (await run('get_order', { id: hostile })).body.status]).not.toContain('succeeded');
    const wrong = await run('replace_order', { id: '1', body: { lines: [`${'a'.repeat(50_000)}!`, 7] }, more: 1 });
    expect(wrong.status).toBe(422);
    expect(Object.keys(wrong.body.errors).toSorted()).toEqual([
      'arguments.body.lines.0',
      'arguments.body.lines.1',
      'arguments.more',
    ]);
    expect(seen).toEqual([]);
  });

  it('fail with what the service says', async () => {
    answers['GET /v1/orders/9'] = [404, { message: `No order 9 for ${token}` }];
    const missing = await run('get_order', { id: '9' });
    expect(missing.body).toMatchObject({ status: 'failed', error: { code: 'service_not_found' } });
    expect(missing.body.error.message).toContain('No order 9 for [redacted]');
    answers['POST /v1/orders'] = [500, { error: 'down' }];
    expect((await run('get_order_2', {})).body.status).toBe('outcome_unknown');
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('show their drift, keep their names, and name what was used and goes', async () => {
    const next = documentWith(
      { '/orders': {}, '/orders/{id}/lines': { get: { operationId: 'replaceOrder' } } },
      { summary: 'Read an order' },
    );
    Object.assign(next.paths['/orders/{id}'], { put: undefined });
    const { body } = await preview({ document: JSON.stringify(next) });
    expect(body.operations.map(({ slug, status, changes }: Json) => [slug, status, changes])).toEqual([
      ['get_order', 'changed', ['text']],
      ['replace_order', 'changed', ['method', 'path', 'schema', 'text']],
    ]);
    expect(body.removed).toEqual([
      expect.objectContaining({ slug: 'get_order_2', calls: 2, last_used_at: expect.any(String) }),
    ]);
    const stale = await save({ document: JSON.stringify(next), digest: 'of another', operations: ['get_order'] });
    expect([stale.status, stale.body.detail]).toEqual([409, expect.stringContaining('has changed since')]);
    expect((await save({ operations: ['nothing'] })).status).toBe(422);
    expect((await save({ operations: ['get_order', 'get_order_2'] })).body.data).toHaveLength(2);
    const again = await preview({ document: JSON.stringify(documentWith()) });
    expect(again.body.operations.map(({ slug, status }: Json) => [slug, status])).toEqual([
      ['get_order', 'same'],
      ['replace_order', 'new'],
      ['get_order_2', 'same'],
    ]);
  });

  it('come from an address too, without the credential and from nowhere else', async () => {
    answers['GET /openapi.json'] = [200, documentWith()];
    const { status, body } = await preview({ url: `${origin}/openapi.json?key=1` });
    expect([status, body.title]).toEqual([200, 'Orders']);
    expect(seen[0]?.headers.authorization).toBeUndefined();
    const from = await save({ url: `${origin}/openapi.json?key=1`, operations: ['get_order'] });
    expect(from.body.data[0].source).toBe(`${origin}/openapi.json`);
    answers['GET /large'] = [200, `"${'x'.repeat(5 * 1024 * 1024)}"`];
    for (const [url, reason] of [
      [`${origin}/large`, 'larger than 5 MB'],
      ['http://169.254.169.254/latest', 'address'],
      ['https://user:pass@orders.example/x', 'without user name'],
      ['ftp://orders.example/x', 'full address'],
    ] as const) {
      const refused = await preview({ url });
      expect([url, refused.status, refused.body.errors?.url?.[0]]).toEqual([url, 422, expect.stringContaining(reason)]);
    }
  });

  it('belong to their connector: they go with it and are not found elsewhere', async () => {
    const cleo = { ...{ name: 'Orders', tags: [] }, config: { base_url: `${origin}/v1` }, auth: { method: 'none' } };
    const other = (await installConnector(at.ctx(at.cast.cleo), 'http-api', cleo)).id;
    await setConnectorStatus(at.ctx(at.cast.cleo), other, 'active');
    const foreign = await api(
      'POST',
      '/api/tools/http-api.orders.get_order/execute',
      { arguments: { id: '1' } },
      at.cast.cleo,
    );
    expect(foreign.status).toBe(404);
    const second = (await installConnector(at.ctx(at.cast.ada), 'http-api', { ...cleo, name: 'Second' })).id;
    const through = await api('POST', '/api/tools/http-api.orders.get_order/execute', {
      connector_id: second,
      arguments: { id: '1' },
    });
    expect([through.status, Object.keys(through.body.errors)]).toEqual([422, ['connector_id']]);
    const wordpress = {
      name: 'Blog',
      tags: [],
      config: { site_url: 'https://blog.example' },
      auth: { method: 'basic', username: 'a', password: 'abcd efgh ijkl mnop qrst uvwx' },
    };
    const blog = (await installConnector(at.ctx(at.cast.ada), 'wordpress', wordpress)).id;
    expect((await api('POST', `/api/connectors/${blog}/operations/preview`, { document: '{}' })).status).toBe(409);
  });
});
