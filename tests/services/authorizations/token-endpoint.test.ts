import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OAuthProvider } from '../../../src/drivers/driver.ts';
import { ServiceError } from '../../../src/drivers/driver.ts';
import { completeAuthorization } from '../../../src/services/authorizations/authorization-callback.ts';
import { client, connect, type OauthStage, oauthService, oauthStage, toCallback } from '../../support/oauth.ts';

/** Services that break the standard, each in one way, with the same server behind them. */
const quirks: Record<string, OAuthProvider['quirks']> = {
  strict: undefined,
  untyped: { tokenType: 'bearer' },
  form: { formEncoded: true },
  okfalse: { errorsAs200: 'ok_false', errorCodes: { code_already_used: 'invalid_grant' } },
  nested: { nestedToken: 'authed_user', tokenType: 'bearer' },
};

let hub: OauthStage;
let canary: { url: string; server: Server; hits: number };
beforeAll(async () => {
  const drivers = Object.entries(quirks).map(([key, each]) => oauthService(key, { quirks: each, keep: ['team'] }));
  drivers.push(oauthService('raw', { clientAuth: 'basic_raw' }), oauthService('post', { clientAuth: 'post' }));
  hub = await oauthStage(drivers);
  canary = await startCanary();
});
afterAll(async () => {
  canary.server.close();
  await hub.close();
});
afterEach(() => hub.service.control.clearFaults());

/** A private address that nobody allowed. */
async function startCanary() {
  const seen = {
    url: '',
    server: createServer((_request, response) => {
      seen.hits += 1;
      response.end('{}');
    }),
    hits: 0,
  };
  await new Promise<void>((resolve) => seen.server.listen(0, '127.0.0.1', resolve));
  seen.url = `http://127.0.0.1:${(seen.server.address() as AddressInfo).port}/`;
  return seen;
}

