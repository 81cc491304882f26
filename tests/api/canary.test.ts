import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { readConfig } from '../../src/config.ts';
import { withConnection } from '../../src/db/connection.ts';
import { upsertSettings } from '../../src/db/queries/tenant-settings.ts';
import { dueDeliveries } from '../../src/db/queries/webhook-deliveries.ts';
import { syncRepositories } from '../../src/services/connections/repository-sync.ts';
import { syncEnvironmentConnectors } from '../../src/services/connectors/environment-connectors.ts';
import { systemCtx } from '../../src/services/system.ts';
import { deliverWebhook } from '../../src/services/webhooks/webhook-deliveries.ts';
import { startComposio } from '../sandbox/composio.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Answer, type Json, masterKeys, type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';

// Services that say back everything they were sent, and every surface that could hand it on.

const [octocat = ''] = Object.keys(demo.tokens.github);
const of = (what: string) => `canary-${what}-7f3a9c1e5b`;
/** What nobody may read again, by what it is. What the hub makes itself is added when it is told, once. */
const secrets: Record<string, string> = {
  'an API key': of('key'),
  'a model key': `sk-${of('model')}`,
  'a rotated key': of('rotated'),
  'the environment’s model key': `sk-${of('environment')}`,
  'the environment’s password': of('postgres'),
  'a brokered key': `wrong-${of('brokered')}`,
  'a brokered key that works': of('trello'),
  'a webhook secret of a broker': of('composio-webhook'),
  'the broker’s key': demo.composioKey,
  'a token': octocat,
  'the query of a document’s address': of('document'),
};

/** One stands in for OpenAI, the other at an address of its own. */
let echoes: Server[];
let status = 200;
let github: StandIn;
let composio: StandIn;
let at: TestApp;
const ids: Record<string, string[]> = {};
/** Where something was seen, and what. */
const seen = new Map<string, string>();

beforeAll(async () => {
  echoes = await Promise.all([startEcho(), startEcho()]);
  const [url = '', openai] = echoes.map((echo) => `http://127.0.0.1:${(echo.address() as AddressInfo).port}`);
  [github, composio] = await Promise.all([startGithub(), startComposio()]);
  const wired = wiring({ github: github.url, composio: composio.url, openai });
  const ALLOWED_PRIVATE_HOSTS = `${wired.ALLOWED_PRIVATE_HOSTS},${new URL(url).host}`;
  const env = { BASE_URL: 'http://hub.localhost', ...wired, ALLOWED_PRIVATE_HOSTS };
  at = await testApp(env);
  await environment(env);
  await fill(url);
}, 120_000);
afterAll(async () => {
  await at.close();
  await Promise.all([github.close(), composio.close()]);
  for (const echo of echoes) echo.closeAllConnections();
  await Promise.all(echoes.map((echo) => new Promise((resolve) => echo.close(resolve))));
});

async function startEcho(): Promise<Server> {
  const echo = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    sayBack(response, request.url ?? '', request.headers, Buffer.concat(chunks).toString('utf8'));
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  return echo;
}

/** In headers and body, as a refusal, as an answer of a model, and as a document. */
function sayBack(response: ServerResponse, url: string, headers: IncomingHttpHeaders, body: string) {
  const { authorization = '', 'x-service-key': key = '' } = headers;
  const said = `You sent ${url.split('?')[0]} ${JSON.stringify(headers)} ${body} ${String(authorization).split(' ').at(-1)} ${key}`;
  const message = { role: 'assistant', content: said };
  const answer = {
    ...{ id: said, model: 'gpt-4o-mini', data: [{ id: said, embedding: [1] }] },
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
    ...{ openapi: '3.1.0', info: { title: said, version: '1' }, servers: [{ url: 'https://elsewhere.example' }] },
    paths: { '/things': { get: { operationId: 'things', summary: said, responses: {} } } },
  };
  const error = { error: { message: said, code: String(key || authorization) }, message: said, detail: said };
  const streams = status === 200 && body.includes('"stream":true');
  response.writeHead(status, {
    'content-type': streams ? 'text/event-stream' : 'application/json',
    ...{ 'x-sent': String(key || authorization), 'x-request-id': String(key || authorization), link: `<${url}>` },
  });
  const chunk = { ...answer, choices: [{ index: 0, delta: message, finish_reason: null }] };
  response.end(
    streams ? `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n` : JSON.stringify(status < 400 ? answer : error),
  );
}

/** Connectors that the operator describes, in Ada's workspace. */
async function environment(env: Record<string, string>) {
  const [{ name }] = (await at.database.db.system.execute(
    sql`select name from organizations where id = ${at.cast.ada.tenantId}`,
  )) as unknown as [{ name: string }];
  const described = {
    API_KEY: secrets['the environment’s model key'],
    ...{ POSTGRES_HOST: 'db.example.com', POSTGRES_DATABASE: 'analytics', POSTGRES_USER: 'reader' },
    POSTGRES_PASSWORD: secrets['the environment’s password'],
    ENV_CONNECTORS_TENANT: name,
  };
  const config = readConfig({ MASTER_KEYS: masterKeys, LOG_LEVEL: 'debug', ...env, ...described });
  Object.assign(at.hub, { config });
  await syncEnvironmentConnectors(at.hub);
}

