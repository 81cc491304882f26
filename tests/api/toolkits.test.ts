import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refreshToolkits } from '../../src/services/brokers/toolkit-refreshes.ts';
import type { Json } from '../support/app.ts';
import { type BrokerStage, brokerKey, brokerStage } from '../support/broker.ts';
import { mcpHub } from '../support/mcp.ts';

let at: BrokerStage;
beforeAll(async () => {
  at = await brokerStage();
});
afterAll(() => at.close());

const sql = (text: string) => at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(text));
beforeEach(async () => {
  await at.broker.control.reset();
  await sql('delete from connections where auth_config_id is not null');
  await sql('delete from auth_configs');
  await sql('delete from toolkit_cache');
});

const get = async (path: string, person = at.cast.ada) => at.json(person, 'GET', path);
const asked = async (path: string) => (await at.broker.control.requests()).filter((each) => each.path === path).length;
const listPath = '/api/v3.1/toolkits';

describe('the list of toolkits', () => {
  it('has our own and the broker’s together, page by page, each once', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 20; pages++) {
      const { status, body } = await get(`/api/toolkits?limit=13${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(status).toBe(200);
      expect(body.data.length).toBeLessThanOrEqual(13);
      seen.push(...body.data.map(({ slug }: { slug: string }) => slug));
      cursor = body.next_cursor;
      if (!cursor) break;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(['github', 'composio.gmail', 'composio.weathermap']));
    expect(seen.filter((slug) => slug.startsWith('composio.')).length).toBe(49);
    expect(seen.indexOf('github')).toBeLessThan(seen.indexOf('composio.gmail'));
    expect(await asked(listPath)).toBe(1);
  });

  it('is searched, by category, and says through whom', async () => {
    const { body } = await get('/api/toolkits?q=calendar');
    expect(body.data).toMatchObject([
      {
        slug: 'composio.googlecalendar',
        name: 'Google Calendar',
        via: { connector_id: at.connectorId, catalog_key: 'composio', name: 'Composio' },
        auth_schemes: ['oauth2'],
        managed_auth_schemes: ['oauth2'],
      },
      expect.anything(),
      ...body.data.slice(2),
    ]);
    expect(body.freshness).toMatchObject({ stale: false, age_s: expect.any(Number) });
    const finance = await get('/api/toolkits?category=finance');
    expect(finance.body.data.map(({ slug }: { slug: string }) => slug)).toEqual([
      'composio.stripe',
      'composio.quickbooks',
      'composio.xero',
    ]);
    expect((await get('/api/toolkits?cursor=x')).status).toBe(422);
    expect((await get('/api/toolkits', at.cast.cleo)).body.data.some(({ via }: { via: unknown }) => via)).toBe(false);
    const answer = await at.as(at.cast.ada, 'GET', '/api/toolkits');
    expect(answer.headers.get('ratelimit')).toMatch(/^"api";r=\d+/);
  });

  it('is asked for once, however many want it', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => get('/api/toolkits')));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await asked(listPath)).toBe(1);
    await get('/api/toolkits');
    expect(await asked(listPath)).toBe(1);
  });

  it('still shows what was known while the broker is down, with its age, and recovers', async () => {
    await get('/api/toolkits');
    await at.age(3600);
    await at.broker.control.fault('status', { status: 500 });
    const old = await get('/api/toolkits');
    expect([old.status, old.body.freshness.stale, old.body.data.length > 40]).toEqual([200, true, true]);
    expect(old.body.freshness.age_s).toBeGreaterThanOrEqual(3600);
    // Also by a word that nobody has searched for before.
    const searched = await get('/api/toolkits?q=jira');
    expect([searched.status, searched.body.troubles.length, searched.body.freshness.stale]).toEqual([200, 1, true]);
    expect(searched.body.data.map(({ slug }: Json) => slug)).toEqual(['composio.jira']);
    expect((await get('/api/toolkits/composio.gmail')).status).toBe(503);
    await at.broker.control.clearFaults();
    await at.age(0);
    await expect
      .poll(async () => (await get('/api/toolkits')).body.freshness.stale, { timeout: 30_000, interval: 500 })
      .toBe(false);
  });

  it('does not hang on a slow broker when it knows something', async () => {
    await get('/api/toolkits');
    await at.age(3600);
    await at.broker.control.fault('slow', { delay_ms: 4_000 });
    const started = Date.now();
    const { body } = await get('/api/toolkits');
    expect([body.freshness.stale, Date.now() - started < 3_900]).toEqual([true, true]);
  });

  it('is read again before it is old, by a job, and drops what changed its version', async () => {
    await get('/api/toolkits');
    await get('/api/toolkits/composio.gmail');
    await get('/api/toolkits/composio.trello');
    expect(await refreshToolkits(at.hub)).toBe(0);
    await sql("update toolkit_cache set stale_at = now() + interval '30 seconds' where question->>'kind' = 'toolkits'");
    await at.broker.control.settings({ new_version: '20261201_00' });
    expect(await refreshToolkits(at.hub)).toBe(1);
    const left = (await sql("select question->>'kind' as kind from toolkit_cache")) as unknown as { kind: string }[];
    expect(left.map(({ kind }) => kind)).toEqual(['toolkits']);
    expect((await get('/api/toolkits/composio.gmail')).body.version).toBe('20261201_00');
  });

  it('keeps within its bounds, and belongs to one key', async () => {
    for (const q of ['a', 'b', 'c']) await get(`/api/toolkits?q=${q}`);
    await sql('update toolkit_cache set bytes = 9000000');
    await get('/api/toolkits?q=d');
    expect((await sql('select 1 from toolkit_cache')).length).toBe(2);
    const { body } = await get(`/api/connectors/${at.connectorId}`);
    const changed = { version: body.version, auth: { ...body.auth, api_key: 'ak_another-key-in-vain' } };
    const put = async (change: object) => at.json(at.cast.ada, 'PUT', `/api/connectors/${at.connectorId}`, change);
    expect((await put({ ...changed, auth: { method: 'api_key', api_key: 'ak_another-key-in-vain' } })).status).toBe(
      200,
    );
    const refused = await get('/api/toolkits?q=d');
    expect(refused.body.troubles).toMatchObject([{ connector_id: at.connectorId }]);
    const back = await get(`/api/connectors/${at.connectorId}`);
    await put({ version: back.body.version, auth: { method: 'api_key', api_key: 'ak_only-in-the-sandbox-1' } });
  });
});

describe('a toolkit', () => {
  it('tells its schemes with their fields, and its first tools', async () => {
    const { status, body } = await get('/api/toolkits/composio.notion');
    expect(status).toBe(200);
    expect(body.auth_details).toMatchObject([
      {
        scheme: 'oauth2',
        connects: 'link',
        managed: true,
        config_fields: { required: ['client_id', 'client_secret'] },
      },
      {
        scheme: 'api_key',
        connects: 'values',
        account_fields: { required: ['generic_api_key'], properties: { generic_api_key: { 'x-secret': true } } },
      },
    ]);
    expect(body.tools[0]).toMatchObject({ slug: 'composio.notion.list_pages', side_effect: 'none' });
    expect((await get('/api/toolkits/github')).body).toMatchObject({ slug: 'github', via: null, freshness: null });
    expect((await get('/api/toolkits/notion')).body.slug).toBe('composio.notion');
    for (const slug of ['composio.nothing', 'github.gmail', 'nothing', 'composio.a%2Fb'])
      expect((await get(`/api/toolkits/${slug}`)).status, slug).toBe(404);
    expect((await get('/api/toolkits/composio.notion', at.cast.cleo)).status).toBe(404);
  });

  it('stays small however many tools there are, and whatever they look like', async () => {
    await at.broker.control.settings({ many_tools: 10_000, odd: true });
    const many = await get('/api/toolkits/composio.warehouse');
    expect([many.status, many.body.tools.length, many.body.more_tools]).toEqual([200, 50, true]);
    expect(JSON.stringify(many.body).length).toBeLessThan(100_000);
    expect((await get('/api/toolkits/composio.oddities')).status).toBe(200);
    await at.broker.control.settings({ drift: true });
    await sql('delete from toolkit_cache');
    expect([200, 404, 503]).toContain((await get('/api/toolkits/composio.gmail')).status);
    expect((await get('/api/toolkits')).status).toBe(200);
  });
});

describe('an auth config', () => {
  const make = (slug: string, body: object, person = at.cast.ada) =>
    at.json(person, 'POST', `/api/toolkits/${slug}/auth-configs`, body);
  const own = {
    scheme: 'oauth2',
    managed: false,
    settings: { client_id: 'id-1', client_secret: 'only-for-the-broker' },
  };

  it('is made once for the same settings, also at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => make('composio.zoho', own)));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    expect(all[0]?.body).toMatchObject({
      toolkit_slug: 'zoho',
      scheme: 'oauth2',
      managed: false,
      external_id: expect.stringMatching(/^ac_/),
    });
    const other = await make('composio.zoho', { ...own, settings: { ...own.settings, client_id: 'id-2' } });
    expect([other.status, other.body.id === all[0]?.body.id]).toEqual([201, false]);
    const managed = await make('composio.gmail', { managed: true });
    expect([managed.status, (await make('composio.gmail', {})).body.id]).toEqual([201, managed.body.id]);
    expect(await at.postsTo('/api/v3.1/auth_configs')).toBe(3);
    const kept = JSON.stringify(await sql('select * from auth_configs')) + at.logged.join('');
    expect(kept).not.toContain('only-for-the-broker');
  });

  it('tells what is wrong beside the field', async () => {
    const errorsOf = async (slug: string, body: object) => {
      const answer = await make(slug, body);
      expect(answer.status, JSON.stringify(answer.body)).toBe(422);
      return Object.keys(answer.body.errors);
    };
    expect(await errorsOf('composio.zoho', { managed: true })).toEqual(['managed']);
    expect(await errorsOf('composio.zoho', { settings: { client_id: 'x' } })).toEqual(['settings.client_secret']);
    expect(await errorsOf('composio.zoho', { settings: { ...own.settings, other: 1 } })).toEqual(['settings.other']);
    expect(await errorsOf('composio.zoho', { scheme: 'basic' })).toEqual(['scheme']);
    expect(await errorsOf('composio.gmail', { managed: true, settings: { client_id: 'x' } })).toEqual(['settings']);
    expect(await errorsOf('composio.hackernews', {})).toEqual(['scheme']);
    expect(await errorsOf('github', {})).toEqual(['slug']);
    expect((await make('composio.zoho', own, at.cast.ben)).status).toBe(403);
    expect((await make('composio.nothing', own)).status).toBe(404);
    await at.broker.control.fault('status', { path: '/api/v3.1/auth_configs', status: 500, times: 1 });
    expect((await make('composio.zoho', own)).status).toBe(503);
    expect((await sql('select 1 from auth_configs')).length).toBe(0);
  });
});

it('connects accounts by one address, by values or by link', async () => {
  const connect = (slug: string, body: object, person = at.cast.ada) =>
    at.json(person, 'POST', `/api/toolkits/${slug}/accounts`, body);
  const made = await connect('composio.trello', { credential: { generic_api_key: 'good' } });
  expect([made.status, made.body]).toMatchObject([201, { status: 'active', connection: { toolkit_slug: 'trello' } }]);
  expect((await connect('trello', { credential: { generic_api_key: 'good' } })).status).toBe(200);
  const begun = await connect('composio.gmail', { user_id: 'me' }, at.cast.ben);
  expect([begun.status, begun.body]).toMatchObject([
    201,
    { status: 'initiated', connection: null, redirect_url: expect.stringContaining('/connections/oauth/start/') },
  ]);
  expect((await connect('composio.gmail', {}, at.cast.ben)).status).toBe(403);
  expect(Object.keys((await connect('github', {})).body.errors)).toEqual(['slug']);
  expect((await connect('composio.nothing', {})).status).toBe(422);
});

it('tells that calls pause when the broker failed again and again', async () => {
  await at.broker.control.fault('status', { status: 500 });
  for (const q of ['a', 'b', 'c']) await get(`/api/toolkits?q=${q}`);
  await expect
    .poll(async () => (await get('/api/toolkits?q=d')).body.troubles[0]?.message, { timeout: 20_000, interval: 100 })
    .toContain('calls to it pause');
  const { body } = await get(`/api/organizations/${at.cast.ada.tenantId}/connections?connector_id=${at.connectorId}`);
  const own = body.data.find((row: Json) => row.toolkit_slug === null);
  const health = await get(`/api/connections/${own.id}/health`);
  expect(health.body.pauses).toEqual([{ host: 'backend.composio.dev', until: expect.stringMatching(/Z$/) }]);
  const page = await (await at.as(at.cast.ada, 'GET', `/connectors/${at.connectorId}`)).text();
  expect(page).toContain('backend.composio.dev failed several times in a row');
  await at.broker.control.clearFaults();
  await expect
    .poll(async () => (await get('/api/toolkits?q=notion')).body.troubles, { timeout: 30_000, interval: 500 })
    .toEqual([]);
});

describe('a broker’s tools', () => {
  const run = (name: string, body: object = {}, person = at.cast.ada) =>
    at.json(person, 'POST', `/api/tools/${name}/execute`, body);

  it('are listed beside our own, those of connected toolkits and those that are asked for', async () => {
    const names = async (query: string, person = at.cast.ada) => {
      const { status, body } = await get(`/api/tools?limit=200&${query}`, person);
      expect(status, JSON.stringify(body)).toBe(200);
      return body.data.map(({ slug }: { slug: string }) => slug);
    };
    expect(await names('')).toEqual([]);
    expect(await names('toolkits=composio.gmail')).toContain('composio.gmail.list_emails');
    expect(await names('toolkits=Gmail')).toEqual(await names('toolkits=composio.gmail')); // as accounts name it
    expect(await names('toolkits=composio.gmail&search=draft')).toHaveLength(5);
    await at.connectTrello(at.cast.ada);
    expect(await names('')).toContain('composio.trello.create_card');
    expect(await names('search=trello card')).toHaveLength(5);
    const { body } = await get('/api/tools?toolkits=composio.trello&limit=3');
    const next = await get(
      `/api/tools?toolkits=composio.trello&limit=200&cursor=${encodeURIComponent(body.next_cursor)}`,
    );
    const all = await names('toolkits=composio.trello');
    expect([...body.data, ...next.body.data].map(({ slug }: { slug: string }) => slug)).toEqual(all);
    expect(body.data[0].toolkit).toEqual({ slug: 'composio.trello', name: 'Trello' });
    expect((await get('/api/tools?toolkits=composio.nothing')).status).toBe(404);
    await at.broker.control.settings({ many_tools: 10_000 });
    expect(await names('toolkits=composio.warehouse')).toHaveLength(200);
  });

  it('are offered to agents like any other tool', async () => {
    await at.connectTrello(at.cast.ada);
    const hub = await mcpHub(at);
    try {
      const agent = await hub.agent((await hub.keyOf(at.cast.ada)).key);
      const tool = (await agent.tools()).find(({ name }) => name === 'composio__trello__create_card');
      expect(tool).toMatchObject({ inputSchema: { type: 'object' }, annotations: { readOnlyHint: false } });
      const wrong = await agent.call('composio__trello__create_card', { name: 7 });
      expect([wrong.isError, wrong.text]).toEqual([true, expect.stringContaining('- title: ')]);
      expect(wrong.text).not.toContain(brokerKey);
      const { structuredContent } = await agent.call('find_tools', { query: 'add a card in trello', limit: 1 });
      expect(JSON.stringify(structuredContent)).toContain('"composio__trello__create_card"');
    } finally {
      await hub.close();
    }
  });

  it('run as the account, with the version pinned, and leave the broker’s log id', async () => {
    const { ada, ben } = at.cast;
    await at.connectTrello(ada);
    const made = await run('composio.trello.create_card', { arguments: { title: 'Buy milk' } });
    expect(made.body, JSON.stringify(made.body)).toMatchObject({ status: 'succeeded', data: { title: 'Buy milk' } });
    const execution = await get(`/api/executions/${made.body.execution_id}`);
    expect(JSON.stringify(execution.body)).toMatch(/log_[0-9a-f]+/);
    expect((await run('composio.trello.list_cards', {}, ben)).body.data).toMatchObject({ total: 1 });
    await at.connectTrello(ben, { user_id: 'me', credential: { generic_api_key: 'bens' } });
    expect((await run('composio.trello.list_cards', {}, ben)).body.data).toMatchObject({ total: 0 });
    expect((await run('composio.hackernews.list_storys', { arguments: {} })).body.status).toBe('succeeded');
    const { metricsText } = at.deps.metrics;
    const { body } = await metricsText.call(at.deps.metrics);
    expect(body).toMatch(
      /patchbay_broker_calls_total\{broker="composio",operation="execute_tool",outcome="ok"\} [1-9]/,
    );
    expect(body).toMatch(/operation="create_auth_config",outcome="ok"/);
  });

  it('are refused with the reason', async () => {
    const { ada } = at.cast;
    expect((await run('composio.trello.list_cards')).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('No account of Trello'),
    });
    const { body: trello } = await at.connectTrello(ada);
    const bad = await run('composio.trello.create_card', { arguments: { title: 7 } });
    expect([bad.status, Object.keys(bad.body.errors)]).toEqual([422, ['arguments.title']]);
    expect((await run('composio.trello.nothing')).status).toBe(404);
    expect((await run('composio.nothing.list')).status).toBe(404);
    const other = await run('composio.datadog.list_monitors', { connection_id: trello.id });
    expect([other.status, Object.keys(other.body.errors)]).toEqual([422, ['connection_id']]);
    const failed = await run('composio.trello.get_card', { arguments: { id: 'nope' } });
    expect(failed.body).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('There is no card nope') },
    });
    await at.json(ada, 'PATCH', `/api/connections/${trello.id}/status`, { status: 'inactive' });
    expect((await run('composio.trello.list_cards')).status).toBe(409);
  });

  it('that write are never repeated', async () => {
    await at.connectTrello(at.cast.ada);
    const path = '/api/v3.1/tools/execute/TRELLO_CREATE_CARD';
    await run('composio.trello.create_card', { arguments: { title: 'first' } });
    await at.broker.control.fault('status', { path, method: 'POST', status: 503 });
    const failed = await run('composio.trello.create_card', { arguments: { title: 'second' } });
    expect(failed.body.status).not.toBe('succeeded');
    expect(await asked(path)).toBe(2);
    await at.broker.control.clearFaults();
    await at.broker.control.fault('lose_answer', { path, method: 'POST', times: 1 });
    expect((await run('composio.trello.create_card', { arguments: { title: 'third' } })).body.status).toBe(
      'outcome_unknown',
    );
    expect(await asked(path)).toBe(3);
  });

  it('tell that the key was revoked, and the broker’s health says it', async () => {
    const { ada } = at.cast;
    await at.connectTrello(ada);
    await run('composio.trello.list_cards');
    await at.broker.control.revoke({ account: 'northwind' });
    const refused = await run('composio.trello.list_cards');
    expect(refused.body).toMatchObject({ status: 'failed', error: { code: 'service_credential' } });
    const list = (await get('/api/toolkits')).body;
    expect(list.data.filter(({ via }: { via: unknown }) => via)).toEqual([]);
    expect(list).toMatchObject({
      data: [{ slug: expect.any(String) }, ...list.data.slice(1)],
      troubles: [{ name: 'Composio' }],
    });
    const { body } = await get(`/api/organizations/${ada.tenantId}/connections?connector_id=${at.connectorId}`);
    const own = body.data.find(({ toolkit_slug }: { toolkit_slug: unknown }) => toolkit_slug === null);
    await sql('update connections set health_checked_at = null');
    const health = await get(`/api/connections/${own.id}/health?refresh=true`);
    expect(health.body.status).toBe('unhealthy');
    expect((await get(`/api/connectors/${at.connectorId}`)).body.status).toBe('error');
  });
});
