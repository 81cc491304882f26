import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pollAuthorizations } from '../../../src/services/brokers/account-polls.ts';
import { recoverAccounts } from '../../../src/services/brokers/connected-accounts.ts';
import { purgeDeletedConnectors } from '../../../src/services/connectors/connector-purge.ts';
import { type BrokerStage, brokerStage, webhookSecret } from '../../support/broker.ts';

let at: BrokerStage;
beforeAll(async () => {
  at = await brokerStage();
});
afterAll(() => at.close());

const sql = (text: string) => at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(text));
beforeEach(async () => {
  await at.broker.control.reset();
  await sql('delete from connections where auth_config_id is not null');
  await sql('delete from authorization_requests');
  await sql('delete from auth_configs');
  await sql('delete from toolkit_cache');
});

const begin = async (person = at.cast.ada, more = {}) => {
  const body = { connector_id: at.connectorId, toolkit_slug: 'gmail', ...more };
  const answer = await at.json(person, 'POST', '/api/connections/oauth/initiate', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body as { connection_request_id: string; redirect_url: string };
};
const wait = async (id: string, person = at.cast.ada) =>
  (await at.json(person, 'POST', '/api/connections/oauth/wait', { connection_request_id: id, timeout_s: 0 })).body;

describe('an account by values', () => {
  it('is made at the broker, once, and not kept here', async () => {
    const { ada } = at.cast;
    const made = await at.connectTrello(ada);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { connector_id, toolkit_slug, status, external_account_id, auth_config_id, user_id } = made.body;
    expect({ connector_id, toolkit_slug, status, user_id }).toEqual({
      ...{ connector_id: at.connectorId, toolkit_slug: 'trello', status: 'active', user_id: null },
    });
    expect([external_account_id, auth_config_id]).toEqual([
      expect.stringMatching(/^ca_/),
      expect.stringMatching(/^[\w-]{36}$/),
    ]);
    const again = await at.connectTrello(ada, {
      toolkit_slug: 'composio.trello',
      credential: { generic_api_key: 'another' },
    });
    expect([again.status, again.body.id]).toEqual([200, made.body.id]);
    const [account] = await at.orders.accounts();
    expect(account?.user_id).toBe(`${ada.tenantId}:${at.connectorId}`);
    expect((await at.orders.accounts()).length).toBe(1);
    const kept = JSON.stringify([await sql('select * from connections'), await sql('select * from auth_configs')]);
    expect(kept + at.logged.join('')).not.toContain('trello-key-1');
  });

  it('is made once, however many ask at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => at.connectTrello(at.cast.ada)));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    expect((await at.orders.accounts()).length).toBe(1);
    expect(await at.postsTo('/api/v3.1/auth_configs')).toBe(1);
  });

  it('belongs to whom it is for', async () => {
    const { ada, ben, cleo } = at.cast;
    expect((await at.connectTrello(ben)).status).toBe(403);
    const own = await at.connectTrello(ben, { user_id: 'me' });
    expect([own.status, own.body.user_id]).toEqual([201, ben.id]);
    const shared = await at.connectTrello(ada);
    expect(shared.body.id).not.toBe(own.body.id);
    const accounts = await at.orders.accounts();
    expect(accounts.map(({ user_id }) => user_id).sort()).toEqual([
      `${ada.tenantId}:${at.connectorId}`,
      `${ada.tenantId}:${at.connectorId}:${ben.id}`,
    ]);
    expect((await at.json(cleo, 'GET', `/api/connections/${shared.body.id}`)).status).toBe(404);
    expect(
      (await at.json(cleo, 'POST', '/api/connections', { connector_id: at.connectorId, toolkit_slug: 'trello' }))
        .status,
    ).toBe(404);
    const adas = await at.connectTrello(ada, { user_id: 'me' });
    expect((await at.json(ben, 'GET', `/api/connections/${adas.body.id}`)).status).toBe(404);
    const run = { connection_id: adas.body.id, arguments: {} };
    expect((await at.json(ben, 'POST', '/api/tools/composio.trello.list_cards/execute', run)).status).toBe(404);
  });

  it('tells what is wrong beside the field, without what was typed', async () => {
    const { ada } = at.cast;
    const errorsOf = async (more: object) => {
      const { status, body } = await at.connectTrello(ada, more);
      expect(status, JSON.stringify(body)).toBe(422);
      return body.errors;
    };
    expect(Object.keys(await errorsOf({ credential: {} }))).toEqual(['credential.generic_api_key']);
    expect(Object.keys(await errorsOf({ credential: { generic_api_key: 'x', other: 1 } }))).toEqual([
      'credential.other',
    ]);
    const refused = await errorsOf({ credential: { generic_api_key: 'wrong-secret-0815' } });
    expect(Object.keys(refused)[0]).toMatch(/^credential/);
    expect(JSON.stringify(refused) + at.logged.join('')).not.toContain('wrong-secret-0815');
    const short = JSON.stringify(await errorsOf({ credential: { generic_api_key: 'wrong-7' } }));
    expect([short.includes('[redacted]'), (short + at.logged.join('')).includes('wrong-7')]).toEqual([true, false]);
    const padded = `wrong${'-'.repeat(930)}0815-secret`;
    const long = JSON.stringify(await errorsOf({ credential: { generic_api_key: padded } }));
    expect([long.includes('[redacted]'), long.includes('wrong---')]).toEqual([true, false]);
    expect(Object.keys(await errorsOf({ toolkit_slug: 'nothing_like_it' }))).toEqual(['toolkit_slug']);
    expect(Object.keys(await errorsOf({ toolkit_slug: 'gmail' }))).toEqual(['toolkit_slug']);
    expect(Object.keys(await errorsOf({ auth_config_id: at.connectorId }))).toEqual(['auth_config_id']);
    expect((await sql('select 1 from connections where auth_config_id is not null')).length).toBe(0);
  });

  it('leaves nothing behind when the broker fails, and says when nobody knows', async () => {
    const { ada } = at.cast;
    await at.json(ada, 'GET', '/api/toolkits/composio.trello');
    const path = '/api/v3.1/connected_accounts';
    await at.broker.control.fault('status', { path, method: 'POST', status: 500, times: 1 });
    expect((await at.connectTrello(ada)).status).toBe(503);
    await at.broker.control.fault('rate_limited', { path, method: 'POST' });
    expect([(await at.connectTrello(ada)).status]).toEqual([503]);
    await at.broker.control.clearFaults();
    await at.broker.control.fault('lose_answer', { path, method: 'POST', times: 1 });
    const lost = await at.connectTrello(ada);
    expect([lost.status, lost.body.code]).toEqual([503, 'outcome_unknown']);
    expect((await sql('select 1 from connections where auth_config_id is not null')).length).toBe(0);
    expect((await at.connectTrello(ada)).status).toBe(201);
  });

  it('is switched, revoked and deleted in steps of their own', async () => {
    const { ada } = at.cast;
    const { body: made } = await at.connectTrello(ada);
    const status = async (to: string) =>
      (await at.json(ada, 'PATCH', `/api/connections/${made.id}/status`, { status: to })).body.status;
    const there = async () => (await at.orders.accounts()).map((each) => each.status);
    expect([await status('inactive'), await there()]).toEqual(['inactive', ['INACTIVE']]);
    expect([await status('active'), await there()]).toEqual(['active', ['ACTIVE']]);
    await at.broker.control.fault('status', { path: '/api/v3.1/connected_accounts/*', method: 'PATCH', status: 500 });
    const off = await at.json(ada, 'PATCH', `/api/connections/${made.id}/status`, { status: 'inactive' });
    expect([off.status, (await at.json(ada, 'GET', `/api/connections/${made.id}`)).body.status]).toEqual([
      502,
      'inactive',
    ]);
    await at.broker.control.clearFaults();
    expect((await at.json(ada, 'POST', `/api/connections/${made.id}/revoke`)).body.status).toBe('revoked');
    expect((await at.orders.accounts()).length).toBe(1);
    expect((await at.json(ada, 'DELETE', `/api/connections/${made.id}`)).status).toBe(204);
    expect((await at.orders.accounts()).length).toBe(0);
  });

  it('goes with its connector, at the broker too', async () => {
    const { ada } = at.cast;
    const auth = { method: 'api_key', api_key: 'ak_only-in-the-sandbox-1' };
    const { body: other } = await at.json(ada, 'POST', '/api/connectors', {
      catalog_key: 'composio',
      name: 'Other',
      config: {},
      auth,
    });
    expect((await at.connectTrello(ada, { connector_id: other.id })).body.detail).toContain('Activate it first');
    await at.json(ada, 'PATCH', `/api/connectors/${other.id}/status`, { status: 'active' });
    const made = await at.connectTrello(ada, { connector_id: other.id });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const [config] = (await sql('select external_id from auth_configs')) as unknown as { external_id: string }[];
    await at.json(ada, 'DELETE', `/api/connectors/${other.id}`);
    await sql(`update connectors set deleted_at = now() - interval '11 minutes' where id = '${other.id}'`);
    expect(await purgeDeletedConnectors(at.hub)).toBe(1);
    expect(await at.orders.accounts()).toEqual([]);
    await expect(at.orders.deleteAuthConfig(config?.external_id ?? '')).resolves.toEqual({ deleted: false });
  });

  it('whose making was cut off is told as failed', async () => {
    const { body: made } = await at.connectTrello(at.cast.ada);
    await sql(
      `update connections set status = 'initiated', external_account_id = null, updated_at = now() - interval '5 minutes' where id = '${made.id}'`,
    );
    expect(await recoverAccounts(at.hub)).toBe(1);
    const { status, status_reason } = (await at.json(at.cast.ada, 'GET', `/api/connections/${made.id}`)).body;
    expect([status, status_reason]).toEqual(['failed', expect.stringContaining('interrupted')]);
    expect((await at.connectTrello(at.cast.ada)).body).toMatchObject({ id: made.id, status: 'active' });
  });
});

