import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import type { Identity } from '../../../src/services/people/identity.ts';
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

describe('signIn', () => {
  it('gives a session to whoever knows the password', async () => {
    const { setCookies, user } = await signIn('ada@example.com');
    expect(user).toMatchObject({ name: 'ada', email: 'ada@example.com' });
    const session = await identity.readSession(cookieHeader(setCookies));
    expect(session).toMatchObject({
      user,
      tenant: { name: 'Acme' },
      role: 'owner',
      tenants: [{ name: 'Acme', role: 'owner' }],
    });
    expect(session?.sessionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it.each(['ADA@Example.COM', '  ada@example.com '])('finds the account of %j', async (email) => {
    expect((await signIn(email)).user.email).toBe('ada@example.com');
  });

  it('answers alike for a wrong password, an unknown address and what is none', async () => {
    const tries: [unknown, unknown][] = [
      ['ada@example.com', 'wrong wrong wrong'],
      ['nobody@example.com', password],
      ['nobody@example.com', 'wrong wrong wrong'],
      ['ada@example.com', ''],
      ['ada@example.com', 'x'.repeat(129)],
      ['ada@example.com', `${password}\u0000`],
      ['', password],
      ['not an address', password],
      ["' or 1=1 --@example.com", password],
      ['ada@example.com\nbcc: x@y.z', password],
      [`${'x'.repeat(10_000)}@example.com`, password],
      ['ada@example.com%00', password],
      ['ada@example.com\u0000', password],
    ];
    const answers = [];
    for (const [email, secret] of tries)
      answers.push(await failure(signIn(email, secret), JSON.stringify([email, secret]).slice(0, 80)));
    for (const answer of answers) {
      expect(answer).toBeInstanceOf(AppError);
      expect({ code: answer.code, message: answer.message, errors: answer.errors }).toEqual({
        code: 'not_signed_in',
        message: 'This e-mail address and password do not match. Check both and try again.',
        errors: undefined,
      });
    }
  });

  it.each([[undefined], [null], [[]], [['ada@example.com']], [{}], [{ $ne: '' }], [0], [true]])(
    'refuses %j as address or password',
    async (value) => {
      const ip = freshAddress();
      expect((await failure(identity.signIn({ email: value, password, ip }))).code).toBe('not_signed_in');
      expect((await failure(identity.signIn({ email: 'ada@example.com', password: value, ip }))).code).toBe(
        'not_signed_in',
      );
    },
  );

  it('takes as long for an unknown address as for a wrong password', async () => {
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let i = 0; i < 9; i++)
      for (const [kind, email] of [
        ['known', 'ada@example.com'],
        ['unknown', `nobody${i}@example.com`],
      ] as const) {
        const started = performance.now();
        await failure(signIn(email, 'wrong wrong wrong'));
        times[kind].push(performance.now() - started);
      }
    const fastest = (values: number[]) => Math.min(...values); // the others waited for the machine
    const ratio = fastest(times.known) / fastest(times.unknown);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });

  it('makes a new session each time and ends the one that the browser came with', async () => {
    const first = await signedIn('ada@example.com');
    const before = await identity.readSession(first);
    const again = await identity.signIn({ email: 'ada@example.com', password, ip: freshAddress(), headers: first });
    const after = await identity.readSession(cookieHeader(again.setCookies));
    expect(after?.sessionId).not.toBe(before?.sessionId);
    expect(await identity.readSession(first)).toBeNull();
  });

  it('takes no session id from outside', async () => {
    const planted = new Headers({ cookie: `${at.cookieName}=planted-token` });
    const { setCookies } = await identity.signIn({
      email: 'ada@example.com',
      password,
      ip: freshAddress(),
      headers: planted,
    });
    expect(setCookies.join()).not.toContain('planted');
  });

  it('believes no header about the address', async () => {
    const ip = freshAddress();
    const headers = new Headers({ 'x-patchbay-address': '6.6.6.6', 'x-forwarded-for': '6.6.6.6' });
    const { setCookies } = await identity.signIn({ email: 'ada@example.com', password, ip, headers });
    const session = await identity.readSession(cookieHeader(setCookies));
    const [row] = await query<{ ip_address: string }>(
      `select ip_address from sessions where id = '${session?.sessionId}'`,
    );
    expect(row?.ip_address).toBe(ip);
  });

  it('keeps no password and no token in the log', () => {
    expect(at.lines.join('')).toContain('session started');
    expect(at.lines.join('')).not.toContain(password);
  });
});

describe('the limit on signing in', () => {
  it('stops guesses for one account after five, whichever way the address is written', async () => {
    const ip = freshAddress();
    const codes = [];
    for (const email of [
      'cleo@example.com',
      'CLEO@example.com',
      ' cleo@example.com',
      'cleo@example.com',
      'Cleo@Example.com',
    ])
      codes.push((await failure(signIn(email, 'wrong wrong wrong', ip))).code);
    expect(codes).toEqual(Array(5).fill('not_signed_in'));
    const refused = await failure(signIn('cleo@example.com', password, ip));
    expect(refused.code).toBe('rate_limited');
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect(refused.retryAfter).toBeLessThanOrEqual(12);
    expect((await signIn('cleo@example.com')).user.email).toBe('cleo@example.com'); // from elsewhere
  });

  it('stops one address that tries many accounts', async () => {
    const ip = freshAddress();
    const codes = await Promise.all(
      Array.from({ length: 34 }, async (_, i) => (await failure(signIn(`guess${i}@example.com`, 'short', ip))).code),
    );
    expect(codes.filter((code) => code === 'rate_limited').length).toBeGreaterThanOrEqual(3);
    expect(codes.filter((code) => code === 'not_signed_in')).toHaveLength(
      34 - codes.filter((code) => code === 'rate_limited').length,
    );
  });

  it('counts the addresses of one IPv6 network together', async () => {
    const codes = [];
    for (let i = 1; i <= 6; i++)
      codes.push((await failure(signIn('ada@example.com', 'wrong', `2001:db8:77:1::${i}`))).code);
    expect(codes[5]).toBe('rate_limited');
  });

  it('does not count what succeeds', async () => {
    const ip = freshAddress();
    for (let i = 0; i < 8; i++) expect((await signIn('ada@example.com', password, ip)).user.name).toBe('ada');
  });
});

it('keeps the event loop free while many sign in at once', async () => {
  const started = performance.now();
  let worst = 0;
  let last = started;
  const timer = setInterval(() => {
    worst = Math.max(worst, performance.now() - last - 10);
    last = performance.now();
  }, 10);
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => failure(signIn('ada@example.com', 'wrong wrong wrong'))),
  );
  clearInterval(timer);
  expect(new Set(answers.map((answer) => answer.code))).toEqual(new Set(['not_signed_in']));
  expect(worst).toBeLessThan(1_000); // forty hashes in a row would be four seconds
});
