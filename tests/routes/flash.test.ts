import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNotice, sealNotice } from '../../src/services/people/notices.ts';
import { type TestApp, testApp } from '../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const ada = () => hub.cast.ada;
const shownWith = async (notice: string) => {
  const cookie = `${ada().cookie}; patchbay.notice=${notice}`;
  const page = await hub.as(null, 'GET', '/settings/account', undefined, { cookie });
  const [, toasts = ''] = /<section class="toasts"[^>]*>([\s\S]*?)<\/section>/.exec(await page.text()) ?? [];
  return { status: page.status, toasts, forgotten: page.headers.getSetCookie().join() };
};

describe('the notice that a redirect leaves', () => {
  it('is said once, and cannot be read on the way', async () => {
    const answer = await hub.post(ada(), '/settings/account/name', { name: 'Ada Lovelace' });
    expect(answer.status).toBe(303);
    const [cookie = ''] = answer.headers.getSetCookie().filter((each) => each.startsWith('patchbay.notice='));
    expect(cookie).toMatch(/; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/);
    const value = cookie.slice('patchbay.notice='.length, cookie.indexOf(';'));
    expect(Buffer.from(value, 'base64url').toString()).not.toContain('saved');
    const { toasts, forgotten } = await shownWith(value);
    expect(toasts).toContain('Your name is saved.');
    expect(forgotten).toMatch(/patchbay\.notice=; Max-Age=0/);
  });

  it('is made by the hub alone', async () => {
    const forged = { tone: 'ok', text: 'Call this number at once.' };
    const sealed = sealNotice(hub.hub, forged);
    expect((await shownWith(sealed)).toasts).toContain('Call this number at once.');
    const letter = sealed.at(-9) === 'A' ? 'B' : 'A';
    for (const cookie of [
      Buffer.from(JSON.stringify(forged)).toString('base64url'),
      Buffer.from(JSON.stringify({ masterKeyId: 'test', sealed: 'AAAA' })).toString('base64url'),
      `${sealed.slice(0, -9)}${letter}${sealed.slice(-8)}`,
      'null',
      '%00',
      'x'.repeat(3000),
    ])
      expect(await shownWith(cookie)).toMatchObject({ status: 200, toasts: '' });
  });

  it('counts for a minute, and nothing else that the hub sealed is one', async () => {
    const now = Date.now();
    const sealed = sealNotice(hub.hub, 'said', now);
    expect([openNotice(hub.hub, sealed, now + 59_000), openNotice(hub.hub, sealed, now + 60_000)]).toEqual([
      'said',
      null,
    ]);
    const other = hub.hub.vault.sealForHub('something', JSON.stringify({ notice: 'said', until: now + 60_000 }));
    expect(openNotice(hub.hub, Buffer.from(JSON.stringify(other)).toString('base64url'), now)).toBeNull();
  });
});
