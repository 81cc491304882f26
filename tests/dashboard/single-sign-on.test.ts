import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { createIdentity } from '../../src/services/people/identity.ts';
import { createTenant } from '../../src/services/tenants/tenants.ts';
import { type SingleSignOnProvider, startSingleSignOnProvider } from '../sandbox/single-sign-on-provider.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { password } from '../support/cast.ts';
import { codeOf, turnOnFactor } from '../support/second-factor.ts';
import { textOf, Visitor } from '../support/sso-visitor.ts';

const person = (email: string, groups: unknown = ['staff'], more: object = {}) => ({
  email,
  email_verified: true,
  name: `${email.split('@')[0]} of Acme`,
  groups,
  ...more,
});

let provider: SingleSignOnProvider;
let hub: TestApp;
beforeAll(async () => {
  provider = await startSingleSignOnProvider({ redirectUri: 'http://hub.test/api/auth/callback/sso', people: {} });
  const roles = {
    staff: 'northwind:member',
    leads: ['northwind:admin', 'tailspin:member'],
    chiefs: 'northwind:owner',
    ghosts: 'no-such-workspace:member',
  };
  hub = await testApp({ ...provider.env, OIDC_ROLES: JSON.stringify(roles) });
});
afterEach(() => {
  for (const name of Object.keys(provider.people)) delete provider.people[name];
});
afterAll(async () => {
  await hub?.close();
  await provider?.close();
});

const arriving = (sub: string, claims: object) => {
  provider.people[sub] = claims as Record<string, unknown>;
  provider.person = sub;
  return new Visitor(hub);
};
const rows = <T extends Record<string, unknown>>(query: ReturnType<typeof sql>) =>
  hub.database.db.system.execute<T>(query);
const eventsOf = async (email: string) =>
  (
    await rows<{ kind: string }>(
      sql`select e.kind from account_events e join users u on u.id = e.user_id where u.email = ${email} order by e.id`,
    )
  ).map(({ kind }) => kind);
const rolesOf = async (email: string) =>
  Object.fromEntries(
    (
      await rows<{ slug: string; role: string }>(
        sql`select o.slug, m.role from members m join organizations o on o.id = m.organization_id
          join users u on u.id = m.user_id where u.email = ${email}`,
      )
    ).map(({ slug, role }) => [slug, role]),
  );
const auditOf = async (tenantId: string) =>
  [
    ...(await hub.database.db.asTenant(tenantId, (tx) =>
      tx.execute<{ said: string }>(
        sql`select actor_type || ' ' || actor_name || ' ' || action || ' ' || subject_name as said from audit_events order by id`,
      ),
    )),
  ].map(({ said }) => said);
const refused = async (answer: Response, status: number, ...said: string[]) => {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, expect.stringContaining('text/html')]);
  const text = await textOf(answer);
  for (const each of ['This sign-in did not work', 'Back to sign-in', ...said]) expect(text).toContain(each);
};

