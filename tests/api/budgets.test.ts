import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { createWebhook } from '../../src/services/webhooks/webhooks.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startOpenai } from '../sandbox/openai.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

let provider: StandIn;
let at: TestApp;
let connectorId: string;
let key: { id: string; key: string };
beforeAll(async () => {
  provider = await startOpenai();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ openai: provider.url }) });
  const { ada } = at.cast;
  const auth = { method: 'api_key', api_key: demo.modelKey };
  connectorId = (await installConnector(at.ctx(ada), 'openai', { name: 'Models', tags: [], config: {}, auth })).id;
  await setConnectorStatus(at.ctx(ada), connectorId, 'active');
  key = await keyOf(['llm:use']);
});
afterAll(async () => {
  await at.close();
  await provider.close();
});
beforeEach(async () => {
  await rows(sql`delete from budgets`);
  await rows(sql`delete from price_overrides`);
  await rows(sql`delete from budget_reservations`);
  await provider.control.reset();
});

const rows = (query: ReturnType<typeof sql>): Promise<Json[]> =>
  at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query)) as unknown as Promise<Json[]>;
let keys = 0;
async function keyOf(scopes: string[], role = 'member', person = at.cast.ada): Promise<{ id: string; key: string }> {
  keys += 1;
  const body = { name: `Key ${keys}`, role, scopes, expires_at: null };
  return (await at.as(person, 'POST', '/api/api-keys', body)).json();
}
const make = async (body: Json, person = at.cast.ada) => {
  const answer = await at.as(person, 'POST', '/api/budgets', { scope: 'workspace', period: 'month', ...body });
  expect(answer.status).toBe(201);
  const made = await answer.json();
  await rows(sql`update budgets set spent_nano = 0 where id = ${made.id}`);
  return made;
};
const price = (body: Json) => at.as(at.cast.ada, 'POST', '/api/prices', body);
const read = async (id: string) => (await at.as(at.cast.ben, 'GET', `/api/budgets/${id}`)).json();
const ask = (body: Json = {}, path = '/v1/chat/completions', secret = key.key) =>
  at.as(
    null,
    'POST',
    path,
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }], max_tokens: 100, ...body },
    { authorization: `Bearer ${secret}` },
  );

