import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiSession, ctxOf, pageSession } from '../../src/routes/middleware/session.ts';
import { sameTenant } from '../../src/routes/middleware/tenant.ts';
import { type IdentityHub, identityHub, password } from '../services/people/identity-hub.ts';
import { from, tinyApp } from './tiny-app.ts';

let at: IdentityHub;
let cookie: string;
beforeAll(async () => {
  at = await identityHub();
  await at.makeTenant('Acme', 'ada@example.com');
  await at.makeTenant('Umbrella', 'cleo@example.com');
  cookie = await signIn('ada@example.com');
});
afterAll(() => at.drop());

let calls = 0;
async function signIn(email: string): Promise<string> {
  const { setCookies } = await at.identity.signIn({ email, password, ip: `192.0.2.${++calls}` });
  return setCookies[0]?.split(';')[0] ?? '';
}

function guarded({ basePath = '' } = {}) {
  const tiny = tinyApp();
  const hub = { ...at.hub, config: at.configFor(`http://127.0.0.1:3000${basePath}`) };
  const options = { hub, identity: at.identity };
  tiny.app.use(`${basePath}/api/*`, apiSession(options), sameTenant());
  tiny.app.use(`${basePath}/pages/*`, pageSession(options), sameTenant());
  tiny.app.all(`${basePath}/:kind/context`, (c) => {
    const { tenantId, actor, requestId, ip } = ctxOf(c);
    return c.json({ tenantId, actor, requestId, ip });
  });
  tiny.app.get('/unguarded', (c) => c.json(ctxOf(c)));
  return tiny;
}

describe('a session', () => {
  it.each(['/api/context', '/pages/context'])('makes the service context for %s', async (path) => {
    const { app, lines } = guarded();
    const response = await app.request(
      path,
      { headers: { cookie, 'x-request-id': 'trace-9876' } },
      from('203.0.113.9'),
    );
    expect(await response.json()).toEqual({
      tenantId: at.tenantId('Acme'),
      actor: { type: 'user', id: expect.any(String), name: 'ada', role: 'owner' },
      requestId: 'trace-9876',
      ip: '203.0.113.9',
    });
    expect(lines[0]).toMatchObject({ tenant_id: at.tenantId('Acme') });
  });

  it.each(['x-user-id', 'x-tenant-id', 'x-forwarded-user', 'authorization'])(
    'does not come from the header %s',
    async (name) => {
      const response = await guarded().app.request('/api/context', { headers: { [name]: at.tenantId('Acme') } });
      expect(response.status).toBe(401);
    },
  );

  it('must be there before a handler asks for the context', async () => {
    expect((await guarded().app.request('/unguarded')).status).toBe(500);
  });
});

describe('without a session', () => {
  it('the API answers 401', async () => {
    const response = await guarded().app.request('/api/context');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'not_signed_in' });
    expect(response.headers.has('location')).toBe(false);
  });

  it('a page goes to sign-in and remembers where it was', async () => {
    const response = await guarded().app.request('/pages/context?q=a%20b&tab=x');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`/signin?next=${encodeURIComponent('/pages/context?q=a%20b&tab=x')}`);
  });

  it('keeps the prefix of the base URL', async () => {
    const response = await guarded({ basePath: '/hub' }).app.request('/hub/pages/context');
    expect(response.headers.get('location')).toBe(`/hub/signin?next=${encodeURIComponent('/hub/pages/context')}`);
  });

  it('a fragment answers 401 and sends the page that it stands in to sign-in', async () => {
    const headers = { 'hx-request': 'true', 'hx-current-url': 'http://127.0.0.1:3000/catalog?q=git' };
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await guarded().app.request('/pages/context', { method, headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('hx-redirect')).toBe(`/signin?next=${encodeURIComponent('/catalog?q=git')}`);
      expect(response.headers.get('vary')).toBe('HX-Request');
      expect(await response.text()).toBe('');
    }
  });

  it('a form post comes back to the page that it was sent from, and is not repeated', async () => {
    const headers = { referer: 'http://127.0.0.1:3000/installed?status=active' };
    const response = await guarded().app.request('/pages/context', { method: 'POST', headers });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`/signin?next=${encodeURIComponent('/installed?status=active')}`);
  });

  it.each(['https://evil.example//evil.example', 'javascript:alert(1)', '//evil.example', 'nonsense', ''])(
    'goes home afterwards when the page claims to be %j',
    async (claimed) => {
      const response = await guarded().app.request('/pages/context', {
        method: 'POST',
        headers: { 'hx-request': 'true', 'hx-current-url': claimed },
      });
      expect(response.headers.get('hx-redirect')).toBe('/signin?next=%2F');
    },
  );

  it('the very next request after sign-out is refused', async () => {
    const mine = await signIn('ada@example.com');
    const { app } = guarded();
    expect((await app.request('/api/context', { headers: { cookie: mine } })).status).toBe(200);
    await at.identity.signOut(new Headers({ cookie: mine }));
    expect((await app.request('/api/context', { headers: { cookie: mine } })).status).toBe(401);
  });
});

it('tells a person without any workspace what to do', async () => {
  await at.makeMember('Acme', 'dan@example.com', 'admin');
  const dan = await signIn('dan@example.com');
  await at.hub.db.system.execute(
    `delete from members where user_id = (select id from users where email = 'dan@example.com')`,
  );
  for (const path of ['/api/context', '/pages/context']) {
    const response = await guarded().app.request(path, { headers: { cookie: dan } });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      detail: 'dan@example.com is not a member of any workspace. Ask an owner to add you.',
    });
  }
});

describe('a page that was made for another workspace', () => {
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    guarded().app.request('/pages/context', {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { cookie, ...headers },
    });

  it('is refused, by header and by form field', async () => {
    const other = at.tenantId('Umbrella');
    for (const response of [
      await post({}, { 'x-tenant': other }),
      await post({ _tenant: other }),
      await post({ _tenant: '' }),
      await guarded().app.request('/api/context', { headers: { cookie, 'x-tenant': other } }),
    ]) {
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({
        code: 'conflict',
        detail: expect.stringContaining('switched to Acme in another tab'),
      });
    }
  });

  it('is served when it names the right one, or none', async () => {
    const own = at.tenantId('Acme');
    for (const response of [
      await post({ _tenant: own }),
      await post({}, { 'x-tenant': own }),
      await post({}),
      await post({ other: 'x' }),
    ])
      expect(response.status).toBe(200);
  });
});