describe('signing in by the provider', () => {
  it('is offered on the sign-in page, with the page that was asked for', async () => {
    const page = await (await new Visitor(hub).send('/signin?next=/activity')).text();
    expect(page).toContain('href="/api/auth/sso/start?next=%2Factivity"');
    expect(page).toContain('Sign in with Acme login');
  });

  it('asks with PKCE, state and nonce, for the one address to come back to', async () => {
    const visitor = new Visitor(hub);
    const asked = new URL(await visitor.begin('/activity'));
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      client_id: 'patchbay',
      response_type: 'code',
      redirect_uri: 'http://hub.test/api/auth/callback/sso',
      scope: 'openid profile email groups',
      state: expect.stringMatching(/^[\w-]{32}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    // What the database keeps is not enough to answer in somebody's place.
    const [kept] = await rows<{ all: string }>(sql`select jsonb_agg(v)::text as all from verifications v`);
    for (const secret of ['state', 'nonce', 'code_challenge'])
      expect(kept?.all).not.toContain(asked.searchParams.get(secret) as string);
  });

  it('makes an account at the first time, and finds it by the provider’s name for them ever after', async () => {
    const visitor = arriving('u-1', person('mia@acme.example'));
    const answer = await visitor.signIn('/activity?q=x');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/activity?q=x']);
    expect(await visitor.whoAmI()).toBe('mia@acme.example');
    expect(await rolesOf('mia@acme.example')).toEqual({ northwind: 'member' });
    expect(await eventsOf('mia@acme.example')).toEqual(['provider_connected', 'signed_in_by_provider']);
    expect(await auditOf(hub.cast.ada.tenantId)).toContain('system Acme login member.added mia of Acme');

    // There is no password to sign in with, and nothing tells so.
    const form = { email: 'mia@acme.example', password };
    const byPassword = await new Visitor(hub).send('/signin', { form });
    expect([byPassword.status, await byPassword.text()]).toEqual([401, expect.stringContaining('do not match')]);

    // Another address there changes nothing here; not even one that the provider does not vouch for.
    const again = arriving('u-1', person('mia.new@acme.example', ['staff'], { email_verified: false }));
    expect((await again.signIn()).headers.get('location')).toBe('/catalog');
    expect(await again.whoAmI()).toBe('mia@acme.example');
    expect(await visitor.whoAmI()).toBe('mia@acme.example');
  });

  it('starts a session like any other, and ends the one that the browser came with', async () => {
    const visitor = arriving('u-2', person('noa@acme.example'));
    await visitor.signIn();
    const before = visitor.cookie;
    await visitor.signIn();
    const read = (cookie: string) => hub.deps.identity.readSession(new Headers({ cookie }));
    expect(await read(before)).toBeNull();
    expect((await read(visitor.cookie))?.user.email).toBe('noa@acme.example');
    await visitor.send('/signout', { form: {} });
    expect(await visitor.whoAmI()).toBeNull();
  });

  it('may come back to another replica', async () => {
    const visitor = arriving('u-6', person('ren@acme.example'));
    const back = await visitor.throughProvider(await visitor.begin('/installed'));
    visitor.moveTo({ ...hub, app: createApp({ ...hub.deps, identity: createIdentity(hub.hub) }).app });
    expect((await visitor.send(back)).headers.get('location')).toBe('/installed');
  });

  it('goes to no other site, whatever it is told', async () => {
    const visitor = arriving('u-3', person('oli@acme.example'));
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])
      expect((await visitor.signIn(next)).headers.get('location')).toBe('/catalog');
  });

  it('works in two tabs of one browser at the same time', async () => {
    const visitor = arriving('u-4', person('pia@acme.example'));
    const [first, second] = [await visitor.begin('/activity'), await visitor.begin('/installed')];
    const [one, two] = [await visitor.throughProvider(first), await visitor.throughProvider(second)];
    expect((await visitor.send(two)).headers.get('location')).toBe('/installed');
    expect((await visitor.send(one)).headers.get('location')).toBe('/activity');
  });

  it('does not ask for the second factor that is kept here', async () => {
    const visitor = arriving('u-5', person('ada@example.com', ['chiefs']));
    const { secret } = await turnOnFactor(hub, hub.cast.ada);
    await visitor.signIn();
    const proof = { password, code: codeOf(secret, 1) };
    expect((await visitor.send('/signin/connection', { form: proof })).status).toBe(303);
    const next = arriving('u-5', person('ada@example.com', ['chiefs']));
    expect((await next.signIn()).headers.get('location')).toBe('/catalog');
    expect(await next.whoAmI()).toBe('ada@example.com');
  });
});

