import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedConnectors } from '../../seeds/connectors.ts';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startTickets, ticketsKey } from '../sandbox/tickets.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';

const catalogDir = path.resolve(import.meta.dirname, '../../docs/examples/catalog');
let tickets: StandIn;
let hub: TestApp;
let id: string;
beforeAll(async () => {
  tickets = await startTickets();
  hub = await testApp({
    BASE_URL: 'http://hub.localhost',
    CATALOG_DIR: catalogDir,
    ...wiring({ tickets: tickets.url }),
  });
});
afterAll(async () => {
  await hub.close();
  await tickets.close();
});

const ask = async (method: string, at: string, body?: unknown): Promise<[number, Json]> => {
  const answer = await hub.as(hub.cast.ada, method, at, body);
  return [answer.status, await answer.json()];
};
const run = async (tool: string, given: object) =>
  (await ask('POST', `/api/tools/${tool}/execute`, { arguments: given }))[1];

it('is in the catalog, with its form, its icon, and who added it', async () => {
  const [, { data }] = await ask('GET', '/api/catalog?q=help%20desk');
  expect(data).toMatchObject([{ key: 'tickets', name: 'Demo Tickets', category: 'Work', auth_methods: ['api_key'] }]);
  const page = await (await hub.as(hub.cast.ada, 'GET', '/catalog')).text();
  const [card = ''] = /<li id="entry-tickets">[\s\S]+?<\/li>/.exec(page) ?? [];
  expect(card).toContain('added by the operator');
  // Its icon stands in the page itself: the sprite is for everybody, and tells nobody what was added here.
  expect(card).toMatch(
    /<span class="tile" aria-hidden="true"><svg aria-hidden="true" viewBox="[\d ]+"[^>]*><(path|g|rect|circle)/,
  );
  const [address = ''] = /\/assets\/[^/"]+\/brands\.svg/.exec(page) ?? [];
  const sprite = await (await hub.as(null, 'GET', address)).text();
  expect(sprite).toContain('id="wordpress"');
  expect(sprite).not.toMatch(/tickets/i);
  expect(page.match(/added by the operator/g)).toHaveLength(1);
  const form = await (await hub.as(hub.cast.ada, 'GET', '/connectors/new?catalog_key=tickets')).text();
  expect(form).toContain('Where new tickets go that do not say it.');
});

it('serves its format to editors', async () => {
  const answer = await hub.as(null, 'GET', '/catalog-entry.schema.json');
  expect([answer.status, (await answer.json()).properties.version]).toMatchObject([200, { const: 1 }]);
});

it('shows its fields to those who are signed in, and lets everybody’s editor take its key', async () => {
  const path = '/connectors-file.schema.json';
  const [open, full] = await Promise.all([hub.as(null, 'GET', path), hub.as(hub.cast.ada, 'GET', path)]);
  const [openText, fullText] = await Promise.all([open.text(), full.text()]);
  expect([open.status, full.status]).toEqual([200, 200]);
  expect(fullText).toContain('Where new tickets go that do not say it.');
  expect(openText).not.toMatch(/tickets/i);
  for (const text of [openText, fullText]) expect(text).toContain('wordpress');
  const takes = (text: string, entry: string) => {
    const check = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(text));
    return check({ version: 1, tenant: 'northwind', connectors: { desk: { entry, name: 'Desk' } } });
  };
  expect([takes(openText, 'tickets'), takes(fullText, 'tickets')]).toEqual([true, true]);
  expect([takes(openText, 'Not a key'), takes(fullText, 'ticket')]).toEqual([false, false]);
});

