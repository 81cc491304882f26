import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { driverOf } from '../../src/drivers/declarative.ts';
import { compileService } from '../../src/drivers/declarative-compile.ts';
import { type Description, description as format } from '../../src/drivers/declarative-format.ts';
import type { LoadedDriver, Values } from '../../src/drivers/driver.ts';
import { compileSchema, problemsIn } from '../../src/lib/schema/compile.ts';
import { type DriverHarness, driverHarness } from '../support/driver.ts';

interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

const api = 'https://api.service.example';
let server: Server;
let url: string;
let asked: Asked[] = [];
let answer: (request: Asked) => Answer = () => ({});
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const each = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    asked.push(each);
    const { status = 200, headers = {}, body: sent = {} } = answer(each);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof sent === 'string' ? sent : JSON.stringify(sent));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked = [];
  answer = () => ({});
});

const key = { method: 'api_key', api_key: 'canary-key-1234' };

const minimal = {
  version: 1,
  key: 'service',
  name: 'Service',
  description: 'Something.',
  category: 'Work',
  docs: 'https://service.example/docs',
  base_url: `${api}/v1`,
  auth: [{ method: 'api_key', prefix: 'Key' }],
  whoami: { request: { path: '/me' }, id: 'id', label: '{answer.name}' },
};

/** A sound description, made into a driver and called as the hub calls it. */
async function harness(
  more: object,
  stand: Record<`https://${string}`, string> = { [api]: url },
): Promise<DriverHarness> {
  const description = { ...minimal, ...more } as Description;
  expect(problemsIn(format, description)).toEqual([]);
  const { service, problems } = compileService(description);
  expect(problems).toEqual([]);
  const driver: LoadedDriver = { ...driverOf(description, service), icon: '' };
  return driverHarness(driver, stand, crypto.randomUUID());
}

async function run(
  tool: object,
  input: Values = {},
  { auth = key as Values, config = {}, ...more }: Values & { auth?: Values; config?: Values } = {},
) {
  const { tool: call, close } = await harness({
    ...more,
    tools: [{ name: 'do', title: 'Do', description: 'Does.', ...tool }],
  });
  try {
    return await call(auth, 'do', input, { config });
  } finally {
    await close();
  }
}

const text = { type: 'string' };