describe('/api/budgets and /api/prices', () => {
  it('make, read, change and delete, with what is used', async () => {
    const { ada } = at.cast;
    const made = await make({ limit_usd: '12.5', scope: 'api_key', subject_id: key.id });
    expect(made).toMatchObject({
      ...{ subject_id: key.id, subject_name: 'Key 1', limit_usd: '12.500000000', reserved_usd: '0.000000000' },
      ...{ state: 'within', warn_percent: 80, unknown_price: 'refuse', created_by: ada.name },
    });
    const changed = await at.as(ada, 'PATCH', `/api/budgets/${made.id}`, { limit_usd: '0.5', warn_percent: null });
    expect(await changed.json()).toMatchObject({ limit_usd: '0.500000000', warn_percent: null });
    expect((await (await at.as(ada, 'GET', '/api/budgets')).json()).data).toHaveLength(1);
    const dear = await (await price({ model: 'm*', input_usd: '1.5', output_usd: '2' })).json();
    expect(dear).toMatchObject({ input_usd: '1.500000', cached_usd: null });
    const cheaper = await at.as(ada, 'PATCH', `/api/prices/${dear.id}`, { input_usd: '1', cached_usd: '0.1' });
    expect(await cheaper.json()).toMatchObject({
      input_usd: '1.000000',
      cached_usd: '0.100000',
      output_usd: '2.000000',
    });
    for (const path of [`/api/budgets/${made.id}`, `/api/prices/${dear.id}`]) {
      expect((await at.as(at.cast.cleo, 'GET', path)).status).toBe(404);
      expect((await at.as(at.cast.cleo, 'DELETE', path)).status).toBe(404);
      expect((await at.as(ada, 'DELETE', path)).status).toBe(204);
      expect((await at.as(ada, 'GET', path)).status).toBe(404);
    }
    const actions = await rows(
      sql`select action from audit_events where subject_type in ('budget', 'price') order by id`,
    );
    expect(actions.map(({ action }) => action)).toEqual([
      ...['budget.created', 'budget.changed', 'price.created', 'price.changed'],
      ...['budget.deleted', 'price.deleted'],
    ]);
  });

  it.each([
    ['limit_usd', { limit_usd: '0' }],
    ['limit_usd', { limit_usd: '-1' }],
    ['limit_usd', { limit_usd: '1e3' }],
    ['limit_usd', { limit_usd: '1000000.01' }],
    ['limit_usd', { limit_usd: '0.0000000001' }],
    ['subject_id', { scope: 'api_key' }],
    ['subject_id', { scope: 'connector', subject_id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' }],
    ['warn_percent', { warn_percent: 101 }],
  ])('refuse a budget with another %s: %j', async (field, body) => {
    const sent = { scope: 'workspace', period: 'day', limit_usd: '1', ...body };
    const answer = await at.as(at.cast.ada, 'POST', '/api/budgets', sent);
    expect([answer.status, Object.keys((await answer.json()).errors)]).toEqual([422, [field]]);
  });

  it.each([
    ['model', { model: 'gpt*mini' }],
    ['model', { model: 'tier:low' }],
    ['input_usd', { input_usd: '-1' }],
    ['output_usd', { output_usd: '0.0000001' }],
  ])('refuse a price with another %s: %j', async (field, body) => {
    const answer = await price({ model: 'm', input_usd: '1', output_usd: '1', ...body });
    expect([answer.status, Object.keys((await answer.json()).errors)]).toEqual([422, [field]]);
  });

  it('know one budget for each subject and period, and who may set what', async () => {
    const body = { scope: 'workspace', period: 'month', limit_usd: '1' };
    await make(body);
    const post = (person: Person, path: string, sent: Json) => at.as(person, 'POST', path, sent).then((r) => r.status);
    expect(await post(at.cast.ada, '/api/budgets', body)).toBe(409);
    expect(await post(at.cast.ben, '/api/budgets', { ...body, period: 'day' })).toBe(403);
    const own = { model: 'm', input_usd: '1', output_usd: '1', valid_from: '2026-01-01T00:00:00Z' };
    // Budgets go by prices: who could set these could lift an owner’s budget.
    for (const person of [at.cast.ben, at.cast.dan]) expect(await post(person, '/api/prices', own)).toBe(403);
    expect([await post(at.cast.ada, '/api/prices', own), await post(at.cast.ada, '/api/prices', own)]).toEqual([
      201, 409,
    ]);
    const program = (secret: string, path: string, sent: Json) =>
      at.as(null, 'POST', path, sent, { authorization: `Bearer ${secret}` }).then((r) => r.status);
    const admin = await keyOf(['prices:write'], 'admin');
    expect(await program(admin.key, '/api/budgets', { ...body, period: 'day' })).toBe(403);
    expect(await program(admin.key, '/api/prices', { ...own, model: 'other' })).toBe(403);
    expect(await program(key.key, '/api/prices', own)).toBe(403);
    const owner = await keyOf(['budgets:read', 'prices:write'], 'owner');
    expect(await program(owner.key, '/api/budgets', { ...body, period: 'day' })).toBe(403);
    expect(await program(owner.key, '/api/prices', { ...own, model: 'other' })).toBe(201);
    const page = await (await at.as(at.cast.dan, 'GET', '/settings/budgets')).text();
    expect(page).toContain('Only owners set budgets and the prices');
    expect(page).not.toContain('Set a price');
  });
});

describe('calls under a budget', () => {
  it('cost what they cost, and hold nothing afterwards: whole, streamed, vectors, failures', async () => {
    const { id } = await make({ limit_usd: '1' });
    const spent = async () => Number((await read(id)).used_usd);
    const answer = await ask();
    expect([answer.status, await spent()]).toEqual([200, Number(answer.headers.get('patchbay-cost'))]);
    const stream = await ask({ stream: true });
    expect((await read(id)).reserved_usd).not.toBe('0.000000000');
    await stream.text();
    const [row] = await rows(sql`select sum(cost_usd)::text as sum from llm_usage`);
    expect(await spent()).toBe(Number(row.sum));
    const vectors = await ask({ model: 'text-embedding-3-small', input: 'hello' }, '/v1/embeddings');
    expect(vectors.status).toBe(200);
    const before = await spent();
    await provider.control.fault('status', { status: 500, body: { error: { message: 'Broken' } }, times: 1 });
    expect((await ask()).status).toBe(500);
    expect(await spent()).toBe(before);
    // What was taken in advance for further calls is given back when none come.
    await expect.poll(async () => (await read(id)).reserved_usd, { timeout: 20_000 }).toBe('0.000000000');
    expect(await read(id)).toMatchObject({ state: 'within' });
  });

  it('are refused in the shape of OpenAI, told to webhooks, and counted; nothing leaves the hub', async () => {
    const events = ['budget.exceeded' as const];
    await createWebhook(at.ctx(at.cast.ada), { url: 'https://slack.com/hooks/budget', events });
    const { id } = await make({ limit_usd: '0.00001', scope: 'connector', subject_id: connectorId, period: 'day' });
    const asked = (await provider.control.requests('/')).length;
    for (const body of [{}, { stream: true }, { n: 50, max_tokens: 1 }, { max_tokens: undefined }]) {
      const answer = await ask(body);
      const { error } = await answer.json();
      expect([answer.status, error.code, error.type]).toEqual([429, 'budget_exceeded', 'rate_limit_error']);
      expect(error.message).toContain('daily budget of the connector Models');
      expect(error.budget).toMatchObject({ id, scope: 'connector', limit_usd: '0.00001', used_usd: '0.00' });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const input = 'x'.repeat(2_000);
    expect((await ask({ model: 'text-embedding-3-small', input }, '/v1/embeddings')).status).toBe(429);
    expect((await provider.control.requests('/')).length).toBe(asked);
    expect(await rows(sql`select * from executions where status = 'running'`)).toEqual([]);
    const told = await rows(sql`select payload from webhook_deliveries where event = 'budget.exceeded'`);
    expect(told).toHaveLength(1);
    expect(told[0].payload.data).toMatchObject({
      budget: { id, limit_usd: '0.000010000' },
      connector: { id: connectorId },
    });
    const { body } = await at.deps.metrics.metricsText();
    expect(body).toContain('patchbay_budget_refusals_total{reason="budget_exceeded"} 5');
  });

  it('are counted by the price of the workspace’s own, the closest and newest', async () => {
    for (const [model, dollars, valid_from] of [
      ['gpt*', '7000', undefined],
      ['gpt-4o-mini', '1000', '2026-01-01T00:00:00Z'],
      ['gpt-4o-mini', '2000', '2026-02-01T00:00:00Z'],
      ['gpt-4o-mini', '9000', '2100-01-01T00:00:00Z'],
    ] as const)
      await price({ model, input_usd: dollars, output_usd: '1', ...(valid_from && { valid_from }) });
    const answer = await ask();
    const { usage } = await answer.json();
    const nano = usage.prompt_tokens * 2_000_000 + usage.completion_tokens * 1_000;
    expect(Number(answer.headers.get('patchbay-cost'))).toBeCloseTo(nano / 1e9, 9);
    const last = async () => (await rows(sql`select * from llm_usage order by id desc limit 1`))[0];
    expect(await last()).toMatchObject({ price_source: 'override', price_input_usd: '2000.000000' });
    await rows(sql`delete from price_overrides`);
    await ask();
    expect(await last()).toMatchObject({
      price_source: 'list',
      price_input_usd: '0.150000',
      price_output_usd: '0.600000',
    });
  });

  it('may not be made where nobody knows the price', async () => {
    await make({ limit_usd: '1', scope: 'api_key', subject_id: key.id });
    const answer = await ask({ model: 'gpt-6.1-sol' });
    expect([answer.status, (await answer.json()).error]).toEqual([
      403,
      expect.objectContaining({ code: 'price_unknown', param: 'model', type: 'permission_error' }),
    ]);
    await price({ model: 'gpt-6.1-*', input_usd: '1', output_usd: '1' });
    expect((await ask({ model: 'gpt-6.1-sol' })).status).not.toBe(403);
    expect((await ask({ model: 'gpt-6.2' }, '/v1/chat/completions', (await keyOf(['llm:use'])).key)).status).not.toBe(
      403,
    );
  });
});
