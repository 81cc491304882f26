import { createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { password } from '../support/cast.ts';
import { type MailServer, mailServer } from '../support/smtp.ts';

const linkIn = (text: string) => /http:\/\/hub\.test(\/invitations\/[\w-]+)/.exec(text)?.[1] ?? '';
const sender = 'Patchbay <hub@example.com>';
const invite = (hub: TestApp, email: string, role = 'member', by = hub.cast.ada) =>
  hub.post(by, '/settings/invitations', { email, role });
const inviteByApi = async (hub: TestApp, email: string): Promise<Json> =>
  (await hub.as(hub.cast.ada, 'POST', '/api/invitations', { email, role: 'member' })).json();
const renew = (hub: TestApp, id: string, by = hub.cast.ada) => hub.as(by, 'POST', `/api/invitations/${id}/renewal`);
const opened = async (hub: TestApp, link: string) => (await hub.as(null, 'GET', link)).status;
const actions = async (hub: TestApp, id: string) =>
  (await (await hub.as(hub.cast.ada, 'GET', `/api/audit?subject_id=${id}`)).json()).data.map(
    ({ action }: Json) => action,
  );

describe('a hub with a mail server', () => {
  let hub: TestApp;
  let mail: MailServer;
  beforeAll(async () => {
    mail = await mailServer();
    hub = await testApp({ SMTP_URL: mail.url, SMTP_FROM: sender });
  });
  afterAll(async () => {
    await hub.close();
    await mail.close();
  });

  it('sends the link to the person, in plain words, and shows it to whoever invites', async () => {
    expect(await (await hub.as(hub.cast.ada, 'GET', '/settings/members')).text()).toContain('a link by e-mail');
    const html = await (await invite(hub, 'Eve@Example.com', 'admin')).text();
    const letter = await mail.next(0);
    expect(html).toContain('The link is on its way to eve@example.com');
    expect([letter.from, letter.to]).toEqual(['hub@example.com', ['eve@example.com']]);
    expect(letter.raw).toMatch(/^Subject: Ada invites you to Northwind on Patchbay$/m);
    expect(letter.raw).toMatch(/^Content-Type: text\/plain; charset=utf-8$/m);
    for (const part of ['the workspace Northwind', 'as an admin', 'within seven days', 'for eve@example.com only'])
      expect(letter.text).toContain(part);
    expect(linkIn(letter.text)).toBe(linkIn(html));
    expect((await hub.post(null, linkIn(letter.text), { name: 'Eve', password })).status).toBe(303);
  });

  it('tells programs that it was sent, and lists it without its link', async () => {
    const made = await inviteByApi(hub, 'frank@example.com');
    expect(made).toMatchObject({ email: 'frank@example.com', role: 'member', invited_by: 'Ada', emailed: true });
    expect(linkIn(mail.received.at(-1)?.text ?? '')).toBe(linkIn(made.link));
    const list = await (await hub.as(hub.cast.dan, 'GET', '/api/invitations')).text();
    expect(list).toContain(made.id);
    expect(list).not.toContain('/invitations/');
  });

  it('sends it again with a new link, and the old one is dead', async () => {
    const made = await inviteByApi(hub, 'grace@example.com');
    await hub.hub.db.system.execute(
      sql`update invitations set expires_at = now() + interval '1 hour' where id = ${made.id}`,
    );
    const page = await (await hub.as(hub.cast.dan, 'GET', '/settings/members')).text();
    expect(page).toContain('Send again<span class="vh"> for grace@example.com');
    const html = await (await hub.post(hub.cast.dan, `/settings/invitations/${made.id}/renewal`, {})).text();
    const letter = mail.received.at(-1);
    expect(letter?.raw).toMatch(/^Subject: Dan invites you to Northwind/m);
    expect(linkIn(html)).toBe(linkIn(letter?.text ?? ''));
    expect(linkIn(html)).not.toBe(linkIn(made.link));
    expect([await opened(hub, linkIn(made.link)), await opened(hub, linkIn(html))]).toEqual([404, 200]);
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/invitations')).json();
    const row = data.find(({ id }: Json) => id === made.id);
    expect(row.invited_by).toBe('Dan');
    expect(Date.parse(row.expires_at)).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    expect(await actions(hub, made.id)).toEqual(['invitation.renewed', 'invitation.created']);
  });

  it('does not send again what was used, taken back, has run out or is above one’s own role', async () => {
    const [used, gone, late, owner] = [
      await inviteByApi(hub, 'heidi@example.com'),
      await inviteByApi(hub, 'ivan@example.com'),
      await inviteByApi(hub, 'judy@example.com'),
      await (
        await hub.as(hub.cast.ada, 'POST', '/api/invitations', { email: 'kim@example.com', role: 'owner' })
      ).json(),
    ];
    await hub.post(null, linkIn(used.link), { name: 'Heidi', password });
    await hub.as(hub.cast.ada, 'DELETE', `/api/invitations/${gone.id}`);
    await hub.hub.db.system.execute(sql`update invitations set expires_at = now() where id = ${late.id}`);
    const before = mail.received.length;
    for (const { id } of [used, gone, late]) expect((await renew(hub, id)).status).toBe(404);
    const refused = await renew(hub, owner.id, hub.cast.dan);
    expect([refused.status, (await refused.json()).detail]).toEqual([
      403,
      'Only owners can invite somebody as an owner. Ask one of them.',
    ]);
    expect(mail.received).toHaveLength(before);
    expect(await opened(hub, linkIn(owner.link))).toBe(200);
  });

  it('fills nobody’s mailbox', async () => {
    const { id } = await inviteByApi(hub, 'mallory@example.com');
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await renew(hub, id)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    expect((await invite(hub, 'mallory@example.com')).status).toBe(429);
    expect((await inviteByApi(hub, 'niaj@example.com')).emailed).toBe(true);
  });

  it('keeps the invitation when the server refuses the address, and says so', async () => {
    const html = await (await invite(hub, 'refused@example.com')).text();
    expect(html).toContain('The mail server did not take the e-mail, so it may not arrive.');
    expect(await opened(hub, linkIn(html))).toBe(200);
    expect(hub.logged.join()).toContain('an invitation was not sent');
    expect(hub.logged.join()).not.toContain(linkIn(html).split('/').at(-1));
  });
});

describe('a mail server that is', () => {
  const madeWith = async (url: string) => {
    const hub = await testApp({ SMTP_URL: url, SMTP_FROM: sender });
    try {
      const made = await inviteByApi(hub, 'eve@example.com');
      return { emailed: made.emailed, status: await opened(hub, linkIn(made.link)) };
    } finally {
      await hub.close();
    }
  };

  it('away fails no invitation', async () => {
    const gone = await mailServer();
    await gone.close();
    expect(await madeWith(gone.url)).toEqual({ emailed: false, status: 200 });
  });

  it('never done is waited for a moment only', async () => {
    const endings: (() => void)[] = [];
    const slow = createServer((socket) => {
      socket.on('error', () => {}).write('220 loopback\r\n');
      // An answer that goes on and on: no time-out of the client's ever fires.
      const more = setInterval(() => socket.write('250-and more\r\n'), 500);
      endings.push(
        () => void socket.destroy(),
        () => clearInterval(more),
      );
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { port } = slow.address() as { port: number };
    expect(await madeWith(`smtp://127.0.0.1:${port}`)).toEqual({ emailed: false, status: 200 });
    for (const end of endings) end();
    slow.close();
  });
});

it('a hub without a mail server says that the link must be passed on by hand, and makes new ones', async () => {
  const hub = await testApp();
  try {
    expect(await (await hub.as(hub.cast.ada, 'GET', '/settings/members')).text()).toContain(
      'You get a link to pass on to them yourself: this hub sends no e-mail.',
    );
    const html = await (await invite(hub, 'eve@example.com')).text();
    expect(html).toContain('This hub sends no e-mail: copy the link and pass it on to eve@example.com yourself');
    expect(html).toContain('New link<span class="vh"> for eve@example.com');
    expect(await inviteByApi(hub, 'frank@example.com')).toMatchObject({ emailed: false });
  } finally {
    await hub.close();
  }
});
