import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type BrokerStage, brokerStage } from '../support/broker.ts';

let at: BrokerStage;
beforeAll(async () => {
  at = await brokerStage();
});
afterAll(() => at.close());
beforeEach(async () => {
  await at.broker.control.reset();
  await at.database.db.asTenant(at.cast.ada.tenantId, async (tx) => {
    await tx.execute('delete from connections where auth_config_id is not null');
    await tx.execute('delete from auth_configs');
    await tx.execute('delete from toolkit_cache');
  });
});

const textOf = async (path: string, person = at.cast.ada, headers = {}) =>
  (await at.as(person, 'GET', path, undefined, headers)).text();
const dialog = (slug: string) => `/connectors/${at.connectorId}/toolkits/${slug}`;
const asFragment = { 'hx-request': 'true', 'hx-request-type': 'partial' };

it('shows what a broker brings as cards of the catalog, page by page, with the age of an old list', async () => {
  const first = await textOf('/catalog');
  expect(first).toContain('Through Composio');
  expect(first.match(/via Composio/g)).toHaveLength(24);
  const [, next = ''] = /href="(\/catalog\?toolkits=[^"]+)"/.exec(first) ?? [];
  const second = await textOf(next.replaceAll('&amp;', '&'));
  expect(second.match(/via Composio/g)).toHaveLength(24);
  expect(second).not.toContain('id="entry-github"');
  expect(await textOf('/catalog?q=calendar')).toMatch(/Google Calendar[\s\S]*via Composio/);
  expect(await textOf('/catalog?category=Work')).not.toContain('Through Composio');
  expect(await textOf('/catalog', at.cast.cleo)).not.toContain('Through Composio');
  await at.broker.control.fault('slow', { delay_ms: 4_900, times: 1 });
  expect(await textOf('/catalog?q=slow')).toContain('has not answered yet');
  await at.age(7200);
  await at.broker.control.fault('status', { status: 500 });
  const old = await textOf('/catalog');
  expect(old).toMatch(/Composio cannot be asked at the moment\. This list is from <time/);
  expect(old.match(/via Composio/g)).toHaveLength(24);
  expect(await textOf('/catalog?q=notion')).toMatch(/could not be asked/);
});

it('offers the ways to connect with their fields, to each what they may', async () => {
  const { ada, ben } = at.cast;
  const page = await textOf(dialog('notion'));
  expect(page).toMatch(
    /Connect Notion[\s\S]*with Composio’s application[\s\S]*with your own application[\s\S]*API key/,
  );
  expect(page).toContain('name="way.~1.client_id"');
  expect(await textOf(dialog('notion'), ada, asFragment)).not.toContain('<html');
  const bens = await textOf(dialog('notion'), ben);
  expect(bens).toContain('with Composio’s application');
  expect(bens).not.toMatch(/with your own application|name="for"/);
  expect(await textOf(dialog('hackernews'))).toContain('needs no account');
  expect(await textOf(dialog('zoho'), ben)).toContain('has to enter an application for Zoho CRM first');
  for (const path of [dialog('nothing'), `/connectors/${at.connectorId}/toolkits/a.b`])
    expect((await at.as(ada, 'GET', path)).status).toBe(404);
  expect((await at.as(at.cast.cleo, 'GET', dialog('notion'))).status).toBe(404);
});

it('connects by values and by link, for whom one may', async () => {
  const { ada, ben } = at.cast;
  const send = (slug: string, fields: Record<string, string>, person = ada, headers = {}) =>
    at.post(person, `${dialog(slug)}/accounts`, fields, headers);
  const key = (value: string, more = {}) => ({
    for: 'workspace',
    'way.method': 'api_key',
    'way.~0.generic_api_key': value,
    ...more,
  });
  const missing = await send('trello', key(''));
  expect([missing.status, await missing.text()]).toEqual([422, expect.stringMatching(/API key[\s\S]*required/i)]);
  const refused = await send('trello', key('wrong-0815'), ada, asFragment);
  expect(refused.status).toBe(422);
  expect(await refused.text()).not.toContain('wrong-0815');
  const made = await send('trello', key('good'));
  expect([made.status, made.headers.get('location')]).toEqual([303, `/connectors/${at.connectorId}`]);
  const bens = await send('trello', { 'way.method': 'api_key', 'way.~0.generic_api_key': 'bens' }, ben, asFragment);
  expect([bens.status, bens.headers.get('hx-trigger')]).toEqual([200, expect.stringContaining('dialog-close')]);
  const link = await send('gmail', { for: 'workspace', 'way.method': 'oauth2' });
  expect([link.status, link.headers.get('location')]).toEqual([
    303,
    expect.stringMatching(/^\/connections\/oauth\/start\//),
  ]);
  const own = {
    for: 'workspace',
    'way.method': 'oauth2_own',
    'way.~0.client_id': 'id',
    'way.~0.client_secret': 'secret-of-the-app',
  };
  const linked = await send('zoho', own, ada, asFragment);
  expect([linked.status, linked.headers.get('hx-redirect')]).toEqual([
    200,
    expect.stringContaining('/connections/oauth/start/'),
  ]);
  expect((await send('zoho', own, ben)).status).toBe(422);

  expect(await textOf(dialog('trello'))).toContain('Connected already: Trello, Trello (personal).');
  expect(await textOf(`/connectors/${at.connectorId}`)).toMatch(/Accounts[\s\S]*>trello<[\s\S]*List cards/);
  const mine = await textOf('/connections', ben);
  expect(mine).toMatch(/My connections[\s\S]*>trello<[\s\S]*Connect a service/);
  expect(await textOf('/connections', ada)).not.toContain('>trello<');
  expect(await textOf('/connections', at.cast.cleo)).toContain('No connector of this workspace');
});

it('tries a tool through accounts of its own toolkit', async () => {
  const { ada } = at.cast;
  const page = `/connectors/${at.connectorId}/tools/trello.create_card`;
  expect(await textOf(page)).toContain('No account of Trello is connected');
  await at.connectTrello(ada);
  const ready = await textOf(page);
  expect(ready).not.toContain('No account of Trello');
  expect(ready).toContain('name="arguments.title"');
});