describe('requests', () => {
  it('put values where the description says, encoded, and the credential where the method says', async () => {
    await run(
      {
        input: {
          properties: {
            id: text,
            words: { type: 'array', items: text },
            page: { type: 'integer', default: 1 },
            none: text,
          },
          required: ['id'],
        },
        request: {
          method: 'GET',
          path: '/things/{input.id}/parts',
          query: { q: '{input.words}', page: '{input.page}', none: '{input.none}', fixed: 'a&b', n: 3 },
          headers: { 'X-Id': '{input.id}', 'X-None': '{input.none}', 'X-Call': '{call.id}' },
        },
      },
      { id: 'a/b ?', words: ['x', 'ü=y'] },
      { headers: { 'X-Version': '2' } },
    );
    expect(asked[0]?.method).toBe('GET');
    expect(asked[0]?.url).toBe('/v1/things/a%2Fb%20%3F/parts?q=x&q=%C3%BC%3Dy&page=1&fixed=a%26b&n=3');
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Key canary-key-1234',
      'x-id': 'a/b ?',
      'x-version': '2',
      accept: 'application/json',
    });
    expect(asked[0]?.headers['x-call']).toMatch(/^[0-9a-f-]{36}$/);
    expect(asked[0]?.headers).not.toHaveProperty('x-none');
  });

  it('send JSON with the types of what was given, and leave out what was not', async () => {
    const properties = {
      n: { type: 'integer' },
      list: { type: 'array', items: text },
      on: { type: 'boolean' },
      free: { type: 'object' },
      gone: text,
    };
    const json = {
      n: '{input.n}',
      list: '{input.list}',
      in: [{ on: '{input.on}' }],
      free: '{input.free}',
      gone: '{input.gone}',
      text: 'n={input.n}',
      fixed: 1.5,
    };
    await run(
      { input: { properties }, request: { method: 'POST', path: '/things', json } },
      { n: 7, list: ['{input.n}'], on: false, free: { a: { b: null } } },
    );
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      n: 7,
      list: ['{input.n}'],
      in: [{ on: false }],
      free: { a: { b: null } },
      text: 'n=7',
      fixed: 1.5,
    });
    expect(asked[0]?.headers['content-type']).toBe('application/json');
  });

  it('send forms', async () => {
    await run(
      {
        input: { properties: { a: text, b: { type: 'array', items: text }, c: text } },
        request: { method: 'POST', path: '/f', form: { a: '{input.a}', b: '{input.b}', c: '{input.c}', d: true } },
      },
      { a: 'x&y', b: ['1', '2'] },
    );
    expect(asked[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(asked[0]?.body).toBe('a=x%26y&b=1&b=2&d=true');
  });

  it.each<[string, object[], Values, (request?: Asked) => unknown, unknown]>([
    ['a header of its own', [{ method: 'api_key', name: 'X-Key' }], key, (r) => r?.headers['x-key'], key.api_key],
    [
      'the query',
      [{ method: 'api_key', in: 'query', name: 'api_key' }],
      { method: 'api_key', api_key: 'a&b=c' },
      (r) => r?.url,
      '/v1/me?api_key=a%26b%3Dc',
    ],
    [
      'basic',
      [{ method: 'basic' }],
      { method: 'basic', username: 'ada', password: 'pä:ss' },
      (r) => r?.headers.authorization,
      `Basic ${Buffer.from('ada:pä:ss').toString('base64')}`,
    ],
    [
      'a bearer token',
      [{ method: 'token' }],
      { method: 'token', access_token: 'canary-token' },
      (r) => r?.headers.authorization,
      'Bearer canary-token',
    ],
    ['nothing', [{ method: 'none' }], { method: 'none' }, (r) => r?.headers.authorization, undefined],
  ])('prove the account by %s', async (_what, methods, auth, seen, value) => {
    const { call, driver, close } = await harness({
      auth: methods,
    });
    answer = () => ({ body: { id: 1, name: 'Ada' } });
    await call(auth, (context) => driver.whoami?.(context) as Promise<unknown>);
    await close();
    expect(seen(asked[0])).toBe(value);
  });

  it('take the first path whose values are all there', async () => {
    const tool = {
      input: { properties: { team: text } },
      request: { path: ['/teams/{input.team}/x', '/users/{account.id}/x'] },
    };
    answer = () => ({ body: { id: 'u/1', name: 'Ada' } });
    await run(tool, { team: 't' });
    await run(tool, {});
    expect(asked.map((each) => each.url)).toEqual(['/v1/teams/t/x', '/v1/me', '/v1/users/u%2F1/x']);
  });

  it.each([['..'], ['%2e%2e'], ['.'], ['..%2f..'], ['%252e%252e%252f'], ['\\..'], ['a\u0000'], ['..;x']])(
    'never leave the base address: %j',
    async (id) => {
      const tool = {
        input: { properties: { id: text }, required: ['id'] },
        request: { path: '/things/{input.id}/parts' },
      };
      await expect(run(tool, { id })).rejects.toMatchObject({
        fault: 'input',
        message: 'This path would lead out of the service’s address.',
      });
      expect(asked).toEqual([]);
    },
  );

  it('refuse an empty part of a path, and a header that would break', async () => {
    const input = { properties: { id: text }, required: ['id'] };
    await expect(run({ input, request: { path: '/t/{input.id}' } }, { id: ' ' })).rejects.toMatchObject({
      fault: 'input',
      message: 'A part of the path is empty.',
    });
    await expect(
      run({ input, request: { path: '/t', headers: { 'X-Id': '{input.id}' } } }, { id: 'a\r\nHost: b' }),
    ).rejects.toMatchObject({
      fault: 'input',
      message: 'The header X-Id would get a value that HTTP cannot carry, such as one with a line break.',
    });
    expect(asked).toEqual([]);
  });

  it('follow settings in the host, and keep the credential from every other one', async () => {
    const config = { properties: { region: { type: 'string', default: 'eu' } } };
    const given = {
      base_url: 'https://{config.region}.service.example',
      config,
      tools: [{ name: 'do', title: 'Do', description: 'Does.', request: { path: '/x' } }],
    };
    const stand = { 'https://eu.service.example': url, 'https://us.service.example': url } as const;
    const { driver, tool, close } = await harness(given, stand);
    expect(driver.destinations({}, key)).toEqual(['https://eu.service.example']);
    expect(driver.destinations({ region: 'us' }, key)).toEqual(['https://us.service.example']);
    expect(driver.destinations({ region: 'evil.example/' }, key)).toEqual([]);
    expect(compileSchema(driver.entry.configSchema)({ region: 'a.b' })).toEqual({
      region: ['Must be a part of a host name: letters, digits and hyphens.'],
    });
    await tool(key, 'do', {}, { config: { region: 'us' } });
    expect(asked[0]?.headers.host).toBe(new URL(url).host);
    await expect(tool(key, 'do', {}, { config: { region: 'evil.example/' } })).rejects.toMatchObject({
      message: 'The settings make no address. Check them.',
    });
    answer = () => ({ status: 302, headers: { location: 'https://eu.service.example/x' } });
    await expect(tool(key, 'do', {}, { config: { region: 'us' } })).rejects.toMatchObject({ code: 'redirect_refused' });
    await close();
    expect(asked).toHaveLength(2);
  });

  it('reach no metadata address and nothing private, whatever a file says', async () => {
    for (const base_url of ['http://169.254.169.254/latest', 'http://127.0.0.1:1/', 'http://[::ffff:10.0.0.1]/x']) {
      const { driver, call, close } = await harness({ base_url });
      await expect(call(key, (context) => driver.checkHealth?.(context) as Promise<unknown>)).rejects.toMatchObject({
        name: 'OutboundError',
      });
      await close();
    }
  });
});