it('refuses what does not fit, and installs what does', async () => {
  const wrong = {
    catalog_key: 'tickets',
    name: 'Desk',
    config: { queue: 'sales' },
    auth: { method: 'api_key', api_key: 'nope' },
  };
  const [status, problem] = await ask('POST', '/api/connectors', wrong);
  expect([status, problem.errors]).toEqual([
    422,
    {
      'config.queue': ['Choose one of: “support”, “billing”.'],
      'auth.api_key': ['Must be a whole key that starts with tk_.'],
    },
  ]);
  const auth = { method: 'api_key', api_key: ticketsKey };
  const [created, connector] = await ask('POST', '/api/connectors', { ...wrong, config: {}, auth });
  expect(created).toBe(201);
  id = connector.id;
  expect(JSON.stringify(connector)).not.toContain(ticketsKey);
  const [, test] = await ask('POST', `/api/connectors/${id}/test`);
  expect(JSON.stringify(test)).toContain('Signed in as Ada Lovelace.');
  await ask('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
});

it('runs its tools', async () => {
  const first = await run('tickets.list_tickets', { limit: 2 });
  expect(first).toMatchObject({
    status: 'succeeded',
    data: {
      items: [{ id: 'T-1', subject: 'The printer is on fire', status: 'open', from: 'Ada' }, { id: 'T-2' }],
      next_cursor: '2',
    },
  });
  const rest = await run('tickets.list_tickets', { cursor: first.data.next_cursor });
  expect(rest.data.items.map((each: Json) => each.id)).toEqual(['T-3', 'T-4', 'T-5']);
  expect(rest.data.next_cursor).toBeNull();

  const opened = await run('tickets.open_ticket', {
    subject: 'No {input.text} tea',
    text: 'At all',
    tags: ['kitchen'],
  });
  expect(opened).toMatchObject({
    status: 'succeeded',
    data: { id: 'T-6', status: 'open', url: 'https://tickets.demo.example/T-6' },
  });
  const ticket = await run('tickets.get_ticket', { id: 'T-6' });
  expect(ticket.data).toMatchObject({
    subject: 'No {input.text} tea',
    body: { format: 'text', content: 'At all' },
    queue: 'support',
    tags: ['kitchen'],
  });
  const [sent] = (await tickets.control.requests('/api/v1/tickets')).filter(({ method }) => method === 'POST');
  expect(sent?.headers['idempotency-key']).toBe(opened.id);
});

it('tells refusals in the hub’s own words, and writes once', async () => {
  expect(await run('tickets.get_ticket', { id: 'T-99' })).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('There is no such ticket.') },
  });
  const [status, problem] = await ask('POST', '/api/tools/tickets.open_ticket/execute', {
    arguments: { subject: '', queue: 'x' },
  });
  expect([status, Object.keys(problem.errors).toSorted()]).toEqual([
    422,
    ['arguments.queue', 'arguments.subject', 'arguments.text'],
  ]);
  await tickets.control.clearRequests();
  await tickets.control.fault('status', { path: '/api/v1/tickets', method: 'POST', status: 503, times: 1 });
  expect((await run('tickets.open_ticket', { subject: 'Again', text: 'x' })).status).not.toBe('succeeded');
  expect(await tickets.control.requests('/api/v1/tickets')).toHaveLength(1);
  await tickets.control.clearFaults();
});

it('offers its tools to agents, with their hints', async () => {
  const [, { data }] = await ask('GET', '/api/tools?toolkits=tickets');
  const hints = Object.fromEntries(data.map((tool: Json) => [tool.slug, tool.side_effect]));
  expect(hints).toEqual({
    'tickets.list_tickets': 'none',
    'tickets.get_ticket': 'none',
    'tickets.open_ticket': 'write',
  });
});

it('is retired when its file is gone: its connector stays, says so, and works again with the file', async () => {
  const all = await loadDrivers(undefined, catalogDir);
  expect(await seedConnectors(hub.database.admin, await loadDrivers())).toMatchObject({ retired: 1 });
  const drivers = hub.hub.drivers as Map<string, unknown>;
  const driver = drivers.get('tickets');
  drivers.delete('tickets');
  expect((await ask('GET', '/api/catalog?q=help%20desk'))[1].data).toEqual([]);
  expect((await ask('GET', `/api/connectors/${id}`))[0]).toBe(200);
  expect(await (await hub.as(hub.cast.ada, 'GET', '/installed')).text()).toContain('Desk');
  const page = await (await hub.as(hub.cast.ada, 'GET', `/connectors/${id}`)).text();
  expect(page).toContain('This service is no longer in the catalog.');
  const [status, problem] = await ask('POST', `/api/connectors/${id}/test`);
  expect([status, problem.errors]).toEqual([
    422,
    { catalog_key: ['The catalog has no entry “tickets”. GET /api/catalog lists them.'] },
  ]);
  const [again] = await ask('POST', '/api/connectors', { catalog_key: 'tickets', name: 'Other', config: {}, auth: {} });
  expect(again).toBe(422);
  expect((await ask('POST', '/api/tools/tickets.list_tickets/execute', { arguments: {} }))[0]).toBe(404);

  drivers.set('tickets', driver);
  expect(await seedConnectors(hub.database.admin, all)).toMatchObject({ added: 0, changed: 1 });
  expect((await run('tickets.list_tickets', {})).status).toBe('succeeded');
});

it('warns of fields that changed without a new version', async () => {
  const all = await loadDrivers(undefined, catalogDir);
  const driver = all.get('tickets') as LoadedDriver;
  const configSchema = {
    type: 'object',
    properties: { team: { type: 'string', title: 'Team' } },
    required: ['team'],
    additionalProperties: false,
  };
  const seed = (entry: object) =>
    seedConnectors(
      hub.database.admin,
      new Map([...all, ['tickets', { ...driver, entry: { ...driver.entry, ...entry } }]]),
    );
  expect(await seed({ configSchema })).toMatchObject({
    changed: 1,
    unversioned: [{ key: 'tickets', fields: ['config.queue', 'config.team'] }],
  });
  expect(await seed({ description: 'Other words.', configSchema })).not.toHaveProperty('unversioned');
  expect(await seed({ schemaVersion: 2 })).not.toHaveProperty('unversioned');
  await seedConnectors(hub.database.admin, all);
});
