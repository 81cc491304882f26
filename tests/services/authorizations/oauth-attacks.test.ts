import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registerApplication } from '../../../src/services/authorizations/oauth-applications.ts';
import { systemDoer } from '../../../src/services/system.ts';
import type { Json } from '../../support/app.ts';
import type { Person } from '../../support/cast.ts';
import { agree, connect, type OauthStage, oauthService, oauthStage, toCallback } from '../../support/oauth.ts';
import { textOf } from '../../support/sso-visitor.ts';

// The attacks that felled integration platforms (USENIX Security 2025: COAT, CORF; IEEE S&P 2026: COSF) and those that RFC 9700
// names. Each ends with nothing stored.

let hub: OauthStage;
beforeAll(async () => {
  hub = await oauthStage([oauthService('id'), oauthService('plain', { pkce: false, sendsIssuer: false })]);
});
afterAll(() => hub.close());
beforeEach(async () => {
  await hub.service.control.clearRequests();
  await hub.other.control.clearRequests();
});

/** Somebody has begun, agreed here and at the service; the answer is on its way. */
async function underWay(
  person: Person = hub.cast.ada,
  changes: Parameters<OauthStage['connector']>[0] = {},
  hint = '',
) {
  const id = await hub.connector(changes);
  const { connection_request_id, redirect_url } = await hub.begin(person, { connector_id: id });
  const browser = hub.browser(person);
  const callback = await toCallback(browser, redirect_url, hint);
  return { id, request: connection_request_id, startUrl: redirect_url, browser, callback };
}

const changed = (callback: string, change: (query: URLSearchParams) => void): string => {
  const url = new URL(callback);
  change(url.searchParams);
  return url.href;
};

/** It was refused, in words, and there is no connection; no code was sent to any token endpoint. */
async function expectRefused(answer: Response, status: number, title: string, ...connectors: string[]) {
  expect([answer.status, await textOf(answer.clone())]).toEqual([status, expect.stringContaining(title)]);
  for (const id of connectors) expect(await hub.connections(id)).toEqual([]);
  expect(await hub.service.control.requests('/token')).toEqual([]);
  expect(await hub.other.control.requests('/token')).toEqual([]);
}

const misfit = 'This answer does not fit';

describe('state (RFC 9700, section 4.7)', () => {
  it.each<[string, (query: URLSearchParams) => void]>([
    ['missing', (query) => query.delete('state')],
    ['empty', (query) => query.set('state', '')],
    ['of nobody', (query) => query.set('state', '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78.AAAA')],
    ['without its secret', (query) => query.set('state', String(query.get('state')).split('.')[0] ?? '')],
    [
      'with another secret',
      (query) => query.set('state', `${String(query.get('state')).split('.')[0]}.${'A'.repeat(43)}`),
    ],
    ['twice', (query) => query.append('state', String(query.get('state')))],
    ['that is no text for a database', (query) => query.set('state', "'; drop table connections; --.x")],
  ])('%s is refused, and the right answer still works', async (_what, change) => {
    const { id, browser, callback } = await underWay();
    await expectRefused(await browser.send(changed(callback, change)), 400, misfit, id);
    expect((await browser.send(callback)).status).toBe(303);
  });

  it('of another authorisation of the same person is refused', async () => {
    const [one, two] = [await underWay(), await underWay()];
    const swapped = changed(one.callback, (query) =>
      query.set('state', String(new URL(two.callback).searchParams.get('state'))),
    );
    await expectRefused(await one.browser.send(swapped), 400, misfit, one.id, two.id);
  });

  it('replayed is refused: it works once, also after a failure', async () => {
    const first = await underWay();
    expect((await first.browser.send(first.callback)).status).toBe(303);
    const again = await first.browser.send(first.callback);
    expect([again.status, await textOf(again)]).toEqual([409, expect.stringContaining('Used already')]);
    expect(await hub.connections(first.id)).toHaveLength(1);
    const denied = await underWay(hub.cast.ada, {}, 'deny');
    await denied.browser.send(denied.callback);
    const code = changed(denied.callback, (query) => {
      query.delete('error');
      query.set('code', 'stolen');
    });
    expect((await denied.browser.send(code)).status).toBe(409);
    expect(await hub.connections(denied.id)).toEqual([]);
  });

  it('of a start page that was left and opened again is the newest one alone', async () => {
    const { id, browser, callback, startUrl } = await underWay();
    const second = await toCallback(browser, startUrl);
    await expectRefused(await browser.send(callback), 400, misfit, id);
    expect((await browser.send(second)).status).toBe(303);
  });
});

