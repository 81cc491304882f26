import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startOauthServer } from '../sandbox/oauth-server.ts';
import { startOpenai } from '../sandbox/openai.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';

let provider: StandIn;
let login: StandIn;
/** A gateway of a company: its own certificate, tokens of its own login, and answers as a test wants them. */
let company: Server;
let reply: (response: ServerResponse) => void;
let asked: { path: string; token: string; body: string; port: number | undefined }[] = [];
let certificate: string;
let at: TestApp;
const ids: Record<string, string> = {};

beforeAll(async () => {
  const own = selfSigned();
  certificate = own.cert;
  [provider, login] = await Promise.all([startOpenai(), startOauthServer()]);
  company = createServer(own, answer);
  await new Promise<void>((resolve) => company.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(company.address() as AddressInfo).port}`;
  const wired = wiring({ openai: provider.url, oauth: login.url });
  const ALLOWED_PRIVATE_HOSTS = `${wired.ALLOWED_PRIVATE_HOSTS},${host}`;
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wired, ALLOWED_PRIVATE_HOSTS });
  const key = { method: 'api_key', api_key: demo.modelKey };
  const client = { method: 'client_credentials', token_url: 'https://oauth.demo.example/token', ...demo.client };
  ids.models = await install('Models', {}, key);
  ids.company = await install(
    'Company',
    { base_url: `https://${host}/v1`, tls: { ca: certificate }, timeout_s: 2 },
    client,
  );
});
afterAll(async () => {
  await at.close();
  await Promise.all([provider.close(), login.close()]);
  company.closeAllConnections();
  await new Promise((resolve) => company.close(resolve));
});
beforeEach(async () => {
  asked = [];
  reply = (response) => response.end(JSON.stringify(hello));
  at.logged.length = 0;
  await provider.control.reset();
});