describe('answers', () => {
  const list = { items: 'data.list', fields: { id: 'id', who: '/by/full name', tag: 'tags.0' }, next: 'meta.next' };

  it('become what the description keeps of them', async () => {
    answer = () => ({
      body: {
        data: { list: [{ id: 1, by: { 'full name': 'Ada' }, tags: ['x'], more: 1 }, { id: 2 }] },
        meta: { next: 42 },
      },
    });
    expect(await run({ request: { path: '/x' }, response: list })).toEqual({
      items: [
        { id: 1, who: 'Ada', tag: 'x' },
        { id: 2, who: null, tag: null },
      ],
      next_cursor: '42',
    });
  });

  it.each([
    [{ data: {} }, { items: [], next_cursor: null }],
    [
      { data: { list: [] }, meta: { next: '' } },
      { items: [], next_cursor: null },
    ],
  ])('with nothing in %j', async (body, given) => {
    answer = () => ({ body });
    expect(await run({ request: { path: '/x' }, response: list })).toEqual(given);
  });

  it.each<[unknown, object | undefined, unknown]>([
    [{ a: 1 }, undefined, { a: 1 }],
    [[1, 2], undefined, { items: [1, 2] }],
    ['7', undefined, { value: 7 }],
    [' ', undefined, {}],
    [{ a: { b: 'x' } }, { value: 'a.b' }, { value: 'x' }],
    [{ a: null }, { value: 'a' }, {}],
    [[{ id: 1 }], { items: '' }, { items: [{ id: 1 }] }],
  ])('%j by %j are an object', async (body, response, given) => {
    answer = () => ({ body: typeof body === 'string' ? body : JSON.stringify(body) });
    expect(await run({ request: { path: '/x' }, ...(response && { response }) })).toEqual(given);
  });

  it('that are no list, or no JSON, are the service’s fault', async () => {
    answer = () => ({ body: { data: { list: 'x' } } });
    await expect(run({ request: { path: '/x' }, response: list })).rejects.toMatchObject({ fault: 'service' });
    answer = () => ({ body: '<html>' });
    await expect(run({ request: { path: '/x' } })).rejects.toMatchObject({
      fault: 'service',
      message: 'The service answered something that is not JSON. Check the address.',
    });
  });

  it('never say the credential back', async () => {
    answer = ({ headers }) => ({ body: { echo: headers.authorization, deep: [headers.authorization?.slice(4)] } });
    expect(JSON.stringify(await run({ request: { path: '/x' } }))).not.toContain('canary');
    answer = ({ headers }) => ({ status: 422, body: { message: `I got ${headers.authorization}` } });
    await expect(run({ request: { path: '/x' } })).rejects.not.toThrow(/canary/);
  });
});