describe('mix-up (RFC 9207)', () => {
  it.each<[string, (query: URLSearchParams) => void]>([
    ['another issuer', (query) => query.set('iss', 'https://other.example')],
    ['the address of a stand-in of another service', (query) => query.set('iss', hub.other.url)],
    ['no issuer, though the service always names itself', (query) => query.delete('iss')],
    ['two issuers', (query) => query.append('iss', 'https://other.example')],
    ['an issuer that is no address', (query) => query.set('iss', 'id.example')],
    ['the issuer with another path', (query) => query.set('iss', 'https://id.example/tenant')],
  ])('with %s is refused before the code is sent anywhere', async (_what, change) => {
    const { id, browser, callback } = await underWay();
    await expectRefused(await browser.send(changed(callback, change)), 400, misfit, id);
  });

  it('is refused where the service does not name itself usually, but another one does', async () => {
    const { id, browser, callback } = await underWay(hub.cast.ada, { key: 'plain' }).catch(() => ({
      id: '',
      browser: null,
      callback: '',
    }));
    // That server asks for PKCE, so without it there is an error in the answer; the issuer is looked at first.
    if (!browser) throw new Error('It could not be begun.');
    const foreign = changed(callback, (query) => query.set('iss', 'https://evil.example'));
    await expectRefused(await browser.send(foreign), 400, misfit, id);
  });
});

describe('COAT: cross-app account takeover', () => {
  it('a code of one service that comes to the connector of another is not sent to that one’s token endpoint', async () => {
    const evil = await underWay(hub.cast.ada, { origin: 'https://other.example' });
    const good = await underWay();
    // The other service’s sign-in page has sent the browser on to the good one, with its own state.
    const mixed = changed(evil.callback, (query) => {
      query.set('code', String(new URL(good.callback).searchParams.get('code')));
      query.set('iss', hub.service.url);
    });
    await expectRefused(await evil.browser.send(mixed), 400, misfit, evil.id);
  });

  it('an answer for one connector is not taken at the address of another, nor at the one for all', async () => {
    const [good, evil] = [await underWay(), await hub.connector({ origin: 'https://other.example' })];
    const elsewhere = good.callback.replace(good.id, evil);
    await expectRefused(await good.browser.send(elsewhere), 400, misfit, good.id, evil);
    const shared = good.callback.replace(`/${good.id}`, '');
    await expectRefused(await good.browser.send(shared), 400, misfit, good.id);
    expect((await good.browser.send(good.callback)).status).toBe(303);
  });

  it('the operator’s application goes to the service’s usual address alone, whatever a tenant enters', async () => {
    const input = { client_id: 'for-all', client_secret: 'for-all-secret-1', scopes: ['read'] };
    await hub.service.control.register({
      ...input,
      redirect_uris: ['http://hub.localhost/connections/oauth/callback'],
      scopes: undefined,
    });
    await hub.other.control.register({
      ...input,
      redirect_uris: ['http://hub.localhost/connections/oauth/callback*'],
      scopes: undefined,
    });
    await registerApplication({ hub: hub.hub, ...systemDoer('test'), log: hub.hub.log } as never, 'id', input);
    const own = await underWay(hub.cast.ada, { client: {} });
    expect(own.callback).toContain('http://hub.localhost/connections/oauth/callback?');
    expect((await own.browser.send(own.callback)).status).toBe(303);
    expect(await hub.connections(own.id)).toHaveLength(1);
    await hub.service.control.clearRequests();
    const evil = await underWay(hub.cast.ada, { origin: 'https://other.example', client: {} });
    await expectRefused(await evil.browser.send(evil.callback), 400, 'The service did not connect', evil.id);
  });
});

