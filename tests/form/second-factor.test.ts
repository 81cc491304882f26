import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeResetLink } from '../../src/services/people/password-reset.ts';
import { removeSecondFactorOf } from '../../src/services/people/second-factor.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import { type Person, password } from '../support/cast.ts';
import { codeOf, secondFactor, startFactor, turnOnFactor } from '../support/second-factor.ts';

let hub: TestApp;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  hub = await testApp();
  ({ ada, ben } = hub.cast);
});
afterAll(() => hub.close());
afterEach(async () => {
  for (const { email } of [ada, ben]) await removeSecondFactorOf(hub.hub, email);
  await hub.hub.db.system.execute(sql`delete from rate_limits`);
});

const query = (text: ReturnType<typeof sql>) => hub.hub.db.system.execute(text);
const confirm = (person: Person, code: string, current_password = password) =>
  hub.post(person, `${secondFactor}/confirmation`, { code, current_password });
const remove = (person: Person, code: string, current_password = password) =>
  hub.post(person, secondFactor, { _method: 'DELETE', code, current_password });
const signIn = ({ email }: Person, totp?: string, secret = password) =>
  hub.as(null, 'POST', '/api/auth/sign-in/email', { email, password: secret, ...(totp !== undefined && { totp }) });
const verdict = async (answer: Answer) => [answer.status, (await answer.json()).code];

/** The first page of a sign-in in a browser; returns its cookies and the way on. */
async function firstStep({ email }: Person, next = '') {
  const answer = await hub.post(null, '/signin', { email, password, next });
  return { location: answer.headers.get('location'), cookies: cookiesOf(answer) };
}
const cookiesOf = (answer: Response) =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
const secondStep = (cookie: string, code: string, next = '') =>
  hub.post(null, '/signin/code', { code, next }, { cookie });
const isSignedIn = async (cookie: string) => (await hub.as(null, 'GET', '/api/catalog', undefined, { cookie })).status;

describe('setting it up', () => {
  it('shows a QR code and the secret, and asks for nothing until a code was right', async () => {
    const secret = await startFactor(hub, ada);
    expect(secret.replaceAll(' ', '')).toMatch(/^[A-Z2-7]{32}$/);
    const html = await (await hub.as(ada, 'GET', secondFactor)).text();
    expect(html).toMatch(/<svg class="qr"[^>]*role="img"/);
    expect((await signIn(ada)).status).toBe(200);
    const wrong = await confirm(ada, '000000' === codeOf(secret) ? '111111' : '000000');
    expect([wrong.status, (await wrong.text()).includes('This code is wrong')]).toEqual([422, true]);
    expect((await confirm(ada, codeOf(secret), 'not the password')).status).toBe(422);
    expect((await signIn(ada)).status).toBe(200);
    const right = await confirm(ada, codeOf(secret).replace(/^.../, '$& '));
    expect(right.status).toBe(200);
    expect(right.headers.get('cache-control')).toBe('no-store');
    expect(new Set((await right.text()).match(/<code>[A-Z2-9-]{19}<\/code>/g)).size).toBe(10);
    expect(await verdict(await signIn(ada))).toEqual([401, 'second_factor_required']);
  });

  it('keeps the secret sealed and the recovery codes hashed, and shows neither again', async () => {
    const { secret, codes } = await turnOnFactor(hub, ada);
    const rows = JSON.stringify([
      await query(sql`select * from hub_secrets`),
      await query(sql`select * from second_factors`),
    ]);
    const html = await (await hub.as(ada, 'GET', secondFactor)).text();
    for (const hidden of [
      secret.replaceAll(' ', ''),
      secret,
      ...codes,
      ...codes.map((code) => code.replaceAll('-', '')),
    ])
      for (const place of [rows, html, hub.logged.join('\n')]) expect(place).not.toContain(hidden);
    expect((await hub.post(ada, secondFactor, {})).status).toBe(409);
  });

  it('starts over with another secret, and leaves no old one behind', async () => {
    const [first, second] = [await startFactor(hub, ada), await startFactor(hub, ada)];
    expect(first).not.toBe(second);
    expect((await confirm(ada, codeOf(first))).status).toBe(422);
    expect(await query(sql`select from hub_secrets where name like 'totp:%'`)).toHaveLength(1);
    await removeSecondFactorOf(hub.hub, ada.email);
    expect(await query(sql`select from hub_secrets where name like 'totp:%'`)).toHaveLength(0);
    expect((await hub.as(ada, 'GET', secondFactor)).headers.get('location')).toBe('/settings/account');
  });
});

