import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { nameOf } from '../../src/services/tools/named-tools.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { type Agent, mcpHub } from '../support/mcp.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);
const anywhere = { tags: [], config: { base_url: 'https://x.example' }, auth: { method: 'none' } };

const canary = 'orders-canary-77e0';
/** Says what it was asked, and the credential with it. */
const orders = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ path: request.url, said: request.headers.authorization }));
});
let orderHost: string;

/** A driver with thousands of tools, which call nobody. */
async function driverOfMany(): Promise<LoadedDriver> {
  const base = (await loadDrivers()).get('http-api') as LoadedDriver;
  const tools = Array.from({ length: 5_000 }, (_, index) => ({
    ...{ slug: `get_thing_${index}`, title: `Get thing ${index}`, description: `Gives thing no. ${index}.` },
    ...{ input: { type: 'object', properties: {} }, output: {}, sideEffect: 'none' as const },
    run: async () => [index],
  }));
  return { ...base, entry: { ...base.entry, key: 'many', name: 'Many' }, runOperation: undefined, tools };
}

let github: StandIn;
let at: TestApp;
let hub: Awaited<ReturnType<typeof mcpHub>>;
let key: string;
let agent: Agent;
let codeId: string;
beforeAll(async () => {
  github = await startGithub();
  await new Promise<void>((resolve) => orders.listen(0, '127.0.0.1', resolve));
  orderHost = `127.0.0.1:${(orders.address() as AddressInfo).port}`;
  const wired = wiring({ github: github.url });
  const env = { ...wired, ALLOWED_PRIVATE_HOSTS: `${wired.ALLOWED_PRIVATE_HOSTS},${orderHost}` };
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...env }, [await driverOfMany()]);
  const auth = { method: 'token', access_token: octocat };
  codeId = await install('github', { name: 'Code', tags: [], config: { owner: 'octocat' }, auth });
  hub = await mcpHub(at);
  key = (await hub.keyOf(at.cast.ada)).key;
  agent = await hub.agent(key);
});
afterAll(async () => {
  await hub.close();
  await at.close();
  await github.close();
  orders.close();
});

async function install(entry: string, input: Json, person = at.cast.ada): Promise<string> {
  const { id } = await installConnector(at.ctx(person), entry, input);
  await setConnectorStatus(at.ctx(person), id, 'active');
  return id;
}