describe('an account by link', () => {
  it('is connected by a person, through our own page', async () => {
    const { ada } = at.cast;
    const { connection_request_id, redirect_url } = await begin();
    expect(redirect_url).toBe(`http://hub.localhost/connections/oauth/start/${connection_request_id}`);
    const browser = at.browser(ada);
    const consent = await (await browser.send(redirect_url)).text();
    expect(consent).toContain('Gmail via Composio');
    expect(await at.orders.accounts()).toEqual([]);
    const back = await at.decide(browser, redirect_url);
    expect(await wait(connection_request_id)).toMatchObject({ status: 'pending' });
    const done = await browser.send(back);
    expect([done.status, done.headers.get('location')]).toEqual([303, `/connectors/${at.connectorId}`]);
    const state = await wait(connection_request_id);
    expect(state).toMatchObject({
      status: 'succeeded',
      connection: { toolkit_slug: 'gmail', status: 'active', account_label: 'ada@gmail.example', user_id: null },
    });
    expect(state.connection.external_account_id).toMatch(/^ca_/);
  });

  it('believes no status of the callback, and goes on when the account is there', async () => {
    const { ada } = at.cast;
    const { connection_request_id, redirect_url } = await begin();
    const browser = at.browser(ada);
    const at2 = new URL(await at.decide(browser, redirect_url, 'allow').then((url) => url));
    const [account] = await at.orders.accounts();
    await at.orders.setAccount(account?.id ?? '', 'INITIATED');
    const early = await browser.send(at2.href);
    expect([early.status, (await wait(connection_request_id)).status]).toEqual([400, 'pending']);
    const forged = await at.browser(null).send(at2.href);
    expect([forged.status, (await wait(connection_request_id)).status]).toEqual([403, 'pending']);
    const other = new URL(at2);
    other.searchParams.set('state', `${connection_request_id}.${'x'.repeat(43)}`);
    expect((await browser.send(other.href)).status).toBe(400);
    await at.orders.setAccount(account?.id ?? '', 'ACTIVE');
    const done = new URL(at2);
    done.searchParams.set('status', 'failed');
    expect((await browser.send(done.href)).status).toBe(303);
    expect((await wait(connection_request_id)).status).toBe('succeeded');
  });

  it('is refused by a person, told, and found by the job when nobody comes back', async () => {
    const { ada } = at.cast;
    const denied = await begin();
    const browser = at.browser(ada);
    const back = await at.decide(browser, denied.redirect_url, 'deny');
    const refused = await browser.send(back);
    expect([refused.status, await refused.text()]).toEqual([
      403,
      expect.stringContaining('name="toolkit_slug" value="gmail"'),
    ]);
    expect(await wait(denied.connection_request_id)).toMatchObject({ status: 'denied' });
    const left = await begin();
    await at.decide(at.browser(ada), left.redirect_url);
    await sql('update authorization_requests set next_poll_at = now() where next_poll_at is not null');
    expect(await pollAuthorizations(at.hub)).toBe(1);
    expect(await wait(left.connection_request_id)).toMatchObject({
      status: 'succeeded',
      connection: { status: 'active' },
    });
    expect(await pollAuthorizations(at.hub)).toBe(0);
  });

  it('is not connected for somebody who was removed while the broker’s page was open', async () => {
    const { ada, dan } = at.cast;
    const begun = await begin(dan, { user_id: 'me' });
    await at.decide(at.browser(dan), begun.redirect_url);
    const { data } = (await at.json(ada, 'GET', '/api/members')).body;
    const member = data.find((each: { user: { id: string } }) => each.user.id === dan.id);
    expect((await at.json(ada, 'DELETE', `/api/members/${member.id}`)).status).toBe(204);
    await sql('update authorization_requests set next_poll_at = now() where next_poll_at is not null');
    expect(await pollAuthorizations(at.hub)).toBe(1);
    expect(await sql('select 1 from connections where auth_config_id is not null')).toEqual([]);
    expect(await at.orders.accounts()).toEqual([]);
  });

  it('is begun once, and connected anew in place', async () => {
    const { ada } = at.cast;
    const all = await Promise.all(Array.from({ length: 4 }, () => begin()));
    expect(new Set(all.map((each) => each.connection_request_id)).size).toBe(1);
    expect(await at.postsTo('/api/v3.1/auth_configs')).toBe(1);
    const finish = async (url: string) => {
      const browser = at.browser(ada);
      await browser.send(await at.decide(browser, url));
    };
    await finish(all[0]?.redirect_url ?? '');
    const first = await wait(all[0]?.connection_request_id ?? '');
    const second = await begin();
    await finish(second.redirect_url);
    const after = await wait(second.connection_request_id);
    expect(after.connection.id).toBe(first.connection.id);
    expect(after.connection.external_account_id).not.toBe(first.connection.external_account_id);
    expect((await at.orders.accounts()).length).toBe(1);
  });

  it('says when no application is there, and makes a managed one again that was deleted', async () => {
    const { ada } = at.cast;
    const none = await at.json(ada, 'POST', '/api/connections/oauth/initiate', {
      connector_id: at.connectorId,
      toolkit_slug: 'zoho',
    });
    expect([none.status, Object.keys(none.body.errors)]).toEqual([422, ['auth_config_id']]);
    const { redirect_url } = await begin();
    const [config] = (await sql('select * from auth_configs')) as unknown as { external_id: string }[];
    await at.orders.deleteAuthConfig(config?.external_id ?? '');
    const browser = at.browser(ada);
    expect((await browser.send(await at.decide(browser, redirect_url))).status).toBe(303);
    const [again] = (await sql('select * from auth_configs')) as unknown as { external_id: string }[];
    expect(again?.external_id).not.toBe(config?.external_id);
  });
});