describe('an answer that does not belong to this browser’s question', () => {
  it('is refused when it was used already', async () => {
    const visitor = arriving('u-10', person('ron@acme.example'));
    const back = await visitor.throughProvider(await visitor.begin());
    expect((await visitor.send(back)).status).toBe(303);
    await refused(await visitor.send(back), 401, 'was used already, or took longer than 10 minutes');
    expect(await visitor.whoAmI()).toBe('ron@acme.example'); // the session that there is stays
  });

  it('is refused in another browser, and used up with that', async () => {
    const visitor = arriving('u-11', person('sam@acme.example'));
    const back = await visitor.throughProvider(await visitor.begin());
    const other = new Visitor(hub);
    await other.begin();
    await refused(await other.send(back), 401, 'begun in another browser');
    await refused(await new Visitor(hub).send(back), 401, 'was used already');
    await refused(await visitor.send(back), 401, 'was used already');
    expect([await other.whoAmI(), await visitor.whoAmI()]).toEqual([null, null]);
  });

  it('is refused after ten minutes', async () => {
    const visitor = arriving('u-12', person('tim@acme.example'));
    const back = await visitor.throughProvider(await visitor.begin());
    await rows(sql`update verifications set expires_at = now() where identifier like 'single-sign-on:%'`);
    await refused(await visitor.send(back), 401, 'took longer than 10 minutes');
  });

  it.each([
    ['no state', (query: URLSearchParams) => query.delete('state')],
    ['another state', (query: URLSearchParams) => query.set('state', 'x'.repeat(32))],
    ['two states', (query: URLSearchParams) => query.append('state', query.get('state') ?? '')],
  ])('is refused with %s', async (_what, change) => {
    const visitor = arriving('u-13', person('uma@acme.example'));
    const back = new URL(await visitor.throughProvider(await visitor.begin()));
    change(back.searchParams);
    await refused(await visitor.send(back.href), 401, 'Start again');
    expect(await visitor.whoAmI()).toBeNull();
  });

  it.each([
    ['another issuer', (query: URLSearchParams) => query.set('iss', 'https://evil.example')],
    ['no issuer', (query: URLSearchParams) => query.delete('iss')],
  ])('is refused from %s', async (_what, change) => {
    const visitor = arriving('u-14', person('vic@acme.example'));
    const back = new URL(await visitor.throughProvider(await visitor.begin()));
    change(back.searchParams);
    await refused(await visitor.send(back.href), 401, 'The answer of Acme login cannot be trusted');
  });

  it('is refused with the code of another sign-in', async () => {
    const visitor = arriving('u-15', person('wes@acme.example'));
    const [one, two] = [new URL(await visitor.throughProvider(await visitor.begin())), await visitor.begin()];
    const back = new URL(await visitor.throughProvider(two));
    back.searchParams.set('code', one.searchParams.get('code') ?? '');
    await refused(await visitor.send(back.href), 401, 'Acme login refused the sign-in (invalid_grant)');
  });
});

describe('somebody who is not let in', () => {
  it('said no at the provider', async () => {
    const visitor = arriving('deny', {});
    await refused(await visitor.signIn(), 401, 'Acme login did not let you in');
  });

  it('is in no group that counts: nothing is made', async () => {
    const visitor = arriving('u-20', person('xia@acme.example', ['guests']));
    await refused(await visitor.signIn(), 403, 'You are in no group of Acme login that may use this hub');
    expect(await rows(sql`select 1 from users where email = 'xia@acme.example'`)).toHaveLength(0);
  });

  it('has groups that the provider does not tell', async () => {
    const visitor = arriving('u-21', { ...person('yan@acme.example'), groups: undefined });
    await refused(await visitor.signIn(), 403, 'did not say which groups you are in');
  });

  it.each([
    ['that is not confirmed', { email_verified: false }],
    ['that is confirmed by a word', { email_verified: 'true' }],
    ['that nothing is said about', { email_verified: undefined }],
    ['that is none', { email: 'zoe' }],
    ['that is missing', { email: undefined }],
  ])('has an e-mail address %s', async (_what, claims) => {
    const visitor = arriving('u-22', person('ben@example.com', ['staff'], claims));
    await refused(await visitor.signIn(), 403, 'does not vouch for');
    expect(await visitor.whoAmI()).toBeNull();
  });

  it('leaves a line in the log that says why, and no secret anywhere in it', async () => {
    const visitor = arriving('u-23', person('abe@acme.example', ['guests']));
    const begun = await visitor.begin();
    const back = await visitor.throughProvider(begun);
    await visitor.send(back);
    const log = hub.logged.join('');
    expect(log).toContain('"reason":"no_mapped_group"');
    const secrets = [begun, back].flatMap((url) => {
      const { searchParams } = new URL(url);
      return ['code', 'state', 'nonce', 'code_challenge'].flatMap((name) => searchParams.get(name) ?? []);
    });
    for (const secret of [...secrets, provider.env.OIDC_CLIENT_SECRET]) expect(log).not.toContain(secret);
    expect(log).not.toContain('eyJ'); // no token
  });
});