const message = (body: Json = { jsonrpc: '2.0', id: 1, method: 'tools/list' }) => ({
  method: 'POST',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const send = (init: Json = {}, headers: Record<string, string> = {}) =>
  fetch(hub.url, {
    ...message(),
    ...init,
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      ...headers,
    },
  });
const refused = (work: Promise<unknown>): Promise<Json> =>
  work.then(
    () => expect.unreachable('it should have been refused'),
    (error) => error,
  );

describe('names of tools', () => {
  it('say connector and tool, stay within 64 characters and are never shared', () => {
    expect(nameOf('code', 'create_issue')).toBe('code__create_issue');
    expect(nameOf('orders', 'orders.get_order')).toBe('orders__get_order');
    expect(nameOf('broker', 'gmail.send_email')).toBe('broker__gmail__send_email');
    const long = 'a'.repeat(80);
    const odd = ['a.b', 'a__b', 'a._b', 'a_.b', 'a b', 'a_b', 'ä_b', long, `${long}.b`, `${long}a`, `x.${long}`];
    const names = odd.map((slug) => nameOf('n'.repeat(32), slug));
    expect(new Set(names).size).toBe(odd.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(odd.map((slug) => nameOf('n'.repeat(32), slug))).toEqual(names);
  });
});

describe('an agent', () => {
  it('finds the tools of active connectors with schemas and hints, and calls them', async () => {
    const tools = await agent.tools();
    const issue = tools.find(({ name }) => name === 'code__create_issue');
    expect(issue).toMatchObject({
      title: 'Code: Create an issue',
      inputSchema: { type: 'object', required: ['repo', 'title'] },
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
    });
    expect(tools.find(({ name }) => name === 'code__get_user')?.annotations).toMatchObject({
      readOnlyHint: true,
      destructiveHint: false,
    });
    const called = await agent.call('code__get_repository', { repo: 'hello-world' });
    expect(called.isError).toBeUndefined();
    expect(called.structuredContent).toMatchObject({ full_name: 'octocat/hello-world' });
    expect(JSON.parse(called.text)).toEqual(called.structuredContent);
    const id = called._meta?.['patchbay/execution_id'];
    const record = await (await at.as(at.cast.ada, 'GET', `/api/executions/${id}`)).json();
    expect(record).toMatchObject({ tool: 'github.get_repository', status: 'succeeded', connector_id: codeId });
  });

  it('is told what is wrong, for a model to mend, without anything secret', async () => {
    const wrong = await agent.call('code__create_issue', { repo: 'a b', labels: 'x' });
    expect(wrong.isError).toBe(true);
    for (const word of ['- repo: ', '- title: ', '- labels: ']) expect(wrong.text).toContain(word);
    const absent = await agent.call('code__get_repository', { repo: 'not-there' });
    expect(absent.isError).toBe(true);
    expect(absent.text).toMatch(/not.*found|does not exist/i);
    expect(absent.text).toContain('(failed)');
    expect(JSON.stringify([wrong, absent])).not.toContain(octocat);
    expect(at.logged.join()).not.toContain(octocat);
  });

  it('knows no tool of another workspace, and none of a connector that is inactive or gone', async () => {
    await install('http-api', { ...anywhere, name: 'Theirs' }, at.cast.cleo);
    const mine = await install('http-api', {
      name: 'Mine',
      tags: [],
      config: { base_url: 'https://x.example' },
      auth: { method: 'none' },
    });
    const names = async () => (await agent.tools()).map(({ name }) => name);
    expect(await names()).toContain('mine__request');
    expect((await names()).join()).not.toContain('theirs');
    await setConnectorStatus(at.ctx(at.cast.ada), mine, 'inactive');
    expect(await names()).not.toContain('mine__request');
    const told = [];
    for (const name of ['theirs__request', 'mine__request', 'code__nothing', 'code__get_user__000000000000', 'x', '']) {
      const error = await refused(agent.call(name, {}));
      expect(error.code).toBe(-32602);
      told.push(error.message.replace(name, ''));
    }
    expect(new Set(told).size).toBe(1);
  });

  it('calls imported operations through their own connector, also those with long names', async () => {
    const auth = { method: 'api_key', api_key: canary, prefix: 'Bearer' };
    const base_url = `http://${orderHost}/v1`;
    const id = await install('http-api', { name: 'Orders of everybody', tags: [], config: { base_url }, auth });
    const anId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
    const document = JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Orders', version: '1' },
      paths: {
        '/orders/{id}': { get: { operationId: 'getOrder', parameters: [anId] } },
        '/everything': { get: { operationId: `listEverything${'ThatWasOrdered'.repeat(3)}` } },
      },
    });
    const path = `/api/connectors/${id}/operations`;
    const { operations } = await (await at.as(at.cast.ada, 'POST', `${path}/preview`, { document })).json();
    const chosen = operations.map(({ slug }: Json) => slug);
    expect((await at.as(at.cast.ada, 'PUT', path, { document, operations: chosen })).status).toBe(200);
    const names = (await agent.tools())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('orders-of-everybody__'));
    expect(names).toContain('orders-of-everybody__get_order');
    const digest = names.find((name) => /__[0-9a-f]{12}$/.test(name)) ?? '';
    expect(digest.length).toBeLessThanOrEqual(64);
    const got = await agent.call('orders-of-everybody__get_order', { id: 'a/b' });
    expect(got.text).toContain('/v1/orders/a%2Fb');
    expect(JSON.stringify(got)).not.toContain(canary);
    expect((await agent.call(digest)).text).toContain('/v1/everything');
  });

  it('finds tools for a sentence, those that it may use', async () => {
    const found = async (query: string, limit?: number) =>
      ((await agent.call('find_tools', { query, ...(limit && { limit }) })).structuredContent as Json).tools;
    const [best] = await found('open a ticket about the outage in the repository');
    expect(best).toMatchObject({ name: 'code__create_issue', side_effect: 'write', connector: 'Code' });
    expect(best.input_schema.required).toEqual(['repo', 'title']);
    expect(await found('issue', 1)).toHaveLength(1);
    expect(JSON.stringify(await found('send a request'))).not.toContain('theirs');
    expect((await agent.call('find_tools', {})).text).toContain('- query: ');
    const byApi = await (await at.as(at.cast.ben, 'GET', '/api/tools?search=open a ticket&limit=1')).json();
    expect(byApi.data[0].slug).toBe('github.create_issue');
    const next = await (
      await at.as(at.cast.ben, 'GET', `/api/tools?search=open a ticket&cursor=${byApi.next_cursor}`)
    ).json();
    expect(next.data.map(({ slug }: Json) => slug)).not.toContain('github.create_issue');
  });

  it('reads thousands of tools page by page, and finds the one', async () => {
    await install('many', { ...anywhere, name: 'Many' }, at.cast.cleo);
    const theirs = await hub.agent((await hub.keyOf(at.cast.cleo)).key);
    const names = (await theirs.tools()).map(({ name }) => name).filter((name) => name.startsWith('many__'));
    expect([names.length, new Set(names).size]).toEqual([5_000, 5_000]);
    const { tools } = (await theirs.call('find_tools', { query: 'thing 4321' })).structuredContent as Json;
    expect(tools[0].name).toBe('many__get_thing_4321');
    expect((await theirs.call('many__get_thing_4321')).structuredContent).toEqual({ result: [4321] });
  });

  it('reads without tools:execute, and calls nothing', async () => {
    const reader = await hub.agent((await hub.keyOf(at.cast.ada, ['tools:read'])).key);
    expect((await reader.tools()).length).toBeGreaterThan(3);
    const denied = await reader.call('code__get_user', { login: 'octocat' });
    expect([denied.isError, denied.text]).toEqual([true, expect.stringContaining('tools:execute')]);
    const other = (await hub.keyOf(at.cast.ada, ['catalog:read'])).key;
    expect((await refused(hub.agent(other))).message).toContain('tools:read');
  });
});