const hello = {
  model: 'gpt-4o-mini',
  choices: [{ message: { content: 'Hello from the company.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
};

function selfSigned() {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-openai-'));
  const options =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=models -keyout key -out cert';
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...options.split(' '), ...names], { cwd: dir, stdio: 'pipe' });
  const [cert, key] = ['cert', 'key'].map((name) => readFileSync(path.join(dir, name), 'utf8')) as [string, string];
  rmSync(dir, { recursive: true });
  return { cert, key };
}

async function answer(request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const token = String(request.headers.authorization).replace('Bearer ', '');
  const known = await fetch(`${login.url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  asked.push({
    ...{ path: request.url ?? '', token, body: Buffer.concat(chunks).toString() },
    port: request.socket.remotePort,
  });
  response.setHeader('content-type', 'application/json');
  if (known.ok) return reply(response);
  response.writeHead(401).end('{"error":{"message":"Unknown token."}}');
}

async function install(name: string, config: Json, auth: Json, person = at.cast.ada) {
  const { id } = await installConnector(at.ctx(person), 'openai', { name, tags: [], config, auth });
  await setConnectorStatus(at.ctx(person), id, 'active');
  return id;
}

const run = (slug: string, args: Json, { through = 'models', headers = {}, ...more }: Json = {}) =>
  at.as(
    at.cast.ada,
    'POST',
    `/api/tools/openai.${slug}/execute`,
    { connector_id: ids[through], arguments: args, ...more },
    headers,
  );
const said = async (content: string, { args, ...more }: Json = {}): Promise<Json> =>
  (await run('complete', { messages: [{ role: 'user', content }], ...args }, more)).json();
const rows = async (query: ReturnType<typeof sql>): Promise<Json[]> =>
  (await at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query))) as unknown as Json[];
const usageOf = async (id: string) => (await rows(sql`select * from llm_usage where id = ${id}`))[0];
const executionOf = async (id: string) => (await rows(sql`select * from executions where id = ${id}`))[0];
const messages = [{ role: 'user', content: 'hello' }];

describe('tools that ask models', () => {
  it('answer with what they used, written down like every call of a model', async () => {
    const given = await said('hello');
    expect(given).toMatchObject({
      status: 'succeeded',
      data: { text: 'Hello from the sandbox.', model: 'gpt-4o-mini', tool_calls: [] },
      usage: { model: 'gpt-4o-mini', tier: 'low', estimated: false, attempts: 1, cost_usd: expect.any(String) },
    });
    const row = await usageOf(given.execution_id);
    const { tokens_in, tokens_out, cost_usd } = given.usage;
    expect(row).toMatchObject({ tokens_in, tokens_out, cost_usd, operation: 'chat', tier: 'low', api_key_id: null });
    expect(Math.round(Number(cost_usd) * 1e9)).toBe(150 * tokens_in + 600 * tokens_out);
    expect(await executionOf(given.execution_id)).toMatchObject({ tool: 'openai.complete', status: 'succeeded' });
    const lines = at.logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'llm_call');
    expect(lines).toEqual([expect.objectContaining({ execution_id: given.execution_id, cost_usd })]);
    const { body } = await at.deps.metrics.metricsText();
    expect(body).toMatch(/patchbay_llm_calls_total\{operation="chat",estimated="false"\} [1-9]/);
    const told = JSON.stringify(given) + at.logged.join('');
    for (const secret of [demo.modelKey, '"hello"']) expect(told).not.toContain(secret);
  });

  it('choose a model by the rules of tiers, with the longest answer of the settings', async () => {
    expect((await said('hello', { args: { model: 'tier:high' } })).usage).toMatchObject({
      tier: 'high',
      model: 'gpt-4o-2025-01-09',
    });
    expect((await said('hello', { args: { max_tokens: 5000 } })).usage.tier).toBe('high');
    expect((await said('hello', { args: { model: 'gpt-4o' } })).usage).toMatchObject({ model: 'gpt-4o', tier: null });
    expect((await run('complete', { messages, model: 'tier:best' })).status).toBe(400);
  });

  it('say what the model wants called, also when its arguments are broken', async () => {
    const tools = [{ name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];
    const ask = async (content: string) =>
      (await run('complete_with_tools', { messages: [{ role: 'user', content }], tools })).json();
    const good = await ask('the weather');
    expect(good.data.tool_calls).toEqual([expect.objectContaining({ valid: true, arguments: { city: 'Paris' } })]);
    expect(good.usage.tier).toBe('medium');
    const broken = await ask('broken arguments');
    expect([broken.status, broken.data.tool_calls]).toEqual([
      'succeeded',
      [expect.objectContaining({ valid: false, arguments: null, raw_arguments: '{"city": "Par' })],
    ]);
  });

  it('make vectors, list models and check the connection', async () => {
    const vectors = await (await run('create_embedding', { input: ['one', 'two'] })).json();
    expect(vectors.data.embeddings.map((each: number[]) => typeof each[0])).toEqual(['number', 'number']);
    expect(vectors.usage).toMatchObject({ tier: 'embeddings', model: 'text-embedding-3-small', tokens_out: 0 });
    expect(await usageOf(vectors.execution_id)).toMatchObject({ operation: 'embeddings' });
    const models = await (await run('list_models', {})).json();
    expect(models.data.tiers.high).toBe('gpt-4o-2025-01-09');
    expect(models.usage).toEqual({ duration_ms: expect.any(Number), attempts: 1 });
    const check = await (await run('check_connection', {})).json();
    expect(check.data.warnings).toEqual([
      'The model gpt-4o-2025-01-09 of the tier “high” is not offered. Use gpt-4o instead.',
    ]);
    const tested = await (await at.as(at.cast.ada, 'POST', `/api/connectors/${ids.models}/test`)).json();
    expect(JSON.stringify(tested.steps)).toContain('Use gpt-4o instead.');
  });

  it.each([
    ['no message', { messages: [] }, 'arguments.messages'],
    ['a temperature below zero', { messages, temperature: -1 }, 'arguments.temperature'],
    ['an absurd length', { messages, max_tokens: -5 }, 'arguments.max_tokens'],
    ['more than anything can be', { messages, max_tokens: 1e12 }, 'arguments.max_tokens'],
    ['a role that there is not', { messages: [{ role: 'god', content: 'x' }] }, 'arguments.messages.0.role'],
    ['a field that there is not', { messages, temprature: 1 }, 'arguments.temprature'],
  ])('refuse %s before anything is asked', async (_what, args, field) => {
    const answer = await run('complete', args, { through: 'company' });
    expect([answer.status, Object.keys((await answer.json()).errors)]).toEqual([422, [field]]);
    expect(asked).toEqual([]);
  });

  it('take a megabyte of prompt', async () => {
    const given = await said('x'.repeat(1_000_000), { through: 'company', args: { model: 'gpt-4o-mini' } });
    expect(given.status).toBe('succeeded');
    expect(asked[0]?.body.length).toBeGreaterThan(1_000_000);
  });

  it('obey budgets', async () => {
    const budget = { scope: 'connector', subject_id: ids.models, period: 'day', limit_usd: '0.0001' };
    const made = await at.as(at.cast.ada, 'POST', '/api/budgets', budget);
    expect(made.status, await made.clone().text()).toBe(201);
    const refused = await run('complete', { messages });
    expect([refused.status, (await refused.json()).code]).toEqual([429, 'budget_exceeded']);
    const { id } = await made.json();
    expect((await at.as(at.cast.ada, 'DELETE', `/api/budgets/${id}`)).status).toBeLessThan(300);
    expect((await said('hello')).status).toBe('succeeded');
  });
});

describe('what goes wrong', () => {
  const failed = async (told: (response: ServerResponse) => void) => {
    reply = told;
    const given = await said('hello', { through: 'company' });
    expect(given).toMatchObject({ status: 'failed', data: null });
    return { ...given.error, usage: await usageOf(given.execution_id) };
  };

  it('is told, and counted where the provider may have worked', async () => {
    const limited = await failed((response) =>
      response.writeHead(429, { 'retry-after': '3600' }).end('{"error":{"message":"Slow down."}}'),
    );
    expect(limited).toMatchObject({ code: 'service_rate_limited', retryable: true, retry_after_s: 3600 });
    expect(limited.usage).toBeUndefined();
    const garbage = await failed((response) => response.end('{"choices": ['));
    expect(garbage).toMatchObject({ code: 'service_service', field: 'config.base_url' });
    expect(garbage.usage).toMatchObject({ estimated: true, tokens_out: 0 });
    const broken = await failed((response) => response.destroy());
    expect(broken.code).toMatch(/^network_/);
    expect(broken.usage).toMatchObject({ estimated: true });
  });

  it('is a provider that hangs: given up after the time of the settings, and never asked twice', async () => {
    const hung = await failed(() => {});
    expect(hung).toMatchObject({ code: 'network_timeout', usage: { estimated: true } });
    expect(asked).toHaveLength(1);
  });
});

/** The events of a stream, `data` parsed where it is JSON. */
async function eventsOf(answer: Response): Promise<{ event: string; data: Json }[]> {
  const blocks = (await answer.text()).split('\n\n').filter(Boolean);
  return blocks.map((block) => {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
    const data = field('data');
    return { event: field('event') || 'message', data: data.startsWith('{') ? JSON.parse(data) : data };
  });
}

describe('streams', () => {
  const words = (events: Awaited<ReturnType<typeof eventsOf>>) =>
    events.map(({ data }) => data?.choices?.[0]?.delta?.content ?? '').join('');

  it.each([
    ['stream: true', { stream: true }],
    ['Accept', { headers: { accept: 'text/event-stream' } }],
  ])('come by %s, with how it ended as their last event', async (_how, how) => {
    const answer = await run('complete', { messages }, how);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(answer.headers.get('patchbay-tier-reason')).toBe('short_prompt');
    const events = await eventsOf(answer);
    expect(words(events)).toBe('Hello from the sandbox.');
    expect(events.filter(({ event }) => event === 'message').every(({ data }) => !data.usage)).toBe(true);
    const { event, data } = events.at(-1) as Json;
    expect([event, data.status, data.data]).toEqual(['execution', 'succeeded', null]);
    expect(data.usage).toMatchObject({ estimated: false, first_token_ms: expect.any(Number), tier: 'low' });
    expect(await usageOf(answer.headers.get('patchbay-execution') ?? '')).toMatchObject({
      id: data.execution_id,
      cost_usd: data.usage.cost_usd,
    });
  });

  it('that break tell so, and what was used is estimated', async () => {
    const events = await eventsOf(
      await run('complete', { messages: [{ role: 'user', content: 'cut off' }] }, { stream: true }),
    );
    const [failure, end] = events.slice(-2) as [Json, Json];
    expect(failure.data.error.code).toMatch(/^network_/);
    expect(end).toMatchObject({ event: 'execution', data: { status: 'failed', usage: { estimated: true } } });
  });

  it('whose reader goes away are counted as well', async () => {
    const answer = await run('complete', { messages: [{ role: 'user', content: 'slowly' }] }, { stream: true });
    const reader = answer.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const id = answer.headers.get('patchbay-execution') ?? '';
    await vi.waitFor(async () => expect(await usageOf(id)).toMatchObject({ estimated: true }), 10_000);
    expect(await executionOf(id)).toMatchObject({ status: 'failed', error_code: 'network_cancelled' });
  });

  it('are not there for tools that answer in one piece, nor when the provider refuses', async () => {
    const whole = await run('list_models', {}, { stream: true });
    expect([whole.status, Object.keys((await whole.json()).errors)]).toEqual([422, ['stream']]);
    reply = (response) => response.writeHead(400).end('{"error":{"message":"No."}}');
    const refused = await run('complete', { messages }, { stream: true, through: 'company' });
    expect(await refused.json()).toMatchObject({ status: 'failed', error: { code: 'service_input' } });
    reply = (response) => response.end(JSON.stringify(hello));
    const json = await run('complete', { messages }, { stream: true, through: 'company' });
    expect(await json.json()).toMatchObject({ status: 'failed', usage: { estimated: true } });
  });
});

describe('client credentials, a certificate and an address of one’s own', () => {
  it('work for tools and for /v1, with one token and kept connections', async () => {
    const [first, ...more] = [await said('hello', { through: 'company' }), await said('hello', { through: 'company' })];
    expect([first.data?.text, ...more.map(({ status }) => status)]).toEqual(['Hello from the company.', 'succeeded']);
    const key = await keyOf({});
    const direct = await ask(key, { 'x-patchbay-connector': 'company' });
    expect((await direct.json()).choices[0].message.content).toBe('Hello from the company.');
    expect(new Set(asked.map(({ token }) => token)).size).toBe(1);
    expect(new Set(asked.map(({ port }) => port)).size).toBeLessThan(3);
    expect((await login.control.counts()).granted.client_credentials).toBe(1);
    for (const { token } of asked) expect(at.logged.join('')).not.toContain(token);
    const tested = await (await at.as(at.cast.ada, 'POST', `/api/connectors/${ids.company}/test`)).json();
    expect(tested.steps.map(({ status }: Json) => status)).not.toContain('failed');
  });

  it('are refused without the authority that signed the certificate', async () => {
    const { port } = company.address() as AddressInfo;
    const config = { base_url: `https://127.0.0.1:${port}/v1` };
    const client = { method: 'client_credentials', token_url: 'https://oauth.demo.example/token', ...demo.client };
    ids.strict = await install('Strict', config, client);
    const given = await said('hello', { through: 'strict' });
    await setConnectorStatus(at.ctx(at.cast.ada), ids.strict, 'inactive');
    expect(given).toMatchObject({ status: 'failed', error: { code: 'network_tls' }, usage: { attempts: 1 } });
    expect(asked).toEqual([]);
  });
});

