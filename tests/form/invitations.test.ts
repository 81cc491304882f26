import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { type Person, password } from '../support/cast.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const invite = (fields: Record<string, string>, by = hub.cast.ada) => hub.post(by, '/settings/invitations', fields);
/** The path of the link that a new invitation is answered with. */
async function linkFor(email: string, role = 'member', by = hub.cast.ada): Promise<string> {
  const html = await (await invite({ email, role }, by)).text();
  return /http:\/\/hub\.test(\/invitations\/[\w-]+)/.exec(html)?.[1] ?? '';
}
const accept = (link: string, person: Person | null, fields = {}) =>
  hub.post(person, link, { name: 'Eve', password, ...fields });
const members = async (): Promise<Json[]> => (await (await hub.as(hub.cast.ada, 'GET', '/api/members')).json()).data;
const isMember = async (email: string) => (await members()).some(({ user }) => user.email === email);

describe('an invitation', () => {
  it('takes a new person in, once, with the role that it names', async () => {
    const link = await linkFor('eve@example.com', 'admin');
    expect(await (await hub.as(null, 'GET', link)).text()).toContain('Create account and join');
    const response = await accept(link, null);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/catalog']);
    expect(response.headers.getSetCookie().join()).toContain('patchbay.session');
    expect((await members()).find(({ user }) => user.name === 'Eve')).toMatchObject({ role: 'admin' });
    const [event] = (await (await hub.as(hub.cast.ada, 'GET', '/api/audit?action=invitation.accepted')).json()).data;
    expect(event).toMatchObject({ actor: { type: 'user', name: 'Eve' }, details: { role: 'admin' } });

    for (const again of [await accept(link, null), await hub.as(null, 'GET', link)]) {
      expect(again.status).toBe(409);
      expect(await again.text()).toContain('This invitation was used already');
    }
  });

  it('asks somebody with an account to sign in first, and then takes them in', async () => {
    const link = await linkFor(hub.cast.cleo.email);
    expect(await (await hub.as(null, 'GET', link)).text()).toContain(`/signin?next=${encodeURIComponent(link)}`);
    expect((await accept(link, null)).status).toBe(401);
    expect((await accept(link, hub.cast.cleo)).status).toBe(303);
    expect((await (await hub.as(hub.cast.cleo, 'GET', '/api/members')).json()).data.length).toBeGreaterThan(3);
  });

  it('is for the address that it names alone', async () => {
    const link = await linkFor('frank@example.com');
    const refused = await accept(link, hub.cast.ben);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('This invitation is for frank@example.com, but you are signed in as ben@');
  });

  it('offers somebody else to sign out, and brings them back', async () => {
    const link = await linkFor('frank@example.com');
    const page = await (await hub.as(hub.cast.ben, 'GET', link)).text();
    expect(page).toContain(`You are signed in as ${hub.cast.ben.email}.`);
    expect(page).toMatch(`action="/signout"`);
    expect(page).toContain(`name="next" value="${link}"`);
    const out = async (next: string) => (await hub.post(null, '/signout', { next })).headers.get('location');
    expect(await out(link)).toBe(link);
    expect(await out('https://elsewhere.example/')).toBe('/signin');
  });

  it('runs out after seven days', async () => {
    const link = await linkFor('late@example.com');
    await hub.hub.db.system.execute(
      sql`update invitations set expires_at = expires_at - interval '7 days' where email = 'late@example.com'`,
    );
    expect(await (await accept(link, null)).text()).toContain('This invitation has run out. Ask an admin of Northwind');
    expect(await isMember('late@example.com')).toBe(false);
  });

  it('ends when it is taken back, replaced, or its maker may no longer invite', async () => {
    const [first, second] = [await linkFor('grace@example.com'), await linkFor('grace@example.com')];
    expect(await (await accept(first, null)).text()).toContain('was taken back');
    const page = await (await hub.as(hub.cast.ada, 'GET', '/settings/members')).text();
    const row = /action="(\/settings\/invitations\/[\w-]+)"(?=(?:(?!<form).)*grace@)/s.exec(page)?.[1] ?? '';
    expect((await hub.post(hub.cast.dan, row, { _method: 'DELETE' })).status).toBe(303);
    expect(await (await accept(second, null)).text()).toContain('was taken back');

    const byDan = await linkFor('heidi@example.com', 'admin', hub.cast.dan);
    const dan = (await members()).find(({ user }) => user.id === hub.cast.dan.id);
    await hub.as(hub.cast.ada, 'PATCH', `/api/members/${dan.id}`, { role: 'member' });
    expect(await (await accept(byDan, null)).text()).toContain('was taken back');
    await hub.as(hub.cast.ada, 'PATCH', `/api/members/${dan.id}`, { role: 'admin' });
    expect(await isMember('heidi@example.com')).toBe(false);
  });

  it('is used once also when it is accepted twice at the same moment', async () => {
    const link = await linkFor('ivan@example.com');
    const statuses = (await Promise.all([accept(link, null), accept(link, null)])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 303)).toHaveLength(1);
    expect((await members()).filter(({ user }) => user.email === 'ivan@example.com')).toHaveLength(1);
  });

  it('waits while the workspace is suspended', async () => {
    const link = await linkFor('trent@example.com');
    const { tenantId } = hub.cast.ada;
    const suspend = (at: string) =>
      hub.hub.db.system.execute(sql`update organizations set suspended_at = ${at}::timestamptz where id = ${tenantId}`);
    await suspend('2026-01-01');
    expect(await (await accept(link, null)).text()).toContain('The workspace Northwind is suspended');
    await hub.hub.db.system.execute(sql`update organizations set suspended_at = null where id = ${tenantId}`);
    expect((await accept(link, null)).status).toBe(303);
  });

  it('says what is wrong with name and password, and stays open', async () => {
    const link = await linkFor('judy@example.com');
    const refused = await accept(link, null, { name: '', password: 'short' });
    expect(refused.status).toBe(422);
    const html = await refused.text();
    expect(html).toContain('Enter your name.');
    expect(html).toContain('Use at least 12 characters.');
    expect((await accept(link, null)).status).toBe(303);
  });

  it('is kept as a hash, and its token in no log', async () => {
    const link = await linkFor('mallory@example.com');
    const token = link.split('/').at(-1) ?? '';
    await hub.as(null, 'GET', link);
    const rows = await hub.hub.db.system.execute(sql`select * from invitations where email = 'mallory@example.com'`);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(hub.logged.join()).not.toContain(token);
    expect((await hub.as(null, 'GET', `${link}x`)).status).toBe(404);
  });
});

describe('whoever invites', () => {
  it('gives at most their own role, and invites nobody who belongs already', async () => {
    const tooHigh = await invite({ email: 'new@example.com', role: 'owner' }, hub.cast.dan);
    expect([tooHigh.status, await tooHigh.text()]).toEqual([
      422,
      expect.stringContaining('You cannot give a higher role than your own, which is admin.'),
    ]);
    const twice = await invite({ email: 'Ben@Example.com', role: 'member' });
    expect([twice.status, await twice.text()]).toEqual([
      422,
      expect.stringContaining('ben@example.com belongs to this workspace already.'),
    ]);
    const wrong = await (await invite({ email: 'nobody', role: '' })).text();
    expect(wrong).toContain('Enter a full e-mail address');
    expect(wrong).toContain('Choose a role');
  });
});
