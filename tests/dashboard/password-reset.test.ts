import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeResetLink } from '../../src/services/people/password-reset.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { type Person, password } from '../support/cast.ts';
import { type MailServer, mailServer } from '../support/smtp.ts';

const nobody = { ip: null, userAgent: null };
const linkIn = (text: string) => /http:\/\/hub\.test(\/reset-password\/[\w-]+)/.exec(text)?.[1] ?? '';
const words = 'three new random words';

let hub: TestApp;
let mail: MailServer;
beforeAll(async () => {
  mail = await mailServer();
  hub = await testApp({ SMTP_URL: mail.url, SMTP_FROM: 'Patchbay <hub@example.com>' });
});
afterAll(async () => {
  await hub.close();
  await mail.close();
});

const ask = (email: string) => hub.post(null, '/forgot-password', { email });
const use = (path: string, new_password = words) => hub.post(null, path, { new_password });
const signIn = async ({ email }: Person, secret: string) =>
  (await hub.as(null, 'POST', '/api/auth/sign-in/email', { email, password: secret })).status;
const linkFor = async ({ email }: Person) => linkIn((await makeResetLink(hub.hub, email, nobody)).url);
const changeLimits = () => hub.hub.db.system.execute(sql`delete from rate_limits`);

describe('a link by e-mail', () => {
  it('goes to the person’s address, and sets a new password once', async () => {
    const answer = await ask('  Ada@Example.com ');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('a link to set a new password is on its way');
    const letter = await mail.next(0);
    expect([letter.from, letter.to]).toEqual(['hub@example.com', ['ada@example.com']]);
    const path = linkIn(letter.text);
    expect(await (await hub.as(null, 'GET', path)).text()).toContain('Set a new password');
    const done = await use(path);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/signin']);
    expect((await hub.as(hub.cast.ada, 'GET', '/api/catalog')).status).toBe(401); // all sessions ended
    expect(await signIn(hub.cast.ada, password)).toBe(401);
    expect(await signIn(hub.cast.ada, words)).toBe(200);
    expect((await use(path, 'another three words')).status).toBe(404);
    expect((await hub.as(null, 'GET', path)).status).toBe(404);
    expect(await signIn(hub.cast.ada, words)).toBe(200);
  });

  it('is answered alike and as fast for an address that nobody has', async () => {
    await changeLimits();
    const timed = async (email: string) => {
      const started = performance.now();
      const html = (await (await ask(email)).text()).replaceAll(email, 'ADDRESS');
      return { html, ms: performance.now() - started };
    };
    const [known, unknown] = [[], []] as { html: string; ms: number }[][];
    for (let n = 0; n < 5; n += 1) {
      known?.push(await timed(hub.cast.cleo.email));
      unknown?.push(await timed('eve@example.com'));
    }
    expect(new Set([...(known ?? []), ...(unknown ?? [])].map(({ html }) => html)).size).toBe(1);
    const fastest = (all: { ms: number }[] = []) => Math.min(...all.map(({ ms }) => ms));
    expect(Math.abs(fastest(known) - fastest(unknown))).toBeLessThan(15);
  });

  it('is sent three times at most in a quarter of an hour, and never to an address that nobody has', async () => {
    await mail.next(3);
    await expect.poll(() => mail.received.length).toBe(4);
    expect(mail.received.slice(1).map(({ to }) => to)).toEqual(Array(3).fill([hub.cast.cleo.email]));
  });

  it('cannot be asked for without end', async () => {
    await changeLimits();
    const statuses = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await ask('eve@example.com')).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
    await changeLimits();
  });

  it.each(['', 'ada', 'ada@example.com\r\nBcc: x@example.com', 'a@example.com, b@example.com'])(
    'is refused for %j, beside the field',
    async (email) => {
      const answer = await ask(email);
      expect(answer.status).toBe(422);
      expect(await answer.text()).toMatch(/id="email"[^>]*aria-invalid="true"/);
    },
  );
});

describe('the link', () => {
  it('stands in no row, no log line and no referrer', async () => {
    const path = await linkFor(hub.cast.ben);
    const page = await hub.as(null, 'GET', path);
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    const token = path.split('/')[2] ?? '';
    expect(hub.logged.join('\n')).not.toContain(token);
    expect(hub.logged.join('\n')).toContain('"/reset-password/:token"');
    const rows = await hub.hub.db.system.execute(sql`select * from verifications`);
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('ends when another one is made', async () => {
    const [first, second] = [await linkFor(hub.cast.ben), await linkFor(hub.cast.ben)];
    expect((await use(first)).status).toBe(404);
    expect((await hub.as(null, 'GET', second)).status).toBe(200);
  });

  it('survives a password that is refused, and says why', async () => {
    const path = await linkFor(hub.cast.ben);
    const answer = await use(path, 'short');
    expect([answer.status, (await answer.text()).includes('Use at least 12 characters.')]).toEqual([422, true]);
    expect((await use(path)).status).toBe(303);
  });

  it('expires, and is cleared away', async () => {
    const path = await linkFor(hub.cast.ben);
    await hub.hub.db.system.execute(sql`update verifications set expires_at = now() - interval '1 second'`);
    for (const answer of [await hub.as(null, 'GET', path), await use(path)]) {
      expect(answer.status).toBe(404);
      expect(await answer.text()).toMatch(/does not work any more.*href="\/forgot-password">Ask for a new link</s);
    }
    const { schedule } = await import('../../src/jobs/schedule.ts');
    expect(await schedule.find(({ name }) => name === 'forget-ended-links')?.run(hub.hub)).toBeGreaterThan(0);
    expect(await hub.hub.db.system.execute(sql`select from verifications`)).toHaveLength(0);
  });

  it('is used by one of two requests at once', async () => {
    const path = await linkFor(hub.cast.dan);
    const answers = await Promise.all([use(path, 'first three words'), use(path, 'second three words')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 404]);
  });

  it.each(['x', '~', 'a'.repeat(5_000), 'password-reset:x'])('that is %j is none', async (token) => {
    expect((await hub.as(null, 'GET', `/reset-password/${token}`)).status).toBe(404);
  });
});

it('without a mail server, the page says to ask the operator', async () => {
  const silent = await testApp();
  try {
    expect(await (await silent.as(null, 'GET', '/signin')).text()).toContain('href="/forgot-password"');
    expect(await (await silent.as(null, 'GET', '/forgot-password')).text()).toContain('Ask your operator for a link');
    expect((await silent.post(null, '/forgot-password', { email: 'ada@example.com' })).status).toBe(503);
  } finally {
    await silent.close();
  }
});