let made = 0;
async function keyOf(more: Json, status = 201): Promise<string> {
  made += 1;
  const body = { name: `Key ${made}`, role: 'member', scopes: ['llm:use', 'tools:execute'], ...more };
  const answer = await at.as(at.cast.ada, 'POST', '/api/api-keys', body);
  expect(answer.status).toBe(status);
  return (await answer.json()).key;
}
const ask = (key: string, headers: Record<string, string> = {}) =>
  at.as(
    null,
    'POST',
    '/v1/chat/completions',
    { model: 'gpt-4o-mini', messages },
    { authorization: `Bearer ${key}`, ...headers },
  );

describe('which connector is asked', () => {
  const usual = (id: string | null, person = at.cast.ada) =>
    at.as(person, 'PUT', '/api/model-settings', { default_connector_id: id });
  const handleOf = async (key: string, headers?: Record<string, string>) => {
    const answer = await ask(key, headers);
    return answer.headers.get('patchbay-connector') ?? (await answer.json()).error;
  };

  it('is the key’s own, the one that is named, the usual one, or the only one', async () => {
    const [free, bound] = [await keyOf({}), await keyOf({ model_connector_id: ids.company })];
    expect(await handleOf(free)).toMatchObject({
      code: 'connector_required',
      message: expect.stringContaining('company, models'),
    });
    expect((await usual(ids.models as string)).status).toBe(200);
    expect(await handleOf(free)).toBe('models');
    expect(await handleOf(free, { 'x-patchbay-connector': 'company' })).toBe('company');
    expect(await handleOf(bound)).toBe('company');
    expect(await handleOf(bound, { 'x-patchbay-connector': 'company' })).toBe('company');
    const conflict = await ask(bound, { 'x-patchbay-connector': 'models' });
    expect([conflict.status, (await conflict.json()).error.code]).toEqual([403, 'connector_bound']);
    const byTool = (key: string, more: Json = {}) =>
      at.as(
        null,
        'POST',
        '/api/tools/openai.complete/execute',
        { arguments: { messages }, ...more },
        { authorization: `Bearer ${key}` },
      );
    expect((await (await byTool(bound)).json()).data.text).toBe('Hello from the company.');
    expect((await byTool(bound, { connector_id: ids.models })).status).toBe(403);
    expect((await (await byTool(free)).json()).data.text).toBe('Hello from the sandbox.');
    await usual(null);
    const unclear = await byTool(free);
    expect([unclear.status, Object.keys((await unclear.json()).errors)]).toEqual([422, ['connector_id']]);
  });

  it('is told when it cannot be used, and no other is taken silently', async () => {
    const [free, bound] = [await keyOf({}), await keyOf({ model_connector_id: ids.company })];
    await usual(ids.company as string);
    await setConnectorStatus(at.ctx(at.cast.ada), ids.company as string, 'inactive');
    for (const key of [free, bound])
      expect(await handleOf(key)).toMatchObject({ message: 'Company is inactive. Activate it first.' });
    await setConnectorStatus(at.ctx(at.cast.ada), ids.company as string, 'active');
    await usual(null);
  });

  it('is chosen by admins, among the workspace’s own connectors to models', async () => {
    expect((await usual(ids.models as string, at.cast.ben)).status).toBe(403);
    expect((await usual(ids.models as string, at.cast.cleo)).status).toBe(404);
    await keyOf({ model_connector_id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' }, 404);
    const config = { host: 'db.example.com', database: 'x' };
    const auth = { method: 'basic', username: 'a', password: 'not-a-password' };
    const other = { catalog_key: 'postgresql', name: 'Database', config, auth };
    const { id } = await (await at.as(at.cast.ada, 'POST', '/api/connectors', other)).json();
    expect((await usual(id)).status).toBe(422);
    await keyOf({ model_connector_id: id }, 422);
    const page = await (await at.as(at.cast.ada, 'GET', '/settings/models')).text();
    expect(page).toContain('Company (company)');
    const saved = await at.post(at.cast.ada, '/settings/models', {
      ...{ _method: 'PUT', _tenant: at.cast.ada.tenantId, default_connector_id: ids.models as string },
    });
    expect(saved.status).toBe(303);
    const { default_connector_id } = await (await at.as(at.cast.ben, 'GET', '/api/model-settings')).json();
    expect(default_connector_id).toBe(ids.models);
  });
});
