import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Forgery, type HostileProvider, startHostileProvider } from '../sandbox/hostile-oidc-provider.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { freePort } from '../support/ports.ts';
import { textOf, Visitor } from '../support/sso-visitor.ts';

let provider: HostileProvider;
let hub: TestApp;
const settings = (): Record<string, string> => ({
  OIDC_ISSUER: provider.issuer,
  OIDC_CLIENT_ID: provider.clientId,
  OIDC_CLIENT_SECRET: provider.clientSecret,
  OIDC_NAME: 'Acme login',
  OIDC_CREATE_PEOPLE: 'yes',
});
const endpoints = (issuer: string) => ({
  OIDC_AUTHORIZATION_URL: `${issuer}/authorize`,
  OIDC_TOKEN_URL: `${issuer}/token`,
  OIDC_JWKS_URL: `${issuer}/jwks`,
});
beforeAll(async () => {
  provider = await startHostileProvider();
  hub = await testApp(settings());
});
afterEach(() => provider.reset());
afterAll(async () => {
  await hub?.close();
  await provider?.close();
});

/** To the provider, and back with what it would have said. */
async function back(visitor: Visitor, more: Record<string, string> = { code: 'any-code' }) {
  const asked = new URL(await visitor.begin('/activity'));
  provider.nonce = asked.searchParams.get('nonce') ?? '';
  const query = new URLSearchParams({ state: asked.searchParams.get('state') ?? '', ...more });
  return visitor.send(`/api/auth/callback/sso?${query}`);
}
const expectRefused = async (visitor: Visitor, response: Response, status: number, said: string) => {
  expect([response.status, await textOf(response)]).toEqual([status, expect.stringContaining(said)]);
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(await visitor.whoAmI()).toBeNull();
};
const count = async () =>
  JSON.stringify(
    await hub.database.db.system.execute(
      sql`select (select count(*) from users) as users, (select count(*) from sessions) as sessions, (select count(*) from accounts) as accounts`,
    ),
  );
const now = () => Math.floor(Date.now() / 1000);

it('lets in whoever comes with a token that is right', async () => {
  const visitor = new Visitor(hub);
  expect((await back(visitor)).headers.get('location')).toBe('/activity');
  expect(await visitor.whoAmI()).toBe('mallory@acme.example');
  const [token] = provider.asked.filter((each) => each.includes('/token'));
  const basic = Buffer.from(`patchbay:${provider.clientSecret.replaceAll('-', '%2D')}`).toString('base64');
  expect(token).toContain(`Basic ${basic}`);
  expect(new URLSearchParams(token?.split(' ').at(-1)).get('code_verifier')).toMatch(/^[\w-]{43}$/);
});

it('takes a clock that is a little off', async () => {
  provider.forgery = { claims: { iat: now() + 10, exp: now() - 10 } };
  expect((await back(new Visitor(hub))).status).toBe(303);
});

describe('a token that is wrong', () => {
  const forgeries: [string, () => Forgery][] = [
    ['is signed by an unknown key', () => ({ key: 'other' })],
    ['names a key that nobody published', () => ({ header: { kid: 'key-of-mallory' } })],
    ['is not signed', () => ({ key: 'none' })],
    ['is signed with the client’s secret', () => ({ key: 'secret' })],
    ['says RS256 and is signed with nothing', () => ({ key: 'none', header: { alg: 'RS256' } })],
    ['was changed after it was signed', () => ({ spoil: changed })],
    ['is no token', () => ({ spoil: () => 'not-a-token' })],
    ['is encrypted for nobody', () => ({ spoil: () => 'a.b.c.d.e' })],
    ['demands what we do not know', () => ({ header: { crit: ['x'], x: 1 } })],
    ['is for another nonce', () => ({ claims: { nonce: 'another' } })],
    ['has no nonce', () => ({ claims: { nonce: undefined } })],
    ['is for another client', () => ({ claims: { aud: 'somebody-else' } })],
    ['is for several clients, and was issued to another', () => ({ claims: { aud: ['patchbay', 'x'], azp: 'x' } })],
    ['is of another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
    ['has expired', () => ({ claims: { exp: now() - 60 } })],
    ['never expires', () => ({ claims: { exp: undefined } })],
    ['is not valid yet', () => ({ claims: { nbf: now() + 120 } })],
    ['names nobody', () => ({ claims: { sub: undefined } })],
    ['names somebody without a name', () => ({ claims: { sub: '' } })],
    ['names somebody by a name without end', () => ({ claims: { sub: 'x'.repeat(256) } })],
    ['names a number', () => ({ claims: { sub: 7 } })],
  ];
  it.each(forgeries)('is refused when it %s', async (_what, forge) => {
    const before = await count();
    provider.forgery = forge();
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), 401, 'The answer of Acme login cannot be trusted');
    expect(await count()).toBe(before);
  });

  it('is refused when there is none', async () => {
    provider.instead.token = answer(200, 'application/json', '{"access_token":"x","token_type":"Bearer"}');
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), 401, 'cannot be trusted');
  });

  it('leaves its reason in the log, and nothing of itself', () => {
    const log = hub.logged.join('');
    for (const reason of [
      'signature verification failed',
      '\\"nonce\\" claim value',
      '\\"aud\\" (audience) claim value',
    ])
      expect(log).toContain(reason);
    for (const secret of ['eyJ', 'any-code', 'access-token-of-mallory', provider.clientSecret])
      expect(log).not.toContain(secret);
  });
});

