import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { Ctx } from '../../src/context.ts';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import type { Env } from '../../src/routes/env.ts';
import { createApiKey, revokeApiKey } from '../../src/services/api-keys/api-keys.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector, mustFind, updateConnector } from '../../src/services/connectors/connectors.ts';
import { setDefaultModelConnector } from '../../src/services/gateway/model-settings.ts';
import { createPrice, deletePrice } from '../../src/services/gateway/prices.ts';
import { resumeTenant, suspendTenant } from '../../src/services/tenants/tenant-admin.ts';
import { createBudget, deleteBudget } from '../../src/services/usage/budget-settings.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';

/** A provider that keeps the keys that it is sent, and answers when it may. */
let provider: Server;
const sentKeys: string[] = [];
let mayAnswer = Promise.resolve();

let at: TestApp;
let ada: Ctx;
/** Another process, as far as memory goes. */
let otherDb: Database;
let other: Hono<Env>;
let connectorId: string;
let key: { id: string; text: string };
beforeAll(async () => {
  provider = createServer((request, response) => {
    sentKeys.push(String(request.headers.authorization));
    const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 };
    const answer = JSON.stringify({ model: 'own-model', choices: [{ message: { content: 'Yes.' } }], usage });
    void mayAnswer.then(() => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(provider.address() as AddressInfo).port}`;
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: host });
  ada = at.ctx(at.cast.ada);
  otherDb = openDatabase({ connection: at.database.hub });
  other = createApp({ ...at.deps, hub: { ...at.hub, db: otherDb }, metrics: createMetrics() }).app;
  const input = { name: 'Models', tags: [], config: { base_url: `http://${host}/v1` } };
  const auth = { method: 'api_key', api_key: 'sk-first-0123456789abcdef' };
  connectorId = (await installConnector(ada, 'openai', { ...input, auth })).id;
  await setConnectorStatus(ada, connectorId, 'active');
  await createPrice(ada, { model: 'own-model', input_usd: '1', output_usd: '1' });
  key = await newKey();
});
afterAll(async () => {
  await otherDb.close();
  await at.close();
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
});

const enterKey = async (text: string) => {
  const { version } = await at.hub.db.asTenant(ada.tenantId, (tx) => mustFind(tx, ada, connectorId), {
    readOnly: true,
  });
  return updateConnector(ada, connectorId, { version, auth: { method: 'api_key', api_key: text } });
};

async function newKey() {
  const input = { name: `Key ${Math.random()}`, role: 'member', scopes: ['llm:use'], expiresAt: null };
  const { row, key: text } = await createApiKey(ada, input);
  return { id: row.id, text };
}

async function ask(app: Pick<Hono<Env>, 'request'>, apiKey = key.text) {
  const body = { model: 'own-model', max_tokens: 1_000, messages: [{ role: 'user', content: 'Now?' }] };
  const answer = await app.request('http://hub.localhost/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { error } = (await answer.json()) as Json;
  const cost = answer.headers.get('patchbay-cost');
  return {
    status: answer.status,
    code: error?.code as string | undefined,
    /** What official clients go by. */
    mayRepeat: answer.headers.get('x-should-retry'),
    cost,
    id: answer.headers.get('patchbay-execution'),
  };
}

/** Both answer; then something changes: here the next request has it, in the other process the first one after a second. */
async function changing(change: () => Promise<unknown>, expected: Json, apiKey = key.text) {
  for (const app of [at.app, other, at.app, other]) expect(await ask(app, apiKey)).toMatchObject({ status: 200 });
  await change();
  expect(await ask(at.app, apiKey)).toMatchObject(expected);
  await sleep(1_000);
  expect(await ask(other, apiKey)).toMatchObject(expected);
}
const rows = (id: string | null): Promise<Json[]> =>
  withConnection(
    at.database.admin,
    (own) => own`select u.cost_usd, e.status from executions e left join llm_usage u on u.id = e.id where e.id = ${id}`,
  );

describe('a change counts with the next request, in another process within a second', { timeout: 60_000 }, () => {
  it('of a connector', async () => {
    await changing(() => setConnectorStatus(ada, connectorId, 'inactive'), { status: 400, code: 'connector_required' });
    await setConnectorStatus(ada, connectorId, 'active');
    expect(await ask(at.app)).toMatchObject({ status: 200 });
    await sleep(1_000);
    await setDefaultModelConnector(ada, connectorId);
    await changing(() => setConnectorStatus(ada, connectorId, 'inactive'), { status: 409, code: 'conflict' });
    await setConnectorStatus(ada, connectorId, 'active');
    await sleep(1_000);
  });

  it('of its credential, also when it does not open', async () => {
    await changing(() => enterKey('sk-second-0123456789abcdef'), { status: 200 });
    expect(sentKeys.slice(-2)).toEqual(Array(2).fill('Bearer sk-second-0123456789abcdef'));
    const spoilt = (own: Json) =>
      own`update connectors set auth = replace(auth::text, 'pb1.', 'pb1.9')::jsonb where id = ${connectorId}`;
    await withConnection(at.database.admin, spoilt);
    await sleep(1_000);
    expect(await ask(other)).toMatchObject({ status: 409, code: 'conflict' });
    await enterKey('sk-third-0123456789abcdef');
    expect(await ask(at.app)).toMatchObject({ status: 200 });
    await sleep(1_000);
  });

  it('of a price', async () => {
    const { cost } = await ask(at.app);
    expect(cost).toBe('0.002000000');
    let id = '';
    const dearer = async () => {
      id = (await createPrice(ada, { model: 'own-mod*', input_usd: '9', output_usd: '9' })).id;
    };
    await changing(dearer, { cost: '0.002000000' }); // the whole name goes before
    await deletePrice(ada, id);
    const doubled = () => createPrice(ada, { model: 'own-model', input_usd: '2', output_usd: '2' });
    await changing(doubled, { cost: '0.004000000' });
  });

  it('of a budget', async () => {
    let id = '';
    const tight = async () => {
      id = (await createBudget(ada, { scope: 'workspace', period: 'month', limit_usd: '0.000001' })).id;
    };
    await changing(tight, { status: 429, code: 'budget_exceeded' });
    await deleteBudget(ada, id);
    expect(await ask(at.app)).toMatchObject({ status: 200 });
    await sleep(1_000);
  });

  it('of the workspace', async () => {
    const operator = { ...ada, actor: { type: 'user' as const, id: at.cast.ada.id, name: 'Ada' } };
    await changing(() => suspendTenant(operator, ada.tenantId, 'Unpaid'), { status: 403, code: 'suspended' });
    await resumeTenant(operator, ada.tenantId);
    expect(await ask(at.app)).toMatchObject({ status: 200 });
    await sleep(1_000);
  });

  it('of a key', async () => {
    const gone = await newKey();
    await changing(() => revokeApiKey(ada, gone.id), { status: 401 }, gone.text);
  });
});

describe('a record that cannot be written at once', { timeout: 60_000 }, () => {
  it('is told to the caller, and written exactly once when that is possible again', async () => {
    await createBudget(ada, { scope: 'workspace', period: 'month', limit_usd: '1000' });
    const before = await withConnection(at.database.admin, (own) => own`select count(*)::int as n from llm_usage`);
    let allow = () => {};
    mayAnswer = new Promise((resolve) => {
      allow = resolve;
    });
    const sent = sentKeys.length;
    const answer = ask(at.app);
    await expect.poll(() => sentKeys.length).toBe(sent + 1);
    await withConnection(at.database.admin, (own) =>
      own.begin(async (tx) => {
        await tx`lock table llm_usage in access exclusive mode`;
        allow();
        expect(await answer).toMatchObject({ status: 503, code: 'outcome_unknown', mayRepeat: 'false' });
      }),
    );
    const count = () => withConnection(at.database.admin, (own) => own`select count(*)::int as n from llm_usage`);
    await expect.poll(async () => (await count())[0]?.n, { timeout: 30_000 }).toBe(before[0]?.n + 1);
    const [budget] = await withConnection(at.database.admin, (own) => own`select * from budgets`);
    const [sum] = await withConnection(
      at.database.admin,
      (own) => own`select (sum(cost_usd) * 1000000000)::bigint as nano from llm_usage`,
    );
    expect(budget?.spent_nano).toBe(sum?.nano);
    await expect
      .poll(
        async () =>
          (await withConnection(at.database.admin, (own) => own`select reserved_nano::int as n from budgets`))[0]?.n,
        { timeout: 20_000 },
      )
      .toBe(0);
  });

  it('stands there while the call lasts', async () => {
    let allow = () => {};
    mayAnswer = new Promise((resolve) => {
      allow = resolve;
    });
    const running = () =>
      withConnection(at.database.admin, (own) => own`select id from executions where status = 'running'`);
    const answer = ask(at.app);
    await expect.poll(async () => (await running()).length, { timeout: 20_000 }).toBe(1);
    const [{ id } = { id: null }] = await running();
    allow();
    expect((await answer).id).toBe(id);
    expect(await rows(id)).toMatchObject([{ status: 'succeeded', cost_usd: '0.004000000' }]);
  });
});