describe('refusals', () => {
  const errors = {
    message: 'error.text',
    code: 'error.code',
    rules: [
      { status: 403, path: 'error.code', equals: ['slow', 'slower'], fault: 'rate_limited' },
      { path: 'ok', equals: false, fault: 'input', message: 'It said no.' },
      { status: [418, 420], fault: 'conflict' },
    ],
  };

  it.each<[Answer, object]>([
    [{ status: 401 }, { fault: 'credential', status: 401 }],
    [
      { status: 404, body: { error: { text: 'Not here.', code: 12 } } },
      { fault: 'not_found', serviceCode: '12', message: 'The service does not know this (HTTP 404): Not here.' },
    ],
    [
      { status: 403, headers: { 'retry-after': '0' }, body: { error: { code: 'slower' } } },
      { fault: 'rate_limited', status: 403, serviceCode: 'slower', retryAfterMs: 0 },
    ],
    [{ status: 403, body: { error: { code: 'other' } } }, { fault: 'permission' }],
    [
      { status: 200, body: { ok: false } },
      { fault: 'input', message: 'It said no.' },
    ],
    [
      { status: 420, body: { error: { text: 'Enhance your calm' } } },
      {
        fault: 'conflict',
        status: 420,
        message: 'The service refuses this in its current state (HTTP 420): Enhance your calm.',
      },
    ],
    [
      { status: 422, body: { detail: 'Usual place.' } },
      { fault: 'input', message: 'The service refuses this request (HTTP 422): Usual place.' },
    ],
  ])('%j are told as %j', async (refusal, told) => {
    answer = () => refusal;
    await expect(run({ request: { path: '/x', method: 'POST' } }, {}, { errors })).rejects.toMatchObject(told);
    expect(asked).toHaveLength(1); // a write is never repeated
  });

  it('of a reading tool are repeated where that may help', async () => {
    answer = () => (asked.length < 3 ? { status: 503, headers: { 'retry-after': '0' } } : { body: { a: 1 } });
    expect(await run({ request: { path: '/x' } })).toEqual({ a: 1 });
    expect(asked).toHaveLength(3);
  });

  it('of a tool’s own come first', async () => {
    answer = () => ({ status: 420 });
    const own = { rules: [{ status: 420, fault: 'not_found', message: 'Gone.' }] };
    await expect(run({ request: { path: '/x', method: 'POST' }, errors: own }, {}, { errors })).rejects.toMatchObject({
      fault: 'not_found',
      message: 'Gone.',
    });
  });
});

describe('health and accounts', () => {
  const check = async (more: object) => {
    const { driver, call, close } = await harness(more);
    try {
      return await call(key, async (context) => (await driver.checkHealth?.(context))?.message);
    } finally {
      await close();
    }
  };

  it('say who is signed in', async () => {
    answer = () => ({ body: { id: 7, name: 'Ada' } });
    expect(await check({})).toBe('Signed in as Ada.');
    answer = () => ({ body: { name: 'Ada' } });
    await expect(check({})).rejects.toMatchObject({
      fault: 'service',
      message: expect.stringContaining('without saying who is connected'),
    });
  });

  it('go by their own request', async () => {
    const health = {
      request: { path: '/status' },
      healthy: { status: [200], has: ['up.since'] },
      message: 'Up since {answer.up.since}, as {account.label}.',
    };
    answer = ({ url: at }) => ({ body: at === '/v1/me' ? { id: 7, name: 'Ada' } : { up: { since: 2020 } } });
    expect(await check({ health })).toBe('Up since 2020, as Ada.');
    answer = ({ url: at }) => ({ body: at === '/v1/me' ? { id: 7, name: 'Ada' } : { down: true } });
    await expect(check({ health })).rejects.toMatchObject({
      message: 'Something answered, but not what this service answers. Check its address.',
    });
    answer = ({ url: at }) => (at === '/v1/me' ? { body: { id: 7, name: 'Ada' } } : { status: 202 });
    await expect(check({ health })).rejects.toMatchObject({ message: expect.stringContaining('HTTP 202') });
  });
});