/** Somebody else in the payload, under the signature that was there. */
function changed(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'victim' };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

describe('a provider that fails', () => {
  const nonsense = 'sent an answer that makes no sense';
  it.each([
    ['HTML', answer(200, 'text/html', '<h1>Welcome</h1>'), 503, nonsense],
    ['an error page', answer(500, 'text/html', '<h1>Oops</h1>'), 503, nonsense],
    ['broken JSON', answer(200, 'application/json', '{"access'), 503, nonsense],
    ['a redirect', answer(302, 'text/plain', ''), 503, nonsense],
    [
      'a refusal',
      answer(400, 'application/json', '{"error":"invalid_grant"}'),
      401,
      'refused the sign-in (invalid_grant)',
    ],
    ['a refusal with markup', answer(400, 'application/json', '{"error":"<b>x</b>"}'), 401, '(an unknown error)'],
    [
      'a refusal of the hub',
      answer(401, 'application/json', '{"error":"invalid_client"}'),
      503,
      'does not accept this hub',
    ],
  ])('answers with %s where the token should be', async (_what, reply, status, said) => {
    provider.instead.token = reply;
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), status, said);
  });

  it('asks the hub to authenticate', async () => {
    provider.instead.token = (res) => res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), 503, 'does not accept this hub');
  });

  it('breaks off', async () => {
    provider.instead.token = (res) => res.destroy();
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), 503, 'Acme login does not answer at the moment');
  });

  it('sends without end', async () => {
    provider.instead.token = (res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.write(`{"x":"${'x'.repeat(2 * 1024 * 1024)}`);
    };
    const visitor = new Visitor(hub);
    await expectRefused(visitor, await back(visitor), 503, 'Acme login');
  });

  it.each([
    ['access_denied', 401, 'did not let you in'],
    ['login_required', 401, 'refused the sign-in (login_required)'],
    ['server_error', 503, 'does not answer at the moment'],
    ['"><script>alert(1)</script>', 401, '(an unknown error)'],
  ])('sends people back with %s', async (error, status, said) => {
    const visitor = new Visitor(hub);
    const response = await back(visitor, { error, error_description: '<img src=x onerror=alert(1)>' });
    const page = await response.clone().text();
    expect(page).not.toContain('onerror');
    expect(page).not.toContain('<script>alert');
    await expectRefused(visitor, response, status, said);
  });

  it('does not tell its keys', async () => {
    const other = await testApp({ ...settings(), ...endpoints(provider.issuer) });
    provider.instead.jwks = answer(500, 'text/plain', 'x');
    const visitor = new Visitor(other);
    await expectRefused(visitor, await back(visitor), 503, nonsense);
    provider.instead.jwks = (res) => res.destroy();
    await expectRefused(visitor, await back(visitor), 503, 'does not answer');
    provider.reset();
    expect((await back(visitor)).status).toBe(303);
    await other.close();
  });
});

