import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedule } from '../../src/jobs/schedule.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { type Person, password, signedIn } from '../support/cast.ts';

let hub: TestApp;
let ben: Person;
beforeAll(async () => {
  hub = await testApp();
  ben = hub.cast.ben;
});
afterAll(() => hub.close());

const account = '/settings/account';
const page = async (person: Person) => (await hub.as(person, 'GET', account)).text();
const cookieOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith('patchbay.session='))
    ?.split(';')[0] ?? '';
/** The same person in another browser. */
const elsewhere = async (person: Person): Promise<Person> => ({
  ...person,
  cookie: await signedIn(hub.deps.identity, person.email, person.tenantId),
});
const isSignedIn = async (person: Person) => (await hub.as(person, 'GET', '/api/catalog')).status === 200;
const query = <T extends Record<string, unknown>>(text: ReturnType<typeof sql>) => hub.hub.db.system.execute<T>(text);
const sessionIds = async (person: Person): Promise<string[]> => {
  const rows = await query<{ id: string }>(
    sql`select id from sessions where user_id = ${person.id} order by created_at, id`,
  );
  return rows.map(({ id }) => id);
};
const end = (person: Person, id: string) => hub.post(person, `${account}/sessions/${id}`, { _method: 'DELETE' });
const audited = (tenantId: string) =>
  hub.hub.db.asTenant(tenantId, (tx) =>
    tx.execute(sql`select actor_name, subject_name, details from audit_events where action = 'member.renamed'`),
  );

describe('one’s own name', () => {
  it('is saved, shown and audited in every workspace of the person', async () => {
    const answer = await hub.post(ben, `${account}/name`, { name: '  Benjamin <b>  ' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, account]);
    expect(await page(ben)).toContain('value="Benjamin &lt;b&gt;"');
    const event = { actor_name: 'Ben', subject_name: 'Benjamin <b>', details: { before: 'Ben' } };
    expect([...(await audited(ben.tenantId))]).toEqual([event]);
    const [home] = await query<{ id: string }>(sql`select id from organizations where name = 'Home of Ben'`);
    expect([...(await audited(home?.id ?? ''))]).toEqual([event]);
    expect(await audited(hub.cast.cleo.tenantId)).toHaveLength(0);
  });

  it('is not audited when it stays the same', async () => {
    expect((await hub.post(ben, `${account}/name`, { name: 'Benjamin <b>' })).status).toBe(303);
    expect(await audited(ben.tenantId)).toHaveLength(1);
  });

  it.each([
    ['', 'Enter your name.'],
    ['x'.repeat(256), 'Use at most 255 characters'],
    ['a\u202eb', 'invisible control character'],
  ])('is refused as %j, beside the field', async (name, message) => {
    const answer = await hub.post(ben, `${account}/name`, { name });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toMatch(/id="name"[^>]*aria-invalid="true"/);
    expect(html).toContain(message);
  });
});

describe('one’s own password', () => {
  const change = (person: Person, current_password: string, new_password: string) =>
    hub.post(person, `${account}/password`, { current_password, new_password });

  it.each([
    ['wrong horse battery', 'another long password', 'This is not your current password.'],
    ['', 'another long password', 'Enter your current password.'],
    [password, 'short', 'Use at least 12 characters.'],
    [password, password, 'Choose another password than the one you have.'],
    [password, 'x'.repeat(129), 'Use at most 128 characters.'],
  ])('stays when %j → %j is asked for', async (current, next, message) => {
    const answer = await change(hub.cast.dan, current, next);
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toContain(message);
    expect(html).not.toContain('another long password');
    expect(await isSignedIn(hub.cast.dan)).toBe(true);
  });

  it('is changed, ends all other sessions and gives this one another id', async () => {
    const other = await elsewhere(hub.cast.dan);
    const before = await sessionIds(hub.cast.dan);
    const answer = await change(hub.cast.dan, password, 'another long password');
    expect(answer.status).toBe(303);
    const renewed = { ...hub.cast.dan, cookie: cookieOf(answer) };
    expect(await isSignedIn(renewed)).toBe(true);
    expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(hub.cast.dan)).toBe(false); // the id from before
    const after = await sessionIds(hub.cast.dan);
    expect(after).toHaveLength(1);
    expect(before).not.toContain(after[0]);
    expect(await page(renewed)).toContain('Password changed');
    const signIn = (secret: string) =>
      hub.as(null, 'POST', '/api/auth/sign-in/email', { email: renewed.email, password: secret });
    expect((await signIn(password)).status).toBe(401);
    expect((await signIn('another long password')).status).toBe(200);
  });

  it('is changed by one of two requests at once', async () => {
    const [one, two] = [await elsewhere(hub.cast.cleo), await elsewhere(hub.cast.cleo)];
    const answers = await Promise.all([
      change(one, password, 'the first long password'),
      change(two, password, 'the second long password'),
    ]);
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(await sessionIds(hub.cast.cleo)).toHaveLength(1);
  });

  it('cannot be guessed through an open browser', async () => {
    const tries = [];
    for (let n = 0; n < 7; n += 1)
      tries.push(await change(hub.cast.ada, `wrong password ${n}`, 'another long password'));
    expect(tries.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 429, 429]);
    expect(Number(tries[6]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await change(hub.cast.ada, password, 'another long password')).status).toBe(429);
  });
});

