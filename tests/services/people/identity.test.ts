import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/client.ts';
import type { ServerAddress } from '../../../src/db/connection.ts';
import { createIdentity, type Identity } from '../../../src/services/people/identity.ts';
import { forgetEndedSessions } from '../../../src/services/people/sessions.ts';
import { databaseProxy } from '../../support/database-proxy.ts';
import { cookieHeader, failure, freshAddress, type IdentityHub, identityHub, password } from './identity-hub.ts';

let at: IdentityHub;
let identity: Identity;
beforeAll(async () => {
  at = await identityHub();
  identity = at.identity;
  await at.makeTenant('Acme', 'ada@example.com');
  await at.makeTenant('Umbrella', 'cleo@example.com');
});
afterAll(() => at.drop());

const signIn = (email: unknown, secret: unknown = password, ip = freshAddress()) =>
  identity.signIn({ email, password: secret, ip, userAgent: 'test' });
const signedIn = async (email: string) =>
  cookieHeader((await identity.signIn({ email, password, ip: freshAddress() })).setCookies);
const query = <T extends Record<string, unknown>>(text: string) => at.hub.db.system.execute<T>(sql.raw(text));

describe('the cookie', () => {
  const attributes = (cookie = '') =>
    cookie
      .split('; ')
      .slice(1)
      .map((part) => part.toLowerCase())
      .sort();

  it('is plain over http', async () => {
    const { setCookies } = await signIn('ada@example.com');
    expect(setCookies).toHaveLength(1);
    expect(setCookies[0]).toMatch(/^patchbay\.session=[^;]{40,};/);
    expect(attributes(setCookies[0])).toEqual(['httponly', 'max-age=604800', 'path=/', 'samesite=lax']);
  });

  it.each([
    ['https://hub.example.com', '__Host-patchbay.session', '/'],
    ['https://example.com/hub', '__Secure-patchbay.session', '/hub'],
  ])('is bound to %s', async (baseUrl, name, path) => {
    const secure = createIdentity({ ...at.hub, config: at.configFor(baseUrl) });
    const { setCookies } = await secure.signIn({ email: 'ada@example.com', password, ip: freshAddress() });
    expect(setCookies[0]?.startsWith(`${name}=`)).toBe(true);
    expect(attributes(setCookies[0])).toEqual(['httponly', 'max-age=604800', `path=${path}`, 'samesite=lax', 'secure']);
    const headers = cookieHeader(setCookies);
    expect((await secure.readSession(headers))?.user.name).toBe('ada');
    expect(await identity.readSession(headers)).toBeNull(); // the http hub does not know this name
    const cleared = (await secure.signOut(headers)).setCookies;
    expect(cleared).toEqual([`${name}=; Max-Age=0; Path=${path}; HttpOnly; Secure; SameSite=Lax`]);
  });

  it('is worth nothing when a sign of it is changed, or under another secret', async () => {
    const headers = await signedIn('ada@example.com');
    const cookie = headers.get('cookie') as string;
    const [name, value] = cookie.split('=') as [string, string];
    const [token, signature] = decodeURIComponent(value).split('.') as [string, string];
    const forged = [
      `${token}.`,
      token,
      `.${signature}`,
      `${token}x.${signature}`,
      `${token}.${signature.replace(/^./, (sign) => (sign === 'A' ? 'B' : 'A'))}`,
      `${token}.${signature}${signature}`,
      `${token}.${Buffer.alloc(32).toString('base64')}`,
      '',
      '.',
      '%',
      '%E0%A4%A',
      '\u0000',
    ];
    for (const text of forged)
      for (const sent of [text, encodeURIComponent(text)]) {
        const answer = await identity.readSession({
          get: (key: string) => (key === 'cookie' ? `${name}=${sent}` : null),
        } as unknown as Headers);
        expect(answer, sent).toBeNull();
      }
    expect(await identity.readSession(headers)).not.toBeNull();
  });

  it('is found among others, also behind a planted one of its name', async () => {
    const cookie = (await signedIn('ada@example.com')).get('cookie');
    const headers = new Headers({ cookie: `a=b; ${at.cookieName}=planted.AAAA; theme=dark; ${cookie}; x` });
    expect((await identity.readSession(headers))?.user.name).toBe('ada');
  });
});

