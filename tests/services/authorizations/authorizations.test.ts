import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { expireAuthorizations } from '../../../src/services/authorizations/authorization-wait.ts';
import { currentCredential } from '../../../src/services/credentials/credentials.ts';
import { agree, client, connect, type OauthStage, oauthService, oauthStage, toCallback } from '../../support/oauth.ts';

let hub: OauthStage;
beforeAll(async () => {
  hub = await oauthStage([oauthService('id')]);
});
afterAll(() => hub.close());
beforeEach(async () => {
  await hub.service.control.reset();
  await hub.service.control.register({
    ...client,
    redirect_uris: ['http://hub.localhost/connections/oauth/callback*'],
  });
});

describe('an authorisation', () => {
  it('ends with a connection that knows its account, its scopes and its time', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(ada, { connector_id: id });
    expect(redirect_url).toBe(`http://hub.localhost/connections/oauth/start/${connection_request_id}`);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'pending', connection: null });

    const done = await connect(hub.browser(ada), redirect_url);
    expect([done.status, done.headers.get('location')]).toEqual([303, `/connectors/${id}`]);
    expect(await hub.state(connection_request_id)).toMatchObject({
      status: 'succeeded',
      connection: {
        connector_id: id,
        user_id: null,
        account_label: 'ada',
        external_account_id: 'ada',
        status: 'active',
      },
    });

    const [connection] = await hub.connections(id);
    expect(connection.scopes.sort()).toEqual(['read', 'write']);
    const inSeconds = (at: string) => (new Date(at).getTime() - Date.now()) / 1000;
    expect(inSeconds(connection.refresh_after)).toBeGreaterThan(2400);
    expect(inSeconds(connection.refresh_after)).toBeLessThan(3000);
    const credential = await hub.database.db.asTenant(ada.tenantId, (tx) =>
      currentCredential(tx, hub.ctx(ada), connection.id),
    );
    expect(credential).toMatchObject({
      value: { token_type: 'Bearer', access_token: expect.any(String), refresh_token: expect.any(String) },
      destinations: ['https://id.example'],
    });
    expect(inSeconds(String(credential?.row.expiresAt))).toBeGreaterThan(3500);
    const text = JSON.stringify(hub.logged);
    expect(text).not.toContain(String(credential?.value.access_token));
    expect(text).not.toContain('state=');
  });

  it('shows the account and the way to reconnect on the connector’s page', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const page = async () => (await hub.as(ada, 'GET', `/connectors/${id}`)).text();
    expect(await page()).toContain('No account is connected yet.');
    const { redirect_url } = await hub.begin(ada, { connector_id: id });
    await connect(hub.browser(ada), redirect_url);
    expect(await page()).toMatch(/<strong>ada<\/strong>[\s\S]*Reconnect/);
  });

  it('asks with PKCE, one secret state, the connector’s own address and nothing that it was not told to', async () => {
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
    const url = new URL(await agree(hub.browser(hub.cast.ada), redirect_url));
    expect(url.origin).toBe(hub.service.url);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: `http://hub.localhost/connections/oauth/callback/${id}`,
      scope: 'read write',
      state: expect.stringMatching(new RegExp(`^${connection_request_id}\\.[\\w-]{43}$`)),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  it('goes back to where it was told to', async () => {
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id, return_to: '/installed?q=x' });
    const done = await connect(hub.browser(hub.cast.ada), redirect_url);
    expect(done.headers.get('location')).toBe('/installed?q=x');
  });

  it('begins by a button, and asks whoever is not signed in to do that first', async () => {
    const id = await hub.connector();
    const browser = hub.browser(hub.cast.ada);
    const begun = await browser.send('/connections/oauth/requests', { form: { connector_id: id } });
    const start = begun.headers.get('location') ?? '';
    expect(start).toMatch(/^\/connections\/oauth\/start\//);
    const stranger = await hub.browser(null).send(start);
    expect(stranger.headers.get('location')).toBe(`/signin?next=${encodeURIComponent(start)}`);
    expect((await connect(browser, start)).status).toBe(303);
  });

  it('gives the same connection for the same account, and another one for another', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const once = async (hint: string) => {
      const { connection_request_id, redirect_url } = await hub.begin(ada, { connector_id: id });
      await connect(hub.browser(ada), redirect_url, hint);
      return (await hub.state(connection_request_id)).connection.id;
    };
    const first = await once('ada');
    expect(await once('ada')).toBe(first);
    expect(await once('ben')).not.toBe(first);
    const states = (await hub.credentials()).filter((row) => row.connection_id === first).map(({ state }) => state);
    expect(states.sort()).toEqual(['current', 'previous']);
  });

  it('is told to whoever waits, as soon as it has ended', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(ada, { connector_id: id });
    const waiting = hub.as(ada, 'POST', '/api/connections/oauth/wait', { connection_request_id, timeout_s: 60 });
    const started = Date.now();
    await connect(hub.browser(ada), redirect_url);
    expect(await (await waiting).json()).toMatchObject({ status: 'succeeded' });
    expect(Date.now() - started).toBeLessThan(25_000);
  });

  it('survives a restart, and may come back to another replica', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(ada, { connector_id: id });
    const browser = hub.browser(ada);
    const callback = await toCallback(browser, redirect_url);
    browser.moveTo({ app: createApp(hub.deps).app, deps: hub.deps });
    expect((await browser.send(callback)).status).toBe(303);
    expect(await hub.connections(id)).toHaveLength(1);
  });
});

