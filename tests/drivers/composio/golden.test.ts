import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startComposio } from '../../sandbox/composio.ts';
import { composioControlOf } from '../../sandbox/composio-orders.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { type DriverHarness, driverHarness } from '../../support/driver.ts';
import { type Asking, asking, sdks } from './broker.ts';

// What two versions of the SDK give for the same answers over HTTP, normalised: alike, and as it was when somebody last looked at it.
// The files are written by `vitest run tests/drivers/composio/golden.test.ts -u`, never by hand.

const folder = path.join(import.meta.dirname, 'golden');
const version = '20251101_00';

let composio: StandIn;
let at: DriverHarness;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  composio = await startComposio();
  at = await driverHarness('composio', { composio: composio.url });
});
afterAll(async () => {
  await at.close();
  await composio.close();
});
beforeEach(() => composio.control.reset());

/** Ids and times are new each time. */
const settled = (text: string) =>
  text.replace(/\b(ca|ac|lk|log|msg|req)_[A-Za-z0-9_-]{8,}/g, '$1_…').replace(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, '20…Z');

/** Drives both versions, and holds what they give, and what they asked for, against each other and the file. */
async function expectGolden(name: string, drive: (broker: Asking) => Promise<unknown>) {
  const seen: { given: string; asked: unknown }[] = [];
  for (const sdk of Object.keys(sdks)) {
    await composio.control.reset();
    const given = settled(`${JSON.stringify(await drive(asking(at, sdk)), null, 2)}\n`);
    const requests = await composio.control.requests();
    const asked = requests.map(({ method, path, query }) => settled(JSON.stringify([method, path, query])));
    seen.push({ given, asked });
  }
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
  await expect(seen[0]?.given).toMatchFileSnapshot(path.join(folder, `${name}.golden`));
}

const failure = (work: Promise<unknown>) =>
  work.then(
    (value) => ({ succeeded: value }),
    ({ name, fault, message, status, serviceCode, field, retryAfterMs }) => ({
      name,
      fault,
      message,
      status,
      serviceCode,
      field,
      retryAfterMs,
    }),
  );

