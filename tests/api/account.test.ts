import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { signedIn } from '../support/cast.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const history = (query = '', person = hub.cast.ben) => hub.as(person, 'GET', `/api/account/history${query}`);
const kinds = async (query = '', person = hub.cast.ben): Promise<string[]> =>
  (await (await history(query, person)).json()).data.map(({ kind }: Json) => kind);

describe('GET /api/account/history', () => {
  it('tells the person alone what happened to their account, newest first', async () => {
    const { ben } = hub.cast;
    const wrong = { email: ben.email, password: 'not the password' };
    await hub.as(null, 'POST', '/api/auth/sign-in/email', wrong, { 'user-agent': 'curl/8' });
    await hub.post(ben, '/settings/account/name', { name: 'Benjamin' });
    const { data, next_cursor } = await (await history()).json();
    expect(data.slice(0, 2)).toMatchObject([
      { kind: 'renamed', user_agent: 'Mozilla/5.0' },
      { kind: 'sign_in_failed', user_agent: 'curl/8' },
    ]);
    expect(next_cursor).toBeNull();
    expect(await kinds('', hub.cast.ada)).not.toContain('renamed');
    expect(JSON.stringify(data)).not.toContain('not the password');
  });

  it('goes on page by page, without a gap or a repetition', async () => {
    const all = await (await history()).json();
    const seen: string[] = [];
    let cursor = '';
    do {
      const list = await (await history(`?limit=1${cursor && `&cursor=${cursor}`}`)).json();
      seen.push(...list.data.map(({ id }: Json) => id));
      cursor = list.next_cursor ?? '';
    } while (cursor);
    expect(seen).toEqual(all.data.map(({ id }: Json) => id));
    expect(seen.length).toBeGreaterThan(2);
    expect((await history('?cursor=nonsense')).status).toBe(422);
    expect((await history('?limit=0')).status).toBe(422);
  });

  it('is the same in every workspace of the person, and closed to programs and strangers', async () => {
    const { ada, ben } = hub.cast;
    const elsewhere = { ...ben, cookie: await signedIn(hub.deps.identity, ben.email) };
    expect(await kinds('', elsewhere)).toEqual(await kinds());
    const body = { name: 'Reader', role: 'member', scopes: ['audit:read'] };
    const { key } = await (await hub.as(ada, 'POST', '/api/api-keys', body)).json();
    const byKey = await hub.as(null, 'GET', '/api/account/history', undefined, { authorization: `Bearer ${key}` });
    expect([byKey.status, (await hub.as(null, 'GET', '/api/account/history')).status]).toEqual([403, 401]);
  });
});