describe('CORF: cross-app request forgery', () => {
  it('an answer that an attacker got is not taken in a victim’s browser, signed in or not', async () => {
    const { ada, dan } = hub.cast;
    const attack = await underWay(dan, {}, 'mallory');
    for (const victim of [hub.browser(ada), hub.browser(null), hub.browser(dan)])
      await expectRefused(await victim.send(attack.callback), 403, 'Started in another browser', attack.id);
  });

  it('looking at the start page begins nothing: only agreeing does, and not from another site', async () => {
    const id = await hub.connector();
    const { redirect_url, connection_request_id } = await hub.begin(hub.cast.ada, { connector_id: id });
    const page = await hub.browser(hub.cast.ada).send(redirect_url);
    expect(page.headers.getSetCookie().join()).not.toContain('patchbay.connect');
    const { pathname } = new URL(redirect_url);
    const forged = await hub.post(
      hub.cast.ada,
      pathname,
      {},
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    );
    expect(forged.status).toBe(403);
    const [row] = (await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(`select started_at from authorization_requests where id = '${connection_request_id}'`),
    )) as Json[];
    expect(row.started_at).toBeNull();
  });
});

describe('COSF: cross-user session fixation', () => {
  it('whoever is sent the address at the service connects nothing: the answer belongs to another browser', async () => {
    const { ada, dan } = hub.cast;
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(dan, { connector_id: id });
    const atService = await agree(hub.browser(dan), redirect_url);
    const victim = hub.browser(ada);
    const callback = await victim.throughProvider(atService);
    await expectRefused(await victim.send(callback), 403, 'Started in another browser', id);
  });

  it('whoever is sent the start page is not the one who began', async () => {
    const { ada, dan, ben, cleo } = hub.cast;
    const id = await hub.connector({ personal: true });
    const { redirect_url } = await hub.begin(dan, { connector_id: id });
    for (const victim of [ada, ben]) {
      const browser = hub.browser(victim);
      for (const answer of [await browser.send(redirect_url), await browser.send(redirect_url, { form: {} })])
        await expectRefused(answer, 403, 'Dan started this authorisation', id);
    }
    expect((await hub.browser(cleo).send(redirect_url)).status).toBe(404);
    const personal = await hub.begin(dan, { connector_id: id, user_id: 'me' });
    await expectRefused(await hub.browser(ada).send(personal.redirect_url), 403, 'another person’s own connection', id);
  });

  it('what an API key began goes on with the person that it is for, or an admin who agrees', async () => {
    const { ada, ben, cleo } = hub.cast;
    const id = await hub.connector({ personal: true });
    const made = await hub.as(ada, 'POST', '/api/api-keys', {
      name: `For ${id}`,
      role: 'admin',
      scopes: ['connections:write', 'connections:read'],
    });
    const bearer = { authorization: `Bearer ${(await made.json()).key}` };
    const forAll = await hub.begin(null as never, { connector_id: id }, bearer);
    expect((await hub.browser(ben).send(forAll.redirect_url)).status).toBe(403);
    expect((await hub.browser(cleo).send(forAll.redirect_url)).status).toBe(404);
    expect((await hub.browser(null).send(forAll.redirect_url)).headers.get('location')).toContain('/signin');
    const forBen = await hub.begin(null as never, { connector_id: id, user_id: ben.id }, bearer);
    expect((await hub.browser(ada).send(forBen.redirect_url)).status).toBe(403);
    expect((await connect(hub.browser(ben), forBen.redirect_url, 'ben')).status).toBe(303);
    expect(await hub.connections(id)).toMatchObject([{ user_id: ben.id, account_label: 'ben' }]);
  });

  it('the answer is not taken from another signed-in person, nor from nobody, in the very browser', async () => {
    const { dan, cleo } = hub.cast;
    const { id, browser, callback } = await underWay();
    browser.as(dan);
    await expectRefused(await browser.send(callback), 403, 'You are signed in as Dan', id);
    browser.as(cleo);
    await expectRefused(await browser.send(callback), 400, misfit, id);
    await browser.send('/signout', { form: {} });
    const signedOut = await browser.send(callback);
    await expectRefused(signedOut, 401, 'You are not signed in', id);
    browser.as(hub.cast.dan);
    await expectRefused(await browser.send(callback), 403, 'Not yours to go on with', id);
  });

  it('a role that was lost meanwhile counts', async () => {
    const { dan, ada } = hub.cast;
    const { id, browser, callback } = await underWay(dan);
    const role = (to: string) =>
      hub.hub.db.system.execute(
        `update members set role = '${to}' where user_id = '${dan.id}' and organization_id = '${ada.tenantId}'`,
      );
    await role('member');
    await expectRefused(await browser.send(callback), 403, 'Not yours to go on with', id);
    await role('admin');
  });
});