describe('normalised answers', () => {
  it('lists toolkits with cursors, search and categories', () =>
    expectGolden('toolkits', async (broker) => {
      const first = await broker.listToolkits({ limit: 3 });
      return {
        first,
        second: await broker.listToolkits({ limit: 3, cursor: first.nextCursor ?? '' }),
        found: await broker.listToolkits({ limit: 10, search: 'google' }),
        finance: await broker.listToolkits({ limit: 10, category: 'finance' }),
        none: await broker.listToolkits({ limit: 10, search: 'nothing like that' }),
        categories: await broker.listCategories(),
      };
    }));

  it('describes how a toolkit authenticates, with fields for forms', () =>
    expectGolden('toolkit-details', async (broker) => ({
      managed: await broker.getToolkit('gmail'),
      both: await broker.getToolkit('notion'),
      own: await broker.getToolkit('zendesk'),
      bearer: await broker.getToolkit('sentry'),
      free: await broker.getToolkit('hackernews'),
      unknown: await failure(broker.getToolkit('nonesuch')),
    })));

  it('lists tools, those that cannot be used with the reason', () =>
    expectGolden('tools', async (broker) => {
      await composio.control.settings({ odd: true });
      const first = await broker.listTools({ toolkit: 'jira', limit: 5 });
      return {
        first,
        second: await broker.listTools({ toolkit: 'jira', limit: 2, cursor: first.nextCursor ?? '' }),
        found: await broker.listTools({ search: 'delete invoice', limit: 5 }),
        byKey: await broker.listTools({ keys: ['notion_get_page', 'STRIPE_CREATE_REFUND'], limit: 5 }),
        odd: await broker.listTools({ toolkit: 'oddities', limit: 20 }),
      };
    }));

  it('makes auth configs', () =>
    expectGolden('auth-configs', async (broker) => {
      const managed = await broker.createAuthConfig({
        toolkit: 'gmail',
        scheme: 'oauth2',
        managed: true,
        name: 'Ours',
        values: {},
      });
      const values = { client_id: 'id-1', client_secret: 'secret-only-in-the-sandbox' };
      const custom = { toolkit: 'zoho', scheme: 'oauth2', name: 'Our app' };
      return {
        managed,
        custom: await broker.createAuthConfig({ ...custom, managed: false, values }),
        unmanaged: await failure(broker.createAuthConfig({ ...custom, managed: true, values: {} })),
        incomplete: await failure(
          broker.createAuthConfig({ ...custom, managed: false, values: { client_id: 'id-1' } }),
        ),
        read: await broker.getAuthConfig(managed.id),
        deleted: await broker.deleteAuthConfig(managed.id),
        again: await broker.deleteAuthConfig(managed.id),
        gone: await failure(broker.getAuthConfig(managed.id)),
      };
    }));

  it('knows an account in each of its states', () =>
    expectGolden('accounts', async (broker) => {
      const control = composioControlOf(composio.url);
      const config = async (toolkit: string, scheme: string, managed: boolean) =>
        (await broker.createAuthConfig({ toolkit, scheme, managed, name: toolkit, values: {} })).id;
      const brokerUserId = 'tenant:connector';
      const gmail = await config('gmail', 'oauth2', true);
      const link = await broker.linkAccount({
        authConfigId: gmail,
        brokerUserId,
        callbackUrl: 'https://hub.example.com/back',
      });
      const states: Record<string, unknown> = { link, INITIATED: await broker.getAccount(link.accountId) };
      for (const status of ['INITIALIZING', 'ACTIVE', 'FAILED', 'EXPIRED', 'INACTIVE', 'REVOKED', 'PAUSED'] as const) {
        await control.setAccount(
          link.accountId,
          status as 'ACTIVE',
          status === 'FAILED' ? 'The person\nrefused.' : undefined,
        );
        states[status] = await broker.getAccount(link.accountId);
      }
      const trello = await config('trello', 'api_key', false);
      const direct = await broker.createAccount({
        authConfigId: trello,
        brokerUserId,
        scheme: 'api_key',
        values: { generic_api_key: 'key-only-in-the-sandbox' },
      });
      return {
        ...states,
        direct,
        read: await broker.getAccount(direct.id),
        disabled: [await broker.setAccountEnabled(direct.id, false), await broker.getAccount(direct.id)],
        unrevokable: await broker.revokeAccount(direct.id),
        deleted: await broker.deleteAccount(direct.id),
        gone: await failure(broker.getAccount(direct.id)),
      };
    }));

  it('runs tools, and reads failures that come with 200', () =>
    expectGolden('results', async (broker) => {
      const config = await broker.createAuthConfig({
        toolkit: 'trello',
        scheme: 'api_key',
        managed: false,
        name: 'Trello',
        values: {},
      });
      const brokerUserId = 'tenant:connector';
      const values = { generic_api_key: 'key-only-in-the-sandbox' };
      const { id } = await broker.createAccount({ authConfigId: config.id, brokerUserId, scheme: 'api_key', values });
      const run = (tool: string, input: Record<string, unknown>, more = {}) =>
        failure(broker.executeTool({ tool, version, accountId: id, brokerUserId, arguments: input, ...more }));
      const answering = async (body: unknown) => {
        await composio.control.fault('error_in_200', { path: '/api/v3.1/tools/execute/*', times: 1, body });
        return run('TRELLO_LIST_CARDS', {});
      };
      return {
        created: await run('TRELLO_CREATE_CARD', { title: 'Write the report' }),
        listed: await run('TRELLO_LIST_CARDS', { query: 'report' }),
        refused: await run('TRELLO_CREATE_CARD', {}),
        missing: await run('TRELLO_GET_CARD', { id: 'item_9' }),
        free: await run('HACKERNEWS_LIST_STORYS', {}, { accountId: undefined }),
        othersAccount: await run('TRELLO_LIST_CARDS', {}, { brokerUserId: 'somebody else' }),
        noAccount: await run('TRELLO_LIST_CARDS', {}, { accountId: 'ca_gone' }),
        noTool: await run('TRELLO_FLY', {}),
        jsonInText: await answering({
          successful: false,
          error: '{"message":"Quota is used up","status_code":429}',
          data: {},
        }),
        nested: await answering({ successful: false, error: null, data: { status_code: 503, message: 'Down' } }),
        silent: await answering({ successful: false }),
        unsaid: await answering({ data: { ok: true }, error: null }),
        nothing: await answering({}),
      };
    }));

  it('makes safe defaults of answers that nobody has seen yet', () =>
    expectGolden('drift', async (broker) => {
      const config = await broker.createAuthConfig({
        toolkit: 'gmail',
        scheme: 'oauth2',
        managed: true,
        name: 'Ours',
        values: {},
      });
      const link = { authConfigId: config.id, brokerUserId: 'u', callbackUrl: 'https://hub.example.com/back' };
      const { accountId } = await broker.linkAccount(link);
      await composio.control.settings({ drift: true });
      return {
        toolkits: await broker.listToolkits({ limit: 2 }),
        categories: await broker.listCategories(),
        toolkit: await broker.getToolkit('notion'),
        tools: await broker.listTools({ toolkit: 'gmail', limit: 2 }),
        authConfig: await broker.getAuthConfig(config.id),
        account: await broker.getAccount(accountId),
        result: await broker.executeTool({ tool: 'HACKERNEWS_LIST_STORYS', version, brokerUserId: 'u', arguments: {} }),
      };
    }));
});