let count = 0;
async function note(what: string, answer: Answer): Promise<Json> {
  count += 1;
  const text = await answer.text();
  seen.set(`${count} ${what}: ${answer.status}`, text + JSON.stringify([...answer.headers]));
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
const keep = (noun: string, id: string) => {
  ids[noun] = [...(ids[noun] ?? []), id];
  return id;
};
const ask = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  note(`${method} ${path}`, await at.as(at.cast.ada, method, path, body, headers));

/** The answer that tells a secret once is not looked at; the secret is looked for from then on. */
async function told(path: string, body: object, name: string, field: string): Promise<Json> {
  const made = await (await at.as(at.cast.ada, 'POST', path, body)).json();
  secrets[name] = made[field];
  expect([name, typeof made[field]]).toEqual([name, 'string']);
  return made;
}

async function install(key: string, name: string, config: Json, auth: Json) {
  const body = { catalog_key: key, name, config, auth };
  const { id } = await ask('POST', '/api/connectors', body);
  await ask('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  keep('connectors', id);
  return id as string;
}

/** Something of everything, and every way to call, with services that answer well and ill. */
async function fill(url: string) {
  const hook = `${url}/hooks`;
  const everything = [
    'connection.created',
    'connection.expired',
    'connection.health_changed',
    'connector.status_changed',
  ];
  const webhook = await told('/api/webhooks', { url: hook, events: everything }, 'a signing secret', 'secret');
  keep('webhooks', webhook.id);
  const scopes = ['llm:use', 'tools:execute', 'catalog:read'];
  const key = await told('/api/api-keys', { name: 'Models', role: 'member', scopes }, 'a key of the hub', 'key');
  keep('api-keys', key.id);

  const config = { base_url: `${url}/v1` };
  const serviceKey = { method: 'api_key', api_key: secrets['an API key'], placement: 'header', name: 'X-Service-Key' };
  const own = await install('http-api', 'Own', config, serviceKey);
  await install(
    'openai',
    'Models',
    { ...config, timeout_s: 5 },
    { method: 'api_key', api_key: secrets['a model key'] },
  );
  const code = await install('github', 'Code', {}, { method: 'token', access_token: octocat });
  const broker = { api_key: demo.composioKey, webhook_secret: secrets['a webhook secret of a broker'] };
  const brokered = await install('composio', 'Broker', { timeout_s: 5 }, { method: 'api_key', ...broker });
  for (const { id } of (await ask('GET', '/api/installed')).data) keep('connectors', id);
  for (const id of new Set(ids.connectors)) keep('connections', await connectionUnder(at, id));
  keep('budgets', (await ask('POST', '/api/budgets', { scope: 'workspace', period: 'day', limit_usd: '5' })).id);
  keep('prices', (await ask('POST', '/api/prices', { model: 'made', input_usd: '1', output_usd: '2' })).id);
  await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
    upsertSettings(tx, at.cast.ada.tenantId, { keepPayloads: true, updatedBy: null, updatedByName: 'Ada' }),
  );

  for (status of [200, 400, 401]) {
    await call(own, key.key);
    await brokerCalls(brokered);
  }
  status = 200;
  await syncRepositories(systemCtx(at.hub, at.cast.ada.tenantId, 'test'), await connectionUnder(at, code)).catch(
    () => {},
  );
  await ask('GET', `/api/connections/${await connectionUnder(at, code)}/repositories`);
  for (const { id } of await dueDeliveries(at.hub.db.system, 200))
    await deliverWebhook(systemCtx(at.hub, at.cast.ada.tenantId, 'test'), id);
  for (const { id } of (await ask('GET', '/api/executions?limit=100')).data) keep('executions', id);
}

async function call(own: string, key: string) {
  const through = await connectionUnder(at, own);
  const bearer = { authorization: `Bearer ${key}` };
  await ask('GET', `/api/proxy/${through}/things?x=1`);
  await ask('POST', `/api/proxy/${through}/things`, { a: 1 });
  await ask('POST', '/api/tools/http-api.request/execute', {
    connection_id: through,
    arguments: { method: 'GET', path: '/x' },
  });
  for (const connector of ['models', 'openai-environment'])
    for (const stream of [false, true]) {
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }], stream };
      const headers = { ...bearer, 'x-patchbay-connector': connector, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      await note(`/v1 ${connector} ${stream}`, await at.app.request('http://hub.localhost/v1/chat/completions', init));
      const { stream: _, ...args } = body;
      const [id] = (await rows(`select id from connectors where handle = '${connector}'`)) as unknown as {
        id: string;
      }[];
      await ask('POST', '/api/tools/openai.complete/execute', { connector_id: id?.id, arguments: args, stream });
    }
  const models = { headers: { ...bearer, 'x-patchbay-connector': 'models' } };
  await note('/v1/models', await at.app.request('http://hub.localhost/v1/models', models));
  for (const id of new Set(ids.connections)) await ask('GET', `/api/connections/${id}/health?refresh=true`);
  await ask('POST', `/api/connections/${through}/rotate`, { credential: { api_key: secrets['a rotated key'] } });
  const base = String((await ask('GET', `/api/connectors/${own}`)).config.base_url);
  const document = { url: `${base}/openapi.json?token=${secrets['the query of a document’s address']}` };
  const preview = await ask('POST', `/api/connectors/${own}/operations/preview`, document);
  const choice = { ...document, operations: preview?.operations?.map(({ slug }: Json) => slug) ?? [] };
  if (choice.operations.length) await ask('PUT', `/api/connectors/${own}/operations`, choice);
  await ask('POST', '/api/tools/http-api.own.things/execute', { arguments: {} });
}