describe('the health of an account', () => {
  const health = async (id: string) => {
    await sql('update connections set health_checked_at = null');
    return (await at.json(at.cast.ada, 'GET', `/api/connections/${id}/health?refresh=true`)).body;
  };
  const read = async (id: string) => (await at.json(at.cast.ada, 'GET', `/api/connections/${id}`)).body;

  it('is what the broker says of it', async () => {
    const { body: made } = await at.connectTrello(at.cast.ada);
    expect((await health(made.id)).status).toBe('healthy');
    for (const [status, ours] of [
      ['EXPIRED', 'expired'],
      ['FAILED', 'failed'],
      ['INACTIVE', 'inactive'],
      ['ACTIVE', 'active'],
    ] as const) {
      await at.orders.setAccount(
        made.external_account_id,
        status,
        status === 'ACTIVE' ? undefined : 'The token ended.',
      );
      await health(made.id);
      const row = await read(made.id);
      expect([row.status, row.status_reason]).toEqual([
        ours,
        ours === 'active' ? null : expect.stringContaining('The token ended'),
      ]);
    }
    await at.broker.control.reset();
    await health(made.id);
    expect(await read(made.id)).toMatchObject({
      status: 'revoked',
      status_reason: expect.stringContaining('deleted at Composio'),
    });
  });

  it('does not blame the account for the broker’s troubles', async () => {
    const { body: made } = await at.connectTrello(at.cast.ada);
    await at.broker.control.fault('status', {
      path: '/api/v3.1/connected_accounts/*',
      status: 401,
      body: { error: { message: 'no' } },
    });
    await health(made.id);
    expect(await read(made.id)).toMatchObject({ status: 'active' });
    await at.broker.control.clearFaults();
  });

  it('changes by a signed report of the broker', async () => {
    const { body: made } = await at.connectTrello(at.cast.ada);
    await at.orders.setAccount(made.external_account_id, 'EXPIRED', 'The token ended.');
    const [, event] = await import('../../sandbox/composio-orders.ts').then(async ({ signedEvent }) => {
      const [account] = await at.orders.accounts();
      return [null, (more = {}) => signedEvent({ secret: webhookSecret, account: account as never, ...more })] as const;
    });
    const send = async (more: object = {}, body?: string) => {
      const signed = event(more);
      const init = { method: 'POST', headers: signed.headers, body: body ?? signed.body };
      return (
        await at.app.request(`http://hub.localhost/connections/webhook/${at.connectorId}`, init, {
          incoming: { socket: { remoteAddress: '127.0.0.1' } },
        })
      ).status;
    };
    expect(await send({ secret: 'another-secret-0001' })).toBe(401);
    expect(await send({}, '{}')).toBe(401);
    expect(await send({ at: Math.floor(Date.now() / 1000) - 3600 })).toBe(401);
    expect((await read(made.id)).status).toBe('active');
    expect(await send()).toBe(204);
    expect(await read(made.id)).toMatchObject({
      status: 'expired',
      status_reason: expect.stringContaining('The token ended'),
    });
    expect(await send({ type: 'composio.trigger.message' })).toBe(204);
  });
});
