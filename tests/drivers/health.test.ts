import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { driverHarness } from '../support/driver.ts';

interface Answer {
  status: number;
  body: unknown;
}

interface Case {
  key: string;
  config?: Values;
  auth: Values;
  /** Where the request must go, with the credential that it must carry. */
  path: string;
  header: [name: string, value: string];
  good: unknown;
  message: string;
  label?: string;
  /** What the service answers to a credential that it does not accept. */
  refused: Answer;
  refusal: RegExp;
  /** The answer of another account, and what it is called. */
  other?: [answer: unknown, label: string];
}

const token = { method: 'token', access_token: 'a-token-that-opens-nothing' };
const bearer: [string, string] = ['authorization', `Bearer ${token.access_token}`];
const editor = { id: 7, name: 'Ed', username: 'editor', capabilities: { edit_posts: true, publish_posts: false } };

const cases: Case[] = [
  {
    key: 'openai',
    auth: { method: 'api_key', api_key: 'sk-not-a-key' },
    path: '/v1/models',
    header: ['authorization', 'Bearer sk-not-a-key'],
    good: { object: 'list', data: [{ id: 'gpt-4o-mini' }, { id: 'text-embedding-3-small' }] },
    message: 'The key works; 2 models are offered.',
    refused: { status: 401, body: { error: { message: 'Incorrect API key provided.', code: 'invalid_api_key' } } },
    refusal: /Incorrect API key provided/,
  },
  {
    key: 'composio',
    auth: { method: 'api_key', api_key: 'ak_not-a-key' },
    path: '/api/v3.1/toolkits?limit=1',
    header: ['x-api-key', 'ak_not-a-key'],
    good: { items: [], next_cursor: null, total_items: 812 },
    message: 'The key works; 812 toolkits are offered.',
    refused: { status: 401, body: { error: { message: 'Invalid API key', code: 10401 } } },
    refusal: /Invalid API key/,
  },
  {
    key: 'wordpress',
    config: { site_url: 'https://blog.example.com' },
    auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    path: '/wp-json/wp/v2/users/me?context=edit',
    header: ['authorization', `Basic ${btoa('editor:abcd efgh ijkl mnop qrst uvwx')}`],
    good: editor,
    message: 'Signed in as Ed.',
    label: 'editor on blog.example.com',
    refused: { status: 401, body: { code: 'rest_not_logged_in', message: 'You are not currently logged in.' } },
    refusal: /not currently logged in/,
    other: [{ ...editor, id: 8, username: 'author' }, 'author on blog.example.com'],
  },
  {
    key: 'twitter',
    auth: token,
    path: '/2/users/me',
    header: bearer,
    good: { data: { id: '2244994945', name: 'X Dev', username: 'XDevelopers' } },
    message: 'Signed in as @XDevelopers.',
    label: '@XDevelopers',
    refused: { status: 401, body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' } },
    refusal: /Unauthorized/,
    other: [{ data: { id: '12', username: 'jack' } }, '@jack'],
  },
  {
    key: 'linkedin',
    auth: token,
    path: '/v2/userinfo',
    header: bearer,
    good: { sub: '782bbtaQ', name: 'Ada Example' },
    message: 'Signed in as Ada Example.',
    label: 'Ada Example',
    refused: { status: 401, body: { serviceErrorCode: 65600, message: 'Invalid access token', status: 401 } },
    refusal: /Invalid access token/,
    other: [{ sub: 'zzz', name: 'Ben Example' }, 'Ben Example'],
  },
  {
    key: 'medium',
    auth: token,
    path: '/v1/me',
    header: bearer,
    good: { data: { id: '5303d74c64f66366', username: 'majelbstoat' } },
    message: 'Signed in as @majelbstoat.',
    label: '@majelbstoat',
    refused: { status: 401, body: { errors: [{ message: 'Token was invalid.', code: 6003 }] } },
    refusal: /Token was invalid/,
    other: [{ data: { id: 'x', username: 'other' } }, '@other'],
  },
];

/** Every origin that these services have, played by one server. */
const origins = [
  'https://api.openai.com',
  'https://backend.composio.dev',
  'https://blog.example.com',
  'https://public-api.wordpress.com',
  'https://api.x.com',
  'https://api.linkedin.com',
  'https://api.medium.com',
];

let server: Server;
let url: string;
let answer: (path: string, headers: Record<string, unknown>) => Answer;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { status, body } = answer(request.url ?? '', request.headers);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked.length = 0;
});

const pairs = (to: string) => Object.fromEntries(origins.map((origin) => [origin, to]));
const ok = (body: unknown) => () => ({ status: 200, body });