async function brokerCalls(connector_id: string) {
  const account = { connector_id, toolkit_slug: 'trello' };
  for (const name of ['a brokered key', 'a brokered key that works'])
    await ask('POST', '/api/connections', { ...account, credential: { generic_api_key: secrets[name] } });
  await ask('GET', '/api/toolkits/composio.trello');
  await ask('GET', '/api/tools?q=card');
  await ask('POST', '/api/tools/composio.trello.list_cards/execute', { connector_id, arguments: {} });
}

const rows = (query: string) => at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(sql.raw(query)));

const disguises = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('hex'),
  ...[0, 1, 2].map((offset) =>
    Buffer.from('.'.repeat(offset) + secret)
      .toString('base64url')
      .slice(4, -4),
  ),
];
const tells = (text: string) =>
  Object.entries(secrets).flatMap(([name, secret]) =>
    disguises(secret).some((disguise) => text.includes(disguise)) ? [name] : [],
  );
const leaks = () => [...seen].flatMap(([where, text]) => tells(text).map((name) => `${name} in ${where}`));

it('services were sent the secrets and said them back', () => {
  const answered = [...seen].filter(([, text]) => text.includes('[redacted]')).map(([where]) => where);
  const surfaces = [
    '/api/proxy/',
    'http-api.request',
    'http-api.own.things',
    'openai.complete',
    'POST /api/connections:',
  ];
  for (const surface of [
    ...surfaces,
    '/v1 models false: 200',
    '/v1 models true: 200',
    '/v1 models false: 40',
    '/v1 openai-env',
  ])
    expect([surface, answered.some((where) => where.includes(surface))]).toEqual([surface, true]);
  expect(tells(`x${Buffer.from(`{"k":"${octocat}"}`).toString('base64url')}`)).toEqual(['a token']);
});

it('no answer tells a secret that went to a service or came back', () => {
  expect(seen.size).toBeGreaterThan(60);
  expect(leaks()).toEqual([]);
});

it('no page and no answer of the API tells one, whatever it is about', async () => {
  seen.clear();
  const { operations, pages } = at.declared;
  const read = [...operations.map(({ operation }) => operation), ...pages].filter(({ method }) => method === 'get');
  const paths = new Set(
    read
      .map(({ path }) => path)
      .filter((path) => !path.includes('/proxy/') && !path.startsWith('/operator'))
      .flatMap((path) => {
        const noun = /([\w-]+)\/:/.exec(path)?.[1] ?? '';
        return (ids[noun] ?? [at.cast.ada.tenantId]).map((id) =>
          path.replace(/:\w+/, id).replace(/:\w+/, 'http-api.request'),
        );
      }),
  );
  const found: Record<number, number> = {};
  for (const path of [
    ...paths,
    '/connectors/new?catalog_key=openai',
    '/usage?group=model',
    '/healthz',
    '/readyz',
    '/metrics',
  ]) {
    const answer = await at.as(at.cast.ada, 'GET', path);
    found[answer.status] = (found[answer.status] ?? 0) + 1;
    await note(`GET ${path}`, answer);
  }
  expect(found[200]).toBeGreaterThan(100);
  expect(found[500]).toBeUndefined();
  expect(leaks()).toEqual([]);
});

it('no delivery, export, row or line of the log tells one', async () => {
  seen.clear();
  seen.set('the metrics', (await at.deps.metrics.metricsText()).body);
  seen.set('the log', at.logged.join('\n'));
  const stored = await withConnection(at.database.admin, async (db) => {
    const tables = await db`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`;
    return (
      await Promise.all(tables.map(({ name }) => db.unsafe(`select '${name}' as name, t::text as row from ${name} t`)))
    ).flat();
  });
  for (const { name, row } of stored) seen.set(`${seen.size} a row of ${name}`, row);
  const tablesSeen = new Set(stored.map(({ name }) => name));
  for (const table of [
    'webhook_deliveries',
    'executions',
    'llm_usage',
    'audit_events',
    'health_checks',
    'imported_operations',
    'repositories',
    'toolkit_cache',
    'budgets',
  ])
    expect([table, tablesSeen.has(`public.${table}`)]).toEqual([table, true]);
  expect(leaks()).toEqual([]);
});