describe('an account that is here already', () => {
  it('is not handed over for an e-mail address: the password is asked for once', async () => {
    const visitor = arriving('u-30', person('ben@example.com'));
    const answer = await visitor.signIn('/activity');
    expect(answer.headers.get('location')).toBe('/signin/connection');
    expect(await visitor.whoAmI()).toBeNull();
    expect(await textOf(await visitor.send('/signin/connection'))).toContain('you are ben@example.com');

    for (const [typed, said] of [
      ['', 'Enter your password.'],
      ['wrong wrong wrong', 'This is not the password of your account here.'],
    ] as const) {
      const wrong = await visitor.send('/signin/connection', { form: { password: typed } });
      expect([wrong.status, await textOf(wrong)]).toEqual([422, expect.stringContaining(said)]);
    }
    expect(await visitor.whoAmI()).toBeNull();
    expect(await eventsOf('ben@example.com')).toContain('sign_in_failed');

    const right = await visitor.send('/signin/connection', { form: { password } });
    expect([right.status, right.headers.get('location')]).toEqual([303, '/activity']);
    expect(await visitor.whoAmI()).toBe('ben@example.com');
    expect((await eventsOf('ben@example.com')).slice(-2)).toEqual(['provider_connected', 'signed_in_by_provider']);

    const next = arriving('u-30', person('ben@example.com'));
    expect((await next.signIn()).headers.get('location')).toBe('/catalog');
    expect(await next.whoAmI()).toBe('ben@example.com');
  });

  it('asks for the code of the second factor as well', async () => {
    const { secret } = await turnOnFactor(hub, hub.cast.dan);
    const visitor = arriving('u-31', person('dan@example.com', ['leads']));
    await visitor.signIn();
    const send = (code: string) => visitor.send('/signin/connection', { form: { password, code } });
    const without = await send('');
    expect([without.status, await textOf(without)]).toEqual([401, expect.stringContaining('This code is wrong')]);
    expect(await visitor.whoAmI()).toBeNull();
    expect((await send(codeOf(secret, 1))).status).toBe(303);
    expect(await visitor.whoAmI()).toBe('dan@example.com');
  });

  it('asks only in the browser that came from the provider, once', async () => {
    const stranger = new Visitor(hub);
    for (const form of [undefined, { password }])
      await refused(await stranger.send('/signin/connection', { form }), 401, 'took too long, or was begun in another');
    const visitor = arriving('u-32', person('cleo@example.com', ['leads']));
    await visitor.signIn();
    const answers = await Promise.all([1, 2].map(() => visitor.send('/signin/connection', { form: { password } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 401]);
  });

  it('is not connected by a name that another provider gave', async () => {
    await createTenant(hub.hub, { name: 'Hal', owner: { email: 'hal@example.com', password } });
    const visitor = arriving('u-38', person('hal@example.com'));
    await visitor.signIn();
    expect((await visitor.send('/signin/connection')).status).toBe(200);
    await rows(sql`update verifications set value = replace(value, ${provider.issuer}, 'https://before.example')
      where identifier like 'connect-provider:%'`);
    await refused(await visitor.send('/signin/connection', { form: { password } }), 401, 'took too long');
  });

  it('counts guesses together with those at the sign-in page', async () => {
    const visitor = arriving('u-33', person('gus@example.com', ['staff']));
    const { owner } = await createTenant(hub.hub, { name: 'Gus', owner: { email: 'gus@example.com', password } });
    await visitor.signIn();
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const typed = { password: 'wrong wrong wrong' };
      statuses.push((await visitor.send('/signin/connection', { form: typed })).status);
      statuses.push((await visitor.send('/signin', { form: { ...typed, email: owner.email } })).status);
    }
    expect(statuses).toEqual([422, 401, 422, 401, 422, 429]);
    const late = await visitor.send('/signin/connection', { form: { password } });
    expect([late.status, Number(late.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    expect(await visitor.whoAmI()).toBeNull();
  });

  it('of one person there is not given to another one with the same address', async () => {
    const first = arriving('u-34', person('ida@acme.example'));
    await first.signIn();
    const second = arriving('u-35', person('ida@acme.example'));
    await refused(await second.signIn(), 403, 'belongs to somebody whom Acme login knows by another name');
    expect(await second.whoAmI()).toBeNull();
    expect((await eventsOf('ida@acme.example')).at(-1)).toBe('provider_refused');
  });

  it('without a password is connected at once, and whoever was in it is out', async () => {
    const visitor = arriving('u-36', person('jan@acme.example'));
    await visitor.signIn();
    await rows(sql`update accounts set provider_id = 'https://login-of-before.example' where account_id = 'u-36'`);
    const moved = arriving('u-37', person('jan@acme.example'));
    expect((await moved.signIn()).headers.get('location')).toBe('/catalog');
    expect([await visitor.whoAmI(), await moved.whoAmI()]).toEqual([null, 'jan@acme.example']);
  });
});

describe('groups', () => {
  it('decide at each sign-in what somebody is, and every change is noted', async () => {
    const become = async (groups: string[]) => {
      const visitor = arriving('u-40', person('kim@acme.example', groups));
      return (await visitor.signIn()).status;
    };
    const { tenantId } = hub.cast.ada;
    const before = (await auditOf(tenantId)).length;
    expect(await become(['staff', 'leads', 'unknown'])).toBe(303);
    expect(await rolesOf('kim@acme.example')).toEqual({ northwind: 'admin', tailspin: 'member' });
    expect(await become(['chiefs', 'staff'])).toBe(303);
    expect(await rolesOf('kim@acme.example')).toEqual({ northwind: 'owner' });
    expect(await become(['staff'])).toBe(303);
    expect(await rolesOf('kim@acme.example')).toEqual({ northwind: 'member' });
    expect(await become(['staff'])).toBe(303);
    expect((await auditOf(tenantId)).slice(before)).toEqual([
      'system Acme login member.added kim of Acme',
      'system Acme login member.role_changed kim of Acme',
      'system Acme login member.role_changed kim of Acme',
    ]);
    expect(await auditOf(hub.cast.cleo.tenantId)).toContain('system Acme login member.removed kim of Acme');
  });

  it('that are all gone take the roles, the sessions and the keys with them', async () => {
    const visitor = arriving('u-41', person('lou@acme.example', ['leads']));
    await visitor.signIn();
    const key = { name: 'Lou’s key', role: 'admin', scopes: ['catalog:read'] };
    const made = await hub.as({ ...hub.cast.ada, cookie: visitor.cookie }, 'POST', '/api/api-keys', key);
    expect(made.status).toBe(201);
    await refused(await arriving('u-41', person('lou@acme.example', [])).signIn(), 403, 'You are in no group');
    expect(await rolesOf('lou@acme.example')).toEqual({});
    expect(await visitor.whoAmI()).toBeNull();
    const [{ ended } = { ended: 0 }] = await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute<{ ended: number }>(
        sql`select count(*)::int as ended from api_keys where name = ${key.name} and revoked_at is not null`,
      ),
    );
    expect(ended).toBe(1);
    expect((await eventsOf('lou@acme.example')).at(-1)).toBe('provider_refused');
  });

  it('that the provider does not tell take nothing', async () => {
    await arriving('u-42', person('moe@acme.example', ['leads'])).signIn();
    const silent = arriving('u-42', { ...person('moe@acme.example'), groups: undefined });
    await refused(await silent.signIn(), 403, 'did not say which groups');
    expect(await rolesOf('moe@acme.example')).toEqual({ northwind: 'admin', tailspin: 'member' });
  });

  it('never take the last owner', async () => {
    const visitor = arriving('u-43', person('nik@acme.example', ['chiefs']));
    await visitor.signIn();
    await rows(sql`delete from members where role = 'owner' and user_id in (
      select m.user_id from members m join users u on u.id = m.user_id join organizations o on o.id = m.organization_id
      where o.slug = 'northwind' and u.email <> 'nik@acme.example') and organization_id = ${hub.cast.ada.tenantId}::uuid`);
    expect((await arriving('u-43', person('nik@acme.example', ['staff'])).signIn()).status).toBe(303);
    expect(await rolesOf('nik@acme.example')).toEqual({ northwind: 'owner' });
    await refused(await arriving('u-43', person('nik@acme.example', [])).signIn(), 403, 'You are in no group');
    expect(await rolesOf('nik@acme.example')).toEqual({ northwind: 'owner' });
  });

  it('of a workspace that does not exist are told in the log', async () => {
    const visitor = arriving('u-44', person('ole@acme.example', ['ghosts']));
    expect((await visitor.signIn()).status).toBe(303);
    expect(hub.logged.join('')).toContain('OIDC_ROLES names workspaces that do not exist');
    expect(await rolesOf('ole@acme.example')).toEqual({});
  });

  it('let nobody into a suspended workspace', async () => {
    const visitor = arriving('u-45', person('pat@acme.example', ['staff']));
    await rows(
      sql`update organizations set suspended_at = now(), suspended_reason = 'Unpaid' where slug = 'northwind'`,
    );
    await visitor.signIn();
    const page = await visitor.send('/catalog');
    expect([page.status, await textOf(page)]).toEqual([403, expect.stringContaining('This workspace is suspended')]);
    await rows(sql`update organizations set suspended_at = null where slug = 'northwind'`);
    expect((await visitor.send('/catalog')).status).toBe(200);
  });
});

it('lets one of two first sign-ins at once make the account', async () => {
  const visitor = arriving('u-50', person('quin@acme.example'));
  const other = new Visitor(hub);
  const backs = await Promise.all([visitor, other].map(async (each) => each.throughProvider(await each.begin())));
  const answers = await Promise.all([visitor.send(backs[0] ?? ''), other.send(backs[1] ?? '')]);
  expect(answers.map(({ status }) => status).filter((status) => status !== 303 && status !== 409)).toEqual([]);
  expect(await rows(sql`select 1 from users where email = 'quin@acme.example'`)).toHaveLength(1);
  expect(await rolesOf('quin@acme.example')).toEqual({ northwind: 'member' });
});

it('limits how often one place may begin', async () => {
  const visitor = new Visitor(hub);
  let answer = await visitor.send('/api/auth/sso/start');
  // One more is allowed every other second, and a busy machine takes its time.
  for (let tries = 1; tries < 90 && answer.status === 303; tries++) answer = await visitor.send('/api/auth/sso/start');
  expect([answer.status, await textOf(answer)]).toEqual([429, expect.stringContaining('Too many tries to sign in')]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});