describe('one’s own sessions', () => {
  it('are listed with this one marked, and end one by one', async () => {
    const here = await elsewhere(ben);
    const html = await page(here);
    expect(html.match(/This browser</g)).toHaveLength(1);
    const own = new Set([...html.matchAll(/account\/sessions\/([0-9a-f-]{36})/g)].map(([, id]) => id));
    const before = await sessionIds(here);
    expect(own.size).toBe(before.length - 1);
    for (const id of own) expect((await end(here, id ?? '')).status).toBe(303);
    expect(await isSignedIn(ben)).toBe(false);
    expect(await isSignedIn(here)).toBe(true);
    expect(await page(here)).toContain('Another browser signed out');
    expect((await end(here, [...own][0] ?? '')).status).toBe(404);
    ben = here;
  });

  it('of other people are not shown and do not end', async () => {
    const [theirs = ''] = await sessionIds(hub.cast.ada);
    expect(await page(ben)).not.toContain(theirs);
    for (const id of [theirs, 'x', '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78'])
      expect((await end(ben, id)).status).toBe(404);
    expect(await isSignedIn(hub.cast.ada)).toBe(true);
  });

  it('end everywhere at once', async () => {
    const here = await elsewhere(ben);
    const answer = await hub.post(here, `${account}/sessions`, { _method: 'DELETE' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/signin']);
    expect(answer.headers.getSetCookie().join()).toContain('Max-Age=0');
    expect(await isSignedIn(here)).toBe(false);
    expect(await isSignedIn(ben)).toBe(false);
    expect(await sessionIds(ben)).toEqual([]);
    expect(await isSignedIn(hub.cast.ada)).toBe(true);
  });
});

describe('the history', () => {
  it('tells the person of failed sign-ins, and nobody else', async () => {
    const failed = { email: hub.cast.ada.email, password: 'wrong horse battery' };
    const browser = { 'user-agent': '<i>Firefox/140.0</i> (X11; Linux)' };
    expect((await hub.as(null, 'POST', '/api/auth/sign-in/email', failed, browser)).status).toBe(401);
    expect(await page(hub.cast.ada)).toMatch(/Wrong password at sign-in<\/strong> <span[^>]*>Firefox on Linux/);
    expect(await page(await elsewhere(ben))).not.toContain('Wrong password at sign-in');
  });

  it('cannot be rewritten, and cannot be read inside a workspace', async () => {
    const inside = hub.hub.db.asTenant(hub.cast.ada.tenantId, (tx) => tx.execute(sql`select from account_events`));
    await expect(inside).rejects.toThrow('permission denied');
    await expect(query(sql`update account_events set kind = 'nothing'`)).rejects.toThrow('permission denied');
  });

  it('is forgotten after 90 days', async () => {
    const job = schedule.find(({ name }) => name === 'forget-account-history');
    expect(await job?.run(hub.hub)).toBe(0);
    await query(sql`
      insert into account_events (id, user_id, kind, created_at)
      values (gen_random_uuid(), ${hub.cast.ada.id}, 'signed_in', now() - interval '91 days')`);
    expect(await job?.run(hub.hub)).toBe(1);
  });
});