/** What the person is told, and what whoever waits is, when the token endpoint does this. */
async function told(key = 'strict') {
  const id = await hub.connector({ key });
  const { connection_request_id, redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
  const done = await connect(hub.browser(hub.cast.ada), redirect_url);
  const { name } = await (await hub.as(hub.cast.ada, 'GET', `/api/connectors/${id}`)).json();
  const { status, message } = await hub.state(connection_request_id);
  return { id, name, status, message: String(message), page: done.status, text: await done.text() };
}

const faults: [string, () => Promise<unknown>, RegExp][] = [
  [
    'HTML',
    () => hub.service.control.fault('html', { path: '/token' }),
    /sent a web page instead of tokens \(HTTP 200\)/,
  ],
  [
    '200 with an error',
    () => hub.service.control.fault('error_in_200', { path: '/token' }),
    /does not accept what it was given for a token \(invalid_grant/,
  ],
  ['500', () => hub.service.control.fault('status', { path: '/token', status: 500 }), /failed \(HTTP 500\)/],
  [
    'an empty answer',
    () => hub.service.control.fault('status', { path: '/token', status: 200, body: '' }),
    /sent an empty answer/,
  ],
  ['a connection that is cut', () => hub.service.control.fault('drop', { path: '/token' }), /broke off/],
  [
    'a redirect to a private address',
    () => hub.service.control.fault('redirect', { path: '/token', location: canary.url, status: 307 }),
    /sent a redirect instead of tokens/,
  ],
  ['100 MB', () => hub.service.control.fault('huge', { path: '/token' }), /gave no tokens\. The answer/],
  [
    'a token without a type',
    () => hub.service.control.fault('no_token_type', { path: '/token' }),
    /sent a token without a type/,
  ],
  [
    'a token of an odd type',
    () =>
      hub.service.control.fault('status', {
        path: '/token',
        status: 200,
        body: { access_token: 'x', token_type: 'mac' },
      }),
    /of the unknown type “mac”/,
  ],
  ['a form', () => hub.service.control.fault('form_encoded', { path: '/token' }), /sent something that is not JSON/],
  [
    'no token',
    () => hub.service.control.fault('status', { path: '/token', status: 200, body: { token_type: 'bearer' } }),
    /without an access token/,
  ],
  ['a list', () => hub.service.control.fault('status', { path: '/token', status: 200, body: [] }), /instead of tokens/],
  [
    'a scope that is no text',
    () =>
      hub.service.control.fault('status', {
        path: '/token',
        status: 200,
        body: { access_token: 'x', token_type: 'bearer', scope: 7 },
      }),
    /breaks the standard/,
  ],
  [
    'a wrong client',
    () =>
      hub.service.control.register({ ...client, client_secret: 'another', redirect_uris: ['http://hub.localhost/*'] }),
    /does not accept the client ID and secret \(invalid_client/,
  ],
];

describe('a token endpoint that answers', () => {
  it.each(faults)(
    '%s is told in a sentence that names the connection, and leaves nothing behind',
    async (_what, fault, sentence) => {
      await fault();
      const { id, name, status, message, page, text } = await told();
      await hub.service.control.register({
        ...client,
        redirect_uris: ['http://hub.localhost/connections/oauth/callback*'],
      });
      expect([status, page]).toEqual(['failed', 400]);
      expect(message).toMatch(new RegExp(`^${name}: the token endpoint of id\\.example `));
      expect(message).toMatch(sentence);
      expect(text).toContain('Try again');
      expect(await hub.connections(id)).toEqual([]);
      expect(canary.hits).toBe(0);
    },
  );

  it('nothing is told after a while', async () => {
    await hub.service.control.fault('hang', { path: '/token' });
    const { name, message } = await told();
    expect(message).toContain(
      `${name}: the token endpoint of id.example gave no tokens. The service did not answer in time.`,
    );
  }, 60_000);

  it('a code twice is asked once only: the exchange is never repeated', async () => {
    await hub.service.control.clearRequests();
    await hub.service.control.fault('lose_answer', { path: '/token', times: 1 });
    expect((await told()).status).toBe('failed');
    expect(await hub.service.control.requests('/token')).toHaveLength(1);
  });
});

describe('a service’s own ways', () => {
  it.each([
    ['untyped', () => hub.service.control.fault('no_token_type', { path: '/token' })],
    ['form', () => hub.service.control.fault('form_encoded', { path: '/token' })],
    ['raw', async () => undefined],
    [
      'post',
      () =>
        hub.service.control.register({
          ...client,
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: ['http://hub.localhost/*'],
        }),
    ],
  ])('are read where its driver tells of them: %s', async (key, given) => {
    await given();
    const { status, id } = await told(key);
    await hub.service.control.register({ ...client, redirect_uris: ['http://hub.localhost/*'] });
    expect(status).toBe('succeeded');
    expect(await hub.connections(id)).toMatchObject([{ account_label: 'ada' }]);
  });

  it('ok: false is an error, in the words of the standard', async () => {
    const body = { ok: false, error: 'code_already_used' };
    await hub.service.control.fault('status', { path: '/token', status: 200, body });
    expect((await told('okfalse')).message).toContain(
      'does not accept what it was given for a token (code_already_used)',
    );
  });

  it('a token inside another member is found', async () => {
    await hub.service.control.fault('status', {
      path: '/token',
      status: 200,
      body: { ok: true, authed_user: { access_token: 'inner', token_type: 'user' } },
    });
    expect((await told('nested')).message).toMatch(/was authorised, but the service did not say for whom: .*401/);
  });
});

it('errors of token endpoints keep their cause for the log, and no secret', async () => {
  await hub.service.control.fault('error_in_200', { path: '/token' });
  const id = await hub.connector({ key: 'strict' });
  const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: id });
  const browser = hub.browser(hub.cast.ada);
  const callback = new URL(await toCallback(browser, redirect_url));
  const session = await hub.deps.identity.readSession(new Headers({ cookie: browser.cookie }));
  const visit = { hub: hub.hub, session, cookies: browser.cookie, requestId: 'test', ip: null, log: hub.hub.log };
  const outcome = await completeAuthorization(visit, { connectorId: id, query: callback.searchParams });
  if (!('refused' in outcome)) throw new Error('It was connected.');
  const cause = outcome.refused.cause as ServiceError;
  expect(cause).toBeInstanceOf(ServiceError);
  expect(cause).toMatchObject({ fault: 'credential', serviceCode: 'invalid_grant', permanent: true });
  expect(`${outcome.refused.stack}${cause.stack}`).not.toContain(String(callback.searchParams.get('code')));
});