describe('signOut', () => {
  it('ends the session at once, for every replica', async () => {
    const headers = await signedIn('ada@example.com');
    const replica = createIdentity(at.hub);
    expect(await replica.readSession(headers)).not.toBeNull();
    const { setCookies } = await identity.signOut(headers);
    expect(setCookies).toEqual(['patchbay.session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
    expect(await identity.readSession(headers)).toBeNull();
    expect(await replica.readSession(headers)).toBeNull();
  });

  it('leaves the other sessions of the person alone', async () => {
    const [laptop, phone] = [await signedIn('ada@example.com'), await signedIn('ada@example.com')];
    await identity.signOut(laptop);
    expect(await identity.readSession(phone)).not.toBeNull();
  });

  it('clears the cookie of whoever has no session, twice as well', async () => {
    for (const headers of [new Headers(), new Headers({ cookie: `${at.cookieName}=nonsense` })])
      expect((await identity.signOut(headers)).setCookies).toHaveLength(1);
  });
});

describe('a session', () => {
  const age = (id: string | undefined, column: string, interval: string) =>
    query(`update sessions set ${column} = now() - interval '${interval}' where id = '${id}'`);

  it('ends after twelve hours without use, and is kept alive by use', async () => {
    const headers = await signedIn('ada@example.com');
    const id = (await identity.readSession(headers))?.sessionId;
    await age(id, 'updated_at', '11 hours 59 minutes');
    expect(await identity.readSession(headers)).not.toBeNull();
    const [row] = await query<{ recent: boolean }>(
      `select updated_at > now() - interval '1 minute' as recent from sessions where id = '${id}'`,
    );
    expect(row?.recent).toBe(true);
    await age(id, 'updated_at', '12 hours 1 minute');
    expect(await identity.readSession(headers)).toBeNull();
  });

  it('ends a week after it began, whatever happens', async () => {
    const headers = await signedIn('ada@example.com');
    const id = (await identity.readSession(headers))?.sessionId;
    const [row] = await query<{ days: number }>(
      `select extract(epoch from expires_at - created_at) / 86400 as days from sessions where id = '${id}'`,
    );
    expect(Number(row?.days)).toBeCloseTo(7, 2);
    await age(id, 'expires_at', '1 second');
    expect(await identity.readSession(headers)).toBeNull();
  });

  it('is cleared away when it is over', async () => {
    const [over, live] = [await signedIn('ada@example.com'), await signedIn('ada@example.com')];
    await age((await identity.readSession(over))?.sessionId, 'expires_at', '1 second');
    expect(await forgetEndedSessions(at.hub)).toBeGreaterThanOrEqual(1);
    expect(await forgetEndedSessions(at.hub)).toBe(0);
    expect(await identity.readSession(live)).not.toBeNull();
  });

  it('follows the person’s rights from one request to the next', async () => {
    const ben = await at.makeMember('Acme', 'ben@example.com', 'member');
    const headers = await signedIn('ben@example.com');
    expect(await identity.readSession(headers)).toMatchObject({ role: 'member', tenant: { name: 'Acme' } });
    await query(`update members set role = 'admin' where user_id = '${ben}'`);
    expect((await identity.readSession(headers))?.role).toBe('admin');
    await query(`delete from members where user_id = '${ben}'`);
    expect(await identity.readSession(headers)).toMatchObject({ tenant: null, role: null, tenants: [] });
    await query(`delete from users where id = '${ben}'`);
    expect(await identity.readSession(headers)).toBeNull();
  });

  it('is read with one statement', async () => {
    const headers = await signedIn('ada@example.com');
    const counting = at.countingStatements();
    const counted = createIdentity({ ...at.hub, db: counting.db });
    await counted.readSession(headers); // the first one also reads the secret that signs cookies
    counting.sent.length = 0;
    for (let i = 0; i < 5; i++) expect(await counted.readSession(headers)).not.toBeNull();
    expect(counting.sent).toHaveLength(5);
    expect(await counted.readSession(new Headers({ cookie: 'theme=dark' }))).toBeNull();
    expect(counting.sent).toHaveLength(5);
  });
});

describe('switchTenant', () => {
  it('moves the session to another of the person’s workspaces, and only this session', async () => {
    await at.makeMember('Umbrella', 'ada@example.com', 'member');
    const [here, there] = [await signedIn('ada@example.com'), await signedIn('ada@example.com')];
    const session = await identity.readSession(here);
    expect(session?.tenants.map((tenant) => tenant.name)).toEqual(['Acme', 'Umbrella']);
    expect(session?.tenant?.name).toBe('Acme');
    await identity.switchTenant(session as NonNullable<typeof session>, at.tenantId('Umbrella'));
    expect(await identity.readSession(here)).toMatchObject({ tenant: { name: 'Umbrella' }, role: 'member' });
    expect(await identity.readSession(there)).toMatchObject({ tenant: { name: 'Acme' }, role: 'owner' });
  });

  it('falls back to the first workspace when the membership is gone', async () => {
    const headers = await signedIn('ada@example.com');
    const session = await identity.readSession(headers);
    await identity.switchTenant(session as NonNullable<typeof session>, at.tenantId('Umbrella'));
    await query(
      `delete from members where user_id = '${session?.user.id}' and organization_id = '${at.tenantId('Umbrella')}'`,
    );
    expect(await identity.readSession(headers)).toMatchObject({ tenant: { name: 'Acme' }, role: 'owner' });
  });

  it('answers alike for a foreign workspace, an unknown one and what is no id', async () => {
    const headers = await signedIn('cleo@example.com');
    const session = await identity.readSession(headers);
    const ids = [
      at.tenantId('Acme'),
      '01920000-0000-7000-8000-000000000000',
      'acme',
      '',
      "' or true --",
      undefined,
      null,
      {},
    ];
    for (const id of ids) {
      const answer = await failure(identity.switchTenant(session as NonNullable<typeof session>, id as string));
      expect(answer).toMatchObject({
        code: 'not_found',
        message: expect.stringContaining('You are not a member of this workspace'),
      });
    }
    expect((await identity.readSession(headers))?.tenant?.name).toBe('Umbrella');
  });
});

describe('while the database is away', () => {
  it('nobody is told that they are signed in, signed out, or wrong', async () => {
    const proxy = await databaseProxy(at.connection as ServerAddress);
    const db = openDatabase({ connection: proxy.address, deadlineMs: 500 });
    const behind = createIdentity({ ...at.hub, db });
    const headers = await signedIn('ada@example.com');
    expect(await behind.readSession(headers)).not.toBeNull();
    await behind.warmUp();

    proxy.behave('swallow');
    const answers = [
      await failure(behind.readSession(headers)),
      await failure(behind.signOut(headers)),
      await failure(behind.signIn({ email: 'ada@example.com', password, ip: freshAddress() })),
    ];
    expect(answers.map((answer) => answer.code)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(await identity.readSession(headers)).not.toBeNull(); // it was not ended, and nobody said so

    proxy.behave('pass');
    await expect.poll(() => behind.readSession(headers).then(Boolean, () => false), { timeout: 5_000 }).toBe(true);
    await behind.signOut(headers);
    expect(await identity.readSession(headers)).toBeNull();
    await db.close();
    proxy.close();
  });
});
