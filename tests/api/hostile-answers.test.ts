import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upsertSettings } from '../../src/db/queries/tenant-settings.ts';
import { encodeCursor } from '../../src/lib/pagination.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';

// What a service, or whoever writes its answers, can say to break what the hub writes down of it.

let service: Server;
let url: string;
let answer: Json = {};
let at: TestApp;
let own: string;
let models: string;
beforeAll(async () => {
  service = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const UPSTREAM_OVERRIDES = JSON.stringify({ 'https://backend.composio.dev': 'https://127.0.0.1:1' });
  at = await testApp({
    BASE_URL: 'http://hub.localhost',
    ALLOWED_PRIVATE_HOSTS: new URL(url).host,
    UPSTREAM_OVERRIDES,
  });
  const { tenantId } = at.cast.ada;
  await at.hub.db.asTenant(tenantId, (tx) =>
    upsertSettings(tx, tenantId, { keepPayloads: true, updatedBy: null, updatedByName: 'Ada' }),
  );
  own = await install('http-api', { base_url: url }, { method: 'none' });
  models = await install(
    'openai',
    { base_url: `${url}/v1` },
    { method: 'api_key', api_key: 'sk-proj-hostile-answers-1' },
  );
  await install('composio', { timeout_s: 5 }, { method: 'api_key', api_key: 'ak_ThisIsNotARealKeyOnlyAnExample' });
});
afterAll(async () => {
  await at.close();
  await new Promise((resolve) => service.close(resolve));
});

async function install(key: string, config: Json, auth: Json): Promise<string> {
  const { id } = await installConnector(at.ctx(at.cast.ada), key, { name: `Hostile ${key}`, tags: [], config, auth });
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
  return id;
}
const ask = async (method: string, path: string, body?: Json) => {
  const response = await at.as(at.cast.ada, method, path, body);
  return { status: response.status, body: (await response.json()) as Json };
};
const unstorable = 'a\0b\ud800';

it('an answer with characters that no database stores ends its execution all the same', async () => {
  answer = { text: unstorable, [unstorable]: 1, plain: 'C:\\\\u0000' };
  const args = { connection_id: await connectionUnder(at, own), arguments: { method: 'GET', path: '/' } };
  const { status, body } = await ask('POST', '/api/tools/http-api.request/execute', args);
  expect([status, body.status]).toEqual([200, 'succeeded']);
  const { body: kept } = await ask('GET', `/api/executions/${body.execution_id}`);
  expect([kept.status, kept.output.body]).toEqual(['succeeded', { text: 'a�b�', 'a�b�': 1, plain: 'C:\\\\u0000' }]);
  for (const before of ['', '.']) {
    answer = { text: before + '😀'.repeat(20_000) };
    expect((await ask('POST', '/api/tools/http-api.request/execute', args)).body.status).toBe('succeeded');
  }
});

it('a model of such a name is counted', async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 4 };
  answer = { model: unstorable, choices: [{ message: { content: unstorable }, finish_reason: 'stop' }], usage };
  const question = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] };
  const { status, body } = await ask('POST', '/api/tools/openai.complete/execute', {
    ...{ connector_id: models, arguments: question },
  });
  expect([status, body.status]).toEqual([200, 'succeeded']);
  const { body: calls } = await ask('GET', '/api/usage/calls');
  expect(calls.data).toMatchObject([
    { tokens_in: 3, tokens_out: 4, model: expect.stringMatching(/^a/), cost_usd: expect.any(String) },
  ]);
});

it('a document with such texts is imported without them, or refused', async () => {
  const operation = { operationId: `list${unstorable}`, summary: unstorable, description: unstorable, responses: {} };
  const parameters = [
    { name: `q${unstorable}`, in: 'query', description: unstorable, schema: { type: 'string', default: unstorable } },
  ];
  const document = JSON.stringify({
    ...{ openapi: '3.1.0', info: { title: unstorable, version: unstorable } },
    paths: { '/things': { get: operation, post: { ...operation, operationId: 'make', parameters } } },
  });
  answer = JSON.parse(document);
  for (const source of [{ document }, { url: `${url}/openapi.json` }]) {
    const { status, body } = await ask('POST', `/api/connectors/${own}/operations/preview`, source);
    expect([200, 422]).toContain(status);
    if (status !== 200) continue;
    const operations = body.operations.map(({ slug }: Json) => slug);
    const saved = await ask('PUT', `/api/connectors/${own}/operations`, { ...source, operations });
    expect([saved.status, [200, 422].includes(saved.status)]).toEqual([saved.status, true]);
  }
});

it('forged cursors are refused, wherever there are pages', async () => {
  const forged = [
    ['x'],
    ['x', 'y'],
    ['x', 'y', 'z'],
    ['', '', '-1'],
    ['github', 'own', '{'],
    ['composio', 'broker', 'no JSON'],
  ];
  const { operations } = at.declared;
  const lists = operations
    .map(({ operation }) => operation)
    .filter(({ method, input }) => method === 'get' && JSON.stringify(input ?? {}).includes('"cursor"'));
  expect(lists.length).toBeGreaterThan(8);
  const found: string[] = [];
  for (const { path } of lists)
    for (const keys of forged) {
      const { status } = await ask('GET', `${path.replace(/:\w+/, own)}?cursor=${encodeCursor(keys)}`);
      if (status >= 500) found.push(`${path} ${keys}`);
    }
  for (const { path } of lists)
    for (const name of ['q', 'search', 'tool', 'toolkit', 'model', 'action', 'category', 'status']) {
      const { status } = await ask('GET', `${path.replace(/:\w+/, own)}?${name}=a%00b`);
      if (status >= 500) found.push(`${path} ${name}`);
    }
  expect(found).toEqual([]);
});