describe('signing in as a program', () => {
  it('takes a code once, and none from before', async () => {
    const { secret, used } = await turnOnFactor(hub, ada);
    expect(await verdict(await signIn(ada, used))).toEqual([401, 'not_signed_in']);
    const code = codeOf(secret, 1);
    const answers = await Promise.all([signIn(ada, code), signIn(ada, code)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await signIn(ada, code)).status).toBe(401);
    expect((await signIn(ada, codeOf(secret, -1))).status).toBe(401);
  });

  it('starts a session that works, and tells nothing without the password', async () => {
    const { secret } = await turnOnFactor(hub, ada);
    const wrong = 'wrong horse battery';
    expect(await verdict(await signIn(ada, undefined, wrong))).toEqual([401, 'not_signed_in']);
    expect(await verdict(await signIn(ada, codeOf(secret, 1), wrong))).toEqual([401, 'not_signed_in']);
    const answer = await signIn(ada, codeOf(secret, 1));
    expect(await answer.json()).toEqual({ user: { id: ada.id, name: 'Ada', email: ada.email } });
    expect(await isSignedIn(cookiesOf(answer))).toBe(200);
  });

  it('takes each recovery code once, however it is typed', async () => {
    const { codes } = await turnOnFactor(hub, ada);
    const [first = '', second = ''] = codes;
    expect((await signIn(ada, first.toLowerCase().replaceAll('-', ' '))).status).toBe(200);
    expect((await signIn(ada, first)).status).toBe(401);
    const answers = await Promise.all([signIn(ada, second), signIn(ada, second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect(await (await hub.as(ada, 'GET', '/settings/account')).text()).toContain('8 recovery codes left');
  });

  it('limits guesses', async () => {
    const { secret } = await turnOnFactor(hub, ada);
    const statuses = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await signIn(ada, `x${n}`)).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await signIn(ada, codeOf(secret, 1))).status).toBe(429);
  });

  it.each(['', ' ', '12345', '1234567', "' or 1=1", '٠٠٠٠٠٠'])('refuses %j', async (code) => {
    await turnOnFactor(hub, ada);
    expect((await signIn(ada, code)).status).toBe(401);
  });
});

describe('signing in with a browser', () => {
  it('asks for the code on a second page, and goes on where it was going', async () => {
    const { secret } = await turnOnFactor(hub, ada);
    const { location, cookies } = await firstStep(ada, '/installed?status=active');
    expect(location).toBe('/signin/code?next=%2Finstalled%3Fstatus%3Dactive');
    expect(await isSignedIn(cookies)).toBe(401);
    expect(await (await hub.as(null, 'GET', location ?? '')).text()).toContain('value="/installed?status=active"');
    const wrong = await secondStep(cookies, 'x', '/installed?status=active');
    expect([wrong.status, (await wrong.text()).includes('This code is wrong')]).toEqual([401, true]);
    const right = await secondStep(cookies, codeOf(secret, 1), '/installed?status=active');
    expect([right.status, right.headers.get('location')]).toEqual([303, '/installed?status=active']);
    expect(await isSignedIn(cookiesOf(right))).toBe(200);
    expect(right.headers.getSetCookie().join('\n')).toMatch(/patchbay\.second-step=; Max-Age=0/);
  });

  it('never leads to another site', async () => {
    const { secret } = await turnOnFactor(hub, ada);
    const { cookies } = await firstStep(ada, '//evil.example');
    const answer = await secondStep(cookies, codeOf(secret, 1), '//evil.example');
    expect(answer.headers.get('location')).toBe('/catalog');
  });

  it('belongs to the browser that gave the password, once, for five minutes', async () => {
    const { secret, codes } = await turnOnFactor(hub, ada);
    const { cookies } = await firstStep(ada);
    for (const forged of ['', cookies.replace('=', '=x'), 'patchbay.second-step=x.y'])
      expect(await (await secondStep(forged, codeOf(secret, 1))).text()).toContain('Enter your password again.');
    expect((await secondStep(cookies, codeOf(secret, 1))).status).toBe(303);
    expect(await (await secondStep(cookies, codes[0] ?? '')).text()).toContain('Enter your password again.');
    const late = await firstStep(ada);
    await query(sql`update verifications set expires_at = now() - interval '1 second'`);
    expect((await secondStep(late.cookies, codes[1] ?? '')).status).toBe(401);
    expect((await secondStep((await firstStep(ada)).cookies, codes[1] ?? '')).status).toBe(303);
  });

  it('does not take the code of somebody else', async () => {
    const [, his] = [await turnOnFactor(hub, ada), await turnOnFactor(hub, ben)];
    const { cookies } = await firstStep(ada);
    expect((await secondStep(cookies, his.codes[0] ?? '')).status).toBe(401);
    expect((await signIn(ada, his.codes[0])).status).toBe(401);
    expect((await signIn(ben, his.codes[0])).status).toBe(200);
  });
});