describe('PKCE downgrade (RFC 9700, section 4.8.2)', () => {
  it('an address without its challenge ends at the service, and here', async () => {
    const id = await hub.connector();
    const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
    const browser = hub.browser(hub.cast.ada);
    const stripped = changed(await agree(browser, redirect_url), (query) => {
      query.delete('code_challenge');
      query.delete('code_challenge_method');
    });
    await expectRefused(await browser.send(await browser.throughProvider(stripped)), 400, 'invalid_request', id);
  });

  it('a code that was made for another challenge is refused by the service: the verifier goes along always', async () => {
    const { ada } = hub.cast;
    const id = await hub.connector();
    const [one, two] = [await hub.begin(ada, { connector_id: id }), await hub.begin(ada, { connector_id: id })];
    const browser = hub.browser(ada);
    const [mine, stolen] = [
      await toCallback(browser, one.redirect_url),
      await toCallback(hub.browser(ada), two.redirect_url),
    ];
    const injected = changed(mine, (query) => query.set('code', String(new URL(stolen).searchParams.get('code'))));
    const answer = await browser.send(injected);
    expect([answer.status, await textOf(answer)]).toEqual([400, expect.stringContaining('invalid_grant')]);
    expect(await hub.connections(id)).toEqual([]);
  });
});

describe('open redirect', () => {
  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/%2f%2fevil.example',
    '/..//evil.example',
    'http:evil.example',
    'installed',
    '',
    '/\u0000',
    'http://hub.localhost@evil.example/',
    '/%5cevil.example',
  ])('return_to %j is refused', async (return_to) => {
    const id = await hub.connector();
    const answer = await hub.as(hub.cast.ada, 'POST', '/api/connections/oauth/initiate', {
      connector_id: id,
      return_to,
    });
    expect([answer.status, Object.keys((await answer.json()).errors)]).toEqual([422, ['return_to']]);
  });
});

describe('values from the service', () => {
  it('are shown as text', async () => {
    const script = '<img src=x onerror=alert(1)>';
    const { id, browser, callback } = await underWay();
    const hostile = changed(callback, (query) => {
      query.delete('code');
      query.set('error', `server_error${script}`);
      query.set('error_description', `${script}\u202e`);
    });
    const answer = await browser.send(hostile);
    const html = await answer.clone().text();
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    await expectRefused(answer, 400, 'The service did not connect', id);
  });

  it('a code that is none is told by the service, and not repeated here', async () => {
    const { id, browser, callback } = await underWay();
    const answer = await browser.send(changed(callback, (query) => query.set('code', '"><script>alert(1)</script>')));
    const html = await answer.text();
    expect([answer.status, html.includes('<script>alert')]).toEqual([400, false]);
    expect(await hub.connections(id)).toEqual([]);
  });
});