describe('the endpoints', () => {
  it('are asked for at the first sign-in, and again when there was no answer', async () => {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    const other = await testApp({ ...settings(), OIDC_ISSUER: issuer });
    const visitor = new Visitor(other);
    const down = await visitor.send('/api/auth/sso/start');
    expect([down.status, await textOf(down)]).toEqual([503, expect.stringContaining('Acme login does not answer')]);

    const late = await startHostileProvider(port);
    for (const [metadata, said] of [
      [{ issuer: 'https://evil.example' }, nonsenseOf()],
      [{ token_endpoint: undefined }, nonsenseOf()],
      [{ token_endpoint: 'http://login.example.com/token' }, nonsenseOf()],
    ] as const) {
      late.metadata = metadata;
      const wrong = await visitor.send('/api/auth/sso/start');
      expect([wrong.status, await textOf(wrong)]).toEqual([503, expect.stringContaining(said)]);
    }
    late.reset();
    expect(await visitor.begin()).toContain(`${issuer}/authorize?`);
    expect(await visitor.begin()).toContain(`${issuer}/authorize?`);
    expect(late.asked.filter((each) => each.includes('discovery'))).toHaveLength(1);
    await Promise.all([late.close(), other.close()]);
  });

  it('may be given, so that nothing is asked for', async () => {
    const other = await testApp({ ...settings(), ...endpoints(provider.issuer), OIDC_CLIENT_AUTH: 'post' });
    const visitor = new Visitor(other);
    expect((await back(visitor)).headers.get('location')).toBe('/activity');
    expect(provider.asked.map((each) => each.split(' ')[1])).toEqual(['/token', '/jwks']);
    expect(provider.asked[0]).toContain(`client_secret=${provider.clientSecret}`);
    for (const key of ['other', 'secret', 'none'] as const) {
      provider.forgery = { key };
      const again = new Visitor(other);
      expect((await back(again)).status).toBe(401);
    }
    await other.close();
  });

  it('tell by userinfo what is not in the token, and nobody else’s', async () => {
    provider.forgery = { claims: { email: undefined, email_verified: undefined, sub: 'nora' } };
    provider.userinfo = { sub: 'nora', email: 'nora@acme.example', email_verified: true };
    const visitor = new Visitor(hub);
    expect((await back(visitor)).status).toBe(303);
    expect(await visitor.whoAmI()).toBe('nora@acme.example');
    provider.userinfo = { sub: 'ada', email: 'ada@example.com', email_verified: true };
    const other = new Visitor(hub);
    await expectRefused(other, await back(other), 401, 'cannot be trusted');
  });
});

const nonsenseOf = () => 'sent an answer that makes no sense';

it('shows a page of its own without a provider', async () => {
  const plain = await testApp();
  const visitor = new Visitor(plain);
  for (const path of ['/api/auth/sso/start', '/api/auth/callback/sso?code=x&state=y', '/signin/connection']) {
    const response = await visitor.send(path);
    expect([response.status, await textOf(response)]).toEqual([
      404,
      expect.stringContaining('is not set up on this hub'),
    ]);
  }
  expect(await (await visitor.send('/signin')).text()).not.toContain('sso/start');
  await plain.close();
});

it('works below a path, and where people are not made', async () => {
  const other = await testApp({ ...settings(), BASE_URL: 'http://hub.test/hub', OIDC_CREATE_PEOPLE: 'no' });
  const visitor = new Visitor(other);
  const started = await visitor.send('/hub/api/auth/sso/start');
  const asked = new URL(started.headers.get('location') ?? '');
  expect(asked.searchParams.get('redirect_uri')).toBe('http://hub.test/hub/api/auth/callback/sso');
  expect(started.headers.get('set-cookie')).toContain('Path=/hub; HttpOnly; SameSite=Lax');
  provider.nonce = asked.searchParams.get('nonce') ?? '';
  const query = new URLSearchParams({ state: asked.searchParams.get('state') ?? '', code: 'x' });
  const response = await visitor.send(`/hub/api/auth/callback/sso?${query}`);
  expect([response.status, await textOf(response)]).toEqual([
    403,
    expect.stringContaining('Nobody here has the e-mail address mallory@acme.example'),
  ]);
  await other.close();
});