describe('new recovery codes', () => {
  const address = `${secondFactor}/recovery-codes`;
  const renew = (person: Person, code: string, current_password = password) =>
    hub.post(person, address, { code, current_password });
  const codesIn = (html: string) => [...html.matchAll(/<code>([A-Z2-9-]{19})<\/code>/g)].map(([, code = '']) => code);

  it('are made with the password and a code of the app; the old ones stop working', async () => {
    const { secret, codes: old } = await turnOnFactor(hub, ada);
    expect(await (await hub.as(ada, 'GET', '/settings/account')).text()).toContain(address);
    expect(await (await hub.as(ada, 'GET', address)).text()).toContain('Make new codes');
    expect((await signIn(ada, old[0])).status).toBe(200);
    const answer = await renew(ada, codeOf(secret, 1));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const made = codesIn(await answer.text());
    expect(new Set([...made, ...old]).size).toBe(20);
    for (const code of old) expect((await signIn(ada, code)).status).toBe(401);
    await query(sql`delete from rate_limits`);
    for (const code of made) expect((await signIn(ada, code)).status).toBe(200);
    const html = await (await hub.as(ada, 'GET', '/settings/account')).text();
    expect(html).toContain('New recovery codes made');
    const rows = JSON.stringify(await query(sql`select * from second_factors`));
    for (const code of made) expect(`${html}${rows}${hub.logged.join()}`).not.toContain(code);
  });

  it('are not made by the wrong password, a wrong code, one that was used, or a recovery code', async () => {
    const { used, secret, codes } = await turnOnFactor(hub, ada);
    const renewals = () => query(sql`select from account_events where kind = 'recovery_codes_renewed'`);
    const before = await renewals();
    expect((await renew(ada, codeOf(secret, 1), 'not the password')).status).toBe(422);
    for (const code of [used, codeOf(secret, 9), codes[0] ?? '', '']) {
      const answer = await renew(ada, code);
      expect(answer.status).toBe(422);
      expect(await answer.text()).toMatch(/id="code"[^>]*aria-invalid="true"/);
    }
    expect((await signIn(ada, codes[0])).status).toBe(200);
    expect(await renewals()).toHaveLength(before.length);
  });

  it('are not made for somebody without a second factor, or with one that is not confirmed', async () => {
    expect((await hub.as(ben, 'GET', address)).headers.get('location')).toBe('/settings/account');
    expect((await renew(ben, '123456')).status).toBe(409);
    const secret = await startFactor(hub, ben);
    expect((await renew(ben, codeOf(secret))).status).toBe(409);
  });

  it('stay limited by guesses', async () => {
    const { secret } = await turnOnFactor(hub, ada);
    const wrong = codeOf(secret, 9);
    const statuses = [];
    for (let n = 0; n < 11; n += 1) statuses.push((await renew(ada, wrong)).status);
    expect(statuses).toEqual([...Array(10).fill(422), 429]);
    expect((await renew(ada, codeOf(secret, 1))).status).toBe(429);
  });
});

describe('turning it off', () => {
  it('takes the password and a code', async () => {
    const { codes } = await turnOnFactor(hub, ada);
    expect((await remove(ada, codes[0] ?? '', 'not the password')).status).toBe(422);
    expect((await remove(ada, 'x')).status).toBe(422);
    expect((await signIn(ada)).status).toBe(401);
    expect((await remove(ada, codes[0] ?? '')).status).toBe(303);
    expect((await signIn(ada)).status).toBe(200);
    const html = await (await hub.as(ada, 'GET', '/settings/account')).text();
    for (const event of ['Second factor switched on', 'Second factor switched off', 'Recovery code used'])
      expect(html).toContain(event);
  });

  it('is not done by a new password', async () => {
    await turnOnFactor(hub, ben);
    const { url } = await makeResetLink(hub.hub, ben.email, { ip: null, userAgent: null });
    const words = 'three new random words';
    expect((await hub.post(null, new URL(url).pathname, { new_password: words })).status).toBe(303);
    expect(await verdict(await signIn(ben, undefined, words))).toEqual([401, 'second_factor_required']);
  });
});