describe('a connection of one’s own', () => {
  it('belongs to its person, where the connector allows that', async () => {
    const { ben, ada } = hub.cast;
    const id = await hub.connector({ personal: true });
    const { connection_request_id, redirect_url } = await hub.begin(ben, { connector_id: id, user_id: 'me' });
    await connect(hub.browser(ben), redirect_url, 'ben');
    const { connection } = await hub.state(connection_request_id, ben);
    expect(connection).toMatchObject({ user_id: ben.id, account_label: 'ben' });
    const others = await hub.begin(ada, { connector_id: id });
    await connect(hub.browser(ada), others.redirect_url, 'ben');
    expect((await hub.connections(id)).map(({ user_id }) => user_id).sort()).toEqual([ben.id, null].sort());
  });

  it('is refused where it does not, for others, and for the whole workspace without the role', async () => {
    const { ben, ada, cleo } = hub.cast;
    const [workspace, personal] = [await hub.connector(), await hub.connector({ personal: true })];
    const asks = async (person: typeof ben, body: object) => {
      const answer = await hub.as(person, 'POST', '/api/connections/oauth/initiate', body);
      return [answer.status, (await answer.json()).code];
    };
    expect(await asks(ben, { connector_id: workspace, user_id: 'me' })).toEqual([403, 'forbidden']);
    expect(await asks(ben, { connector_id: personal })).toEqual([403, 'forbidden']);
    expect(await asks(ben, { connector_id: personal, user_id: ada.id })).toEqual([403, 'forbidden']);
    expect(await asks(ada, { connector_id: personal, user_id: cleo.id })).toEqual([422, 'invalid_input']);
    expect(await asks(cleo, { connector_id: personal })).toEqual([404, 'not_found']);
  });
});

describe('reconnecting', () => {
  const established = async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(ada, { connector_id: id });
    await connect(hub.browser(ada), redirect_url, 'ada');
    return { id, connection: (await hub.state(connection_request_id)).connection };
  };

  it('keeps the connection, tells scopes gained and lost, and has its repositories read again', async () => {
    const { ada } = hub.cast;
    const { id, connection } = await established();
    const run = (text: string) => hub.database.db.asTenant(ada.tenantId, (tx) => tx.execute(text));
    await run(`update connections set scopes = '["read", "admin"]', status = 'expired' where id = '${connection.id}'`);
    await run(
      `insert into repository_syncs (tenant_id, id, connection_id, status, turn, started_at, due_at)
       values ('${ada.tenantId}', '${id}', '${connection.id}', 'failed', '${id}', now(), now() + interval '1 hour')`,
    );
    const { redirect_url } = await hub.begin(ada, { connector_id: id, connection_id: connection.id });
    const browser = hub.browser(ada);
    const done = await connect(browser, redirect_url, 'ada');
    const page = await (await browser.send(done.headers.get('location') ?? '')).text();
    expect(page).toContain('It may now also: write. It may no longer: admin.');
    expect(await hub.connections(id)).toMatchObject([{ id: connection.id, status: 'active' }]);
    expect(await run('select due_at <= now() as due from repository_syncs')).toEqual([{ due: true }]);
  });

  it('refuses another account, and changes nothing', async () => {
    const { ada } = hub.cast;
    const { id, connection } = await established();
    const before = [await hub.connections(id), await hub.credentials()];
    const { connection_request_id, redirect_url } = await hub.begin(ada, {
      connector_id: id,
      connection_id: connection.id,
    });
    const done = await connect(hub.browser(ada), redirect_url, 'ben');
    expect(done.status).toBe(409);
    const text = await done.text();
    expect(text).toContain('but ben was signed in at the service. Nothing was changed.');
    expect(text).toContain('Try again');
    expect([await hub.connections(id), await hub.credentials()]).toEqual(before);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'failed', error: 'other_account' });
  });

  it('says so when the connection was deleted meanwhile', async () => {
    const { ada } = hub.cast;
    const { id, connection } = await established();
    const { connection_request_id, redirect_url } = await hub.begin(ada, {
      connector_id: id,
      connection_id: connection.id,
    });
    const browser = hub.browser(ada);
    const callback = await toCallback(browser, redirect_url, 'ada');
    await hub.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(`delete from connections where id = '${connection.id}'`),
    );
    const done = await browser.send(callback);
    expect([done.status, await done.text()]).toEqual([410, expect.stringContaining('was deleted meanwhile')]);
    expect(await hub.connections(id)).toEqual([]);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'failed', error: 'deleted' });
  });
});