describe('the entry', () => {
  it('has what its authentication needs', async () => {
    const auth = [
      {
        method: 'oauth2',
        authorization_url: 'https://login.service.example/authorize',
        token_url: 'https://login.service.example/token',
        scopes: ['read'],
        authorization_params: { prompt: 'consent' },
      },
      {
        method: 'client_credentials',
        token_url: 'https://login.service.example/token',
        client_auth: 'post',
        scope: 'read',
      },
      { method: 'token' },
      { method: 'none' },
    ];
    const { driver, close } = await harness({ auth });
    await close();
    const { entry, oauth } = driver;
    expect([entry.authType, entry.authMethods]).toEqual(['oauth', ['oauth2', 'client_credentials', 'token', 'none']]);
    expect(driver.destinations({}, { method: 'oauth2' })).toEqual(['https://login.service.example for tokens', api]);
    expect(driver.destinations({}, { method: 'client_credentials', token_url: 'https://evil.example' })).toEqual([
      'https://login.service.example for tokens',
      api,
    ]);
    expect(driver.destinations({}, { method: 'token' })).toEqual([api]);
    expect(oauth?.endpoints({})).toEqual({
      authorization: 'https://login.service.example/authorize',
      token: 'https://login.service.example/token',
    });
    expect(oauth).toMatchObject({ pkce: true, clientAuth: 'post', refreshReuse: 'revokes_family' });
    expect(oauth?.authorizationParams?.({}, {})).toEqual({ prompt: 'consent' });
    expect([driver.needsConnection({ method: 'oauth2' }), driver.needsConnection({ method: 'token' })]).toEqual([
      true,
      false,
    ]);
    const fits = (value: object) => compileSchema(entry.authSchema)(value);
    const client = { method: 'client_credentials', client_authentication: 'post', client_id: 'i', client_secret: 's' };
    expect(fits({ ...client, token_url: 'https://login.service.example/token' })).toEqual({});
    expect(fits({ ...client, token_url: 'https://evil.example/token' })).toEqual({
      token_url: ['Choose one of: “https://login.service.example/token”.'],
    });
  });

  it('brings settings of an older version along', async () => {
    const config = { properties: { site: { type: 'string' } }, required: ['site'] };
    const migrations = [
      {
        from: 1,
        describe: 'The host is a site now.',
        rename: { 'config.host': 'config.site', 'auth.key': 'auth.api_key' },
        remove: ['config.old'],
      },
    ];
    const { driver, close } = await harness({ schema_version: 2, base_url: '{config.site}/v1', config, migrations });
    await close();
    const secret = { $sealed: 'x', updated_at: 'y' };
    expect(
      driver.migrations?.[1]?.migrate({ host: 'https://a.example', old: 1 }, { method: 'api_key', key: secret }),
    ).toEqual({
      config: { site: 'https://a.example' },
      auth: { method: 'api_key', api_key: secret },
    });
    expect(driver.entry.schemaVersion).toBe(2);
    expect(Object.keys(driver.entry.configSchema.properties ?? {})).toEqual(['site', 'tls']);
    expect(driver.summary?.({ site: 'https://a.example:8443/x' })).toBe('a.example:8443');
  });
});

it('holds our own descriptions to the format', async () => {
  const own = JSON.parse(
    await readFile(path.resolve(import.meta.dirname, '../../src/drivers/medium/service.json'), 'utf8'),
  );
  expect(problemsIn(format, own)).toEqual([]);
  expect(compileService(own).problems).toEqual([]);
});