describe('the page about agents', () => {
  it('tells how to reach them, and leads to a key that can', async () => {
    const page = await (await at.as(at.cast.ada, 'GET', '/settings/mcp')).text();
    for (const word of [
      'http://hub.localhost/mcp',
      'claude mcp add',
      '{env:PATCHBAY_KEY}',
      '{input:patchbay-key}',
      'for=agent',
    ])
      expect(page).toContain(word);
    const form = await (await at.as(at.cast.ada, 'GET', '/settings/api-keys/new?for=agent')).text();
    expect([...form.matchAll(/value="([a-z:]+)" checked/g)].map(([, scope]) => scope)).toEqual([
      'tools:read',
      'tools:execute',
    ]);
    const member = await (await at.as(at.cast.ben, 'GET', '/settings/mcp')).text();
    expect(member).toContain('Only owners and admins can make API keys');
    expect(member).not.toContain('for=agent');
  });
});

describe('requests to /mcp', () => {
  it('need a key that works; a session is none', async () => {
    const bare = await send({}, { authorization: '', cookie: at.cast.ada.cookie });
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer resource_metadata="http://hub.localhost/.well-known/oauth-protected-resource/mcp", scope="tools:read tools:execute"',
    ]);
    const { id, key: ended } = await hub.keyOf(at.cast.ada);
    expect((await send({}, { authorization: `Bearer ${ended}` })).status).toBe(200);
    await at.as(at.cast.ada, 'DELETE', `/api/api-keys/${id}`);
    expect((await send({}, { authorization: `Bearer ${ended}` })).status).toBe(401);
  });

  it('are POST, from here, of one message that is not too large', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await send({ method, body: undefined });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect((await send({}, { origin: 'https://evil.example' })).status).toBe(403);
    const led = await at.app.request('http://evil.example/mcp', {
      ...message(),
      headers: { authorization: `Bearer ${key}`, host: 'evil.example', 'content-type': 'application/json' },
    });
    expect(led.status).toBe(403);
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/list' }));
    for (const body of [batch, '{', '"x"', 'null']) expect((await send(message(body))).status).toBe(400);
    expect(
      (await send(message({ jsonrpc: '2.0', id: 1, method: 'x', params: { pad: 'x'.repeat(2_000_000) } }))).status,
    ).toBe(413);
    expect((await send({}, { accept: 'application/json' })).status).toBe(406);
    const cursor = await (
      await send(message({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'x' } }))
    ).json();
    expect(cursor.error.code).toBe(-32602);
  });

  it('leave nothing open, however many come and however they end', async () => {
    const calls = Array.from({ length: 20 }, () => agent.call('code__get_user', { login: 'octocat' }));
    const gone = new AbortController();
    const left = Array.from({ length: 5 }, () => send({ signal: gone.signal }).catch(() => null));
    gone.abort();
    expect((await Promise.all(calls)).every(({ isError }) => !isError)).toBe(true);
    await Promise.all(left);
    const open = async () =>
      /^patchbay_mcp_requests_open (\d+)$/m.exec((await at.deps.metrics.metricsText()).body)?.[1];
    await expect.poll(open, { timeout: 10_000 }).toBe('0');
  });
});