describe('an authorisation that comes to nothing', () => {
  it('was denied: the page says so and offers to try again', async () => {
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
    const browser = hub.browser(hub.cast.ada);
    const done = await connect(browser, redirect_url, 'deny');
    expect(done.status).toBe(403);
    expect(await done.text()).toMatch(/Access was denied[\s\S]*access_denied[\s\S]*Try again/);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'denied', error: 'denied' });
    const again = await browser.send('/connections/oauth/requests', { form: { connector_id: id } });
    expect((await connect(browser, again.headers.get('location') ?? '')).status).toBe(303);
  });

  it('took too long: at the start page, at the callback and for whoever waits', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const { connection_request_id, redirect_url } = await hub.begin(ada, { connector_id: id });
    const browser = hub.browser(ada);
    const callback = await toCallback(browser, redirect_url);
    await hub.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(
        `update authorization_requests set expires_at = now() - interval '1 second' where id = '${connection_request_id}'`,
      ),
    );
    for (const url of [redirect_url, callback]) {
      const answer = await browser.send(url);
      expect([answer.status, await answer.text()]).toEqual([
        410,
        expect.stringMatching(/The time to connect[\s\S]*Try again/),
      ]);
    }
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'expired' });
    expect(await expireAuthorizations(hub.hub)).toBeGreaterThan(0);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'expired', error: 'expired' });
    expect(await hub.connections(id)).toEqual([]);
  });

  it('was interrupted between the claim and the end: the job says so', async () => {
    const { ada } = hub.cast;
    const { connection_request_id } = await hub.begin(ada, { connector_id: await hub.connector() });
    await hub.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(
        `update authorization_requests set used_at = now(), expires_at = now() - interval '1 second' where id = '${connection_request_id}'`,
      ),
    );
    await expireAuthorizations(hub.hub);
    expect(await hub.state(connection_request_id)).toMatchObject({ status: 'failed', error: 'interrupted' });
  });

  it('took what the service says of scopes, times and accounts as no more than text', async () => {
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
    const browser = hub.browser(hub.cast.ada);
    const callback = await toCallback(browser, redirect_url);
    const scope = `read a\u0000b ${'x'.repeat(5_000)} ${Array.from({ length: 1_000 }, (_, n) => `s${n}`).join(' ')}`;
    const tokens = { access_token: 'abcdefgh', token_type: 'Bearer', scope, expires_in: 1e20 };
    await hub.service.control.fault('status', { status: 200, path: '/token', body: tokens, times: 1 });
    const account = { account: `ada\u0000\u202e${'y'.repeat(500)}` };
    await hub.service.control.fault('status', { status: 200, path: '/api/me', body: account, times: 1 });
    expect((await browser.send(callback)).status).toBe(303);
    const [made] = await hub.connections(id);
    expect(made?.scopes).toHaveLength(200);
    for (const each of [...(made?.scopes ?? []), made?.external_account_id, made?.account_label]) {
      expect(each).not.toMatch(/\p{C}/u);
      expect(each.length).toBeLessThanOrEqual(255);
    }
  });

  it('came twice at once: one of the two connects, the other is told', async () => {
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
    const browser = hub.browser(hub.cast.ada);
    const callback = await toCallback(browser, redirect_url);
    const before = (await hub.service.control.counts()).granted.authorization_code ?? 0;
    const answers = await Promise.all([browser.send(callback), browser.send(callback), browser.send(callback)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    expect(await hub.connections(id)).toHaveLength(1);
    expect((await hub.service.control.counts()).granted.authorization_code).toBe(before + 1);
  });

  it('has no OAuth application: that is said before anybody goes anywhere', async () => {
    const answer = await hub.as(hub.cast.ada, 'POST', '/api/connections/oauth/initiate', {
      connector_id: await hub.connector().then(async (id) => {
        await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
          tx.execute(`update connectors set auth = auth - 'client_id' - 'client_secret' where id = '${id}'`),
        );
        return id;
      }),
    });
    expect([answer.status, (await answer.json()).detail]).toEqual([
      409,
      expect.stringContaining('no OAuth application yet'),
    ]);
  });
});