describe.each(cases)('$key', (each) => {
  const check = async () => {
    const { call, driver, close } = await driverHarness(each.key, pairs(url), crypto.randomUUID());
    const options = { config: each.config ?? {} };
    return call(each.auth, async (context) => driver.checkHealth?.(context), options).finally(close);
  };

  it('asks the service with the credential, and says what it found', async () => {
    answer = (_path, headers) => ({ status: headers[each.header[0]] === each.header[1] ? 200 : 418, body: each.good });
    expect((await check())?.message).toBe(each.message);
    expect(asked[0]).toBe(each.path);
  });

  it('tells a credential that was revoked from a service that fails and one that is no such service', async () => {
    answer = () => each.refused;
    await expect(check()).rejects.toMatchObject({ fault: 'credential', message: expect.stringMatching(each.refusal) });
    answer = () => ({ status: 500, body: 'oops' });
    await expect(check()).rejects.toMatchObject({ fault: 'service' });
    answer = () => ({ status: 200, body: '<!doctype html><title>Parked</title>' });
    await expect(check()).rejects.toMatchObject({ fault: 'service' });
  });

  it('tells a host that is dead', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    const { port } = dead.address() as AddressInfo;
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    const { call, driver, close } = await driverHarness(
      each.key,
      pairs(`http://127.0.0.1:${port}`),
      crypto.randomUUID(),
    );
    const options = { config: each.config ?? {} };
    const outcome = call(each.auth, async (context) => driver.checkHealth?.(context), options).finally(close);
    await expect(outcome).rejects.toMatchObject({ code: 'unreachable' });
  });
});

it.each(cases.filter(({ other }) => other))(
  '$key says who is connected, and another account by another id',
  async (each) => {
    const { call, driver, close } = await driverHarness(each.key, pairs(url), crypto.randomUUID());
    const who = () => call(each.auth, async (context) => driver.whoami?.(context), { config: each.config ?? {} });
    answer = ok(each.good);
    const first = await who();
    answer = ok(each.other?.[0]);
    const second = await who();
    answer = ok({ data: {} });
    await expect(who()).rejects.toMatchObject({ fault: 'service' });
    await close();
    expect([first?.label, second?.label]).toEqual([each.label, each.other?.[1]]);
    expect(first?.externalId).not.toBe(second?.externalId);
  },
);

describe('what will need attention', () => {
  const check = async (key: string, auth: Values, config: Values) => {
    const { call, driver, close } = await driverHarness(key, pairs(url), crypto.randomUUID());
    return call(auth, async (context) => driver.checkHealth?.(context), { config }).finally(close);
  };

  it('is an API version that LinkedIn has switched off, or soon will', async () => {
    const userinfo = { sub: 'x', name: 'Ada' };
    answer = (path) =>
      path.startsWith('/rest/')
        ? { status: 426, body: { message: 'Requested version is not active' } }
        : { status: 200, body: userinfo };
    await expect(check('linkedin', token, { api_version: '202301' })).rejects.toMatchObject({
      field: 'config.api_version',
    });
    answer = (path) =>
      path.startsWith('/rest/')
        ? { status: 403, body: { message: 'Not enough permissions' } }
        : { status: 200, body: userinfo };
    const now = new Date();
    const version = `${now.getUTCFullYear()}${String(now.getUTCMonth() + 1).padStart(2, '0')}`;
    expect((await check('linkedin', token, { api_version: version }))?.warnings).toEqual([]);
    expect((await check('linkedin', token, { api_version: '202301' }))?.warnings).toHaveLength(1);
  });

  it('is a model that the provider does not offer, and a user who may not publish', async () => {
    answer = ok({ data: [{ id: 'gpt-4o-mini' }] });
    const settings = { models: { low: 'gpt-4o-mini', high: 'gpt-9' } };
    const openai = await check('openai', { method: 'api_key', api_key: 'sk-x' }, settings);
    expect(openai?.warnings).toEqual([
      expect.stringContaining('gpt-4o-mini-2024-07-18'),
      expect.stringContaining('gpt-9'),
      expect.stringContaining('text-embedding-3-small'),
    ]);
    answer = ok(editor);
    const basic = { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' };
    const site = { site_url: 'https://blog.example.com', post_status: 'publish' };
    expect((await check('wordpress', basic, site))?.warnings).toEqual([expect.stringContaining('may not publish')]);
  });

  it('goes to WordPress.com for tokens that it gave, and nowhere else', async () => {
    answer = ok(editor);
    await check('wordpress', { ...token, issued_by: 'wordpress_com' }, { site_url: 'https://blog.example.com' });
    expect(asked).toEqual(['/wp/v2/sites/blog.example.com/users/me?context=edit']);
  });
});
