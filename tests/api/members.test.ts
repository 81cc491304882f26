import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { type Person, signedIn } from '../support/cast.ts';

let hub: TestApp;
beforeEach(async () => {
  await hub?.close();
  hub = await testApp();
});
afterAll(() => hub.close());

const members = async (person = hub.cast.ada): Promise<Json[]> =>
  (await (await hub.as(person, 'GET', '/api/members')).json()).data;
const idOf = async (person: Person) => (await members()).find(({ user }) => user.id === person.id).id;
const setRole = async (by: Person, of: Person, role: string) =>
  hub.as(by, 'PATCH', `/api/members/${await idOf(of)}`, { role });
const remove = async (by: Person, whom: Person) => hub.as(by, 'DELETE', `/api/members/${await idOf(whom)}`);

const keyOf = async (person: Person): Promise<Json> =>
  (
    await hub.as(person, 'POST', '/api/api-keys', { name: 'Theirs', role: 'admin', scopes: ['connectors:read'] })
  ).json();
const callWith = (key: string) => hub.as(null, 'GET', '/api/installed', undefined, { authorization: `Bearer ${key}` });

describe('members', () => {
  it('are seen by each of them, and by nobody else', async () => {
    expect((await members(hub.cast.ben)).map(({ user, role }) => [user.name, role])).toEqual([
      ['Ada', 'owner'],
      ['Ben', 'member'],
      ['Dan', 'admin'],
    ]);
    expect((await members(hub.cast.cleo)).map(({ user }) => user.name)).toEqual(['Cleo']);
  });

  it('get another role, which counts with their next request', async () => {
    const { ada, ben } = hub.cast;
    expect((await setRole(ada, ben, 'admin')).status).toBe(200);
    expect((await hub.as(ben, 'GET', '/api/api-keys')).status).toBe(200);
    expect((await setRole(ada, ben, 'member')).status).toBe(200);
    expect((await hub.as(ben, 'GET', '/api/api-keys')).status).toBe(403);
    const { data } = await (await hub.as(ada, 'GET', '/api/audit?action=member.role_changed')).json();
    expect(data[0]).toMatchObject({ subject: { name: 'Ben' }, details: { from: 'admin', to: 'member' } });
  });

  it('keep the role that they have without an event', async () => {
    await setRole(hub.cast.ada, hub.cast.ben, 'member');
    expect((await (await hub.as(hub.cast.ada, 'GET', '/api/audit?action=member.role_changed')).json()).data).toEqual(
      [],
    );
  });

  it('lose their sessions here and the keys that they made when they are removed, and nothing elsewhere', async () => {
    const { ada, dan } = hub.cast;
    const { key } = await keyOf(dan);
    const elsewhere = await signedIn(hub.deps.identity, dan.email);
    const home = await hub.deps.identity.readSession(new Headers({ cookie: elsewhere }));
    expect(home?.tenant?.name).toBe('Home of Dan');
    expect((await callWith(key)).status).toBe(200);
    expect((await members()).map(({ api_keys }) => api_keys)).toEqual([0, 0, 1]);
    expect((await remove(ada, dan)).status).toBe(204);
    expect((await callWith(key)).status).toBe(401);
    expect((await hub.as(dan, 'GET', '/api/installed')).status).toBe(401);
    expect((await hub.as({ ...dan, cookie: elsewhere }, 'GET', '/api/installed')).status).toBe(200);
    const [event] = (await (await hub.as(ada, 'GET', '/api/audit?action=member.removed')).json()).data;
    expect(event.details).toMatchObject({ revoked_keys: ['Theirs'], ended_sessions: 1 });
  });

  it('may leave by themselves', async () => {
    expect((await remove(hub.cast.ben, hub.cast.ben)).status).toBe(204);
    expect((await members()).map(({ user }) => user.name)).toEqual(['Ada', 'Dan']);
  });
});

describe('owners', () => {
  it('are not touched and not made by admins', async () => {
    const { ada, dan, ben } = hub.cast;
    for (const response of [
      await setRole(dan, ada, 'member'),
      await remove(dan, ada),
      await setRole(dan, dan, 'owner'),
      await setRole(dan, ben, 'owner'),
    ]) {
      expect(response.status).toBe(403);
      expect((await response.json()).detail).toMatch(/^Only owners can /);
    }
    expect((await members()).map(({ role }) => role)).toEqual(['owner', 'member', 'admin']);
  });

  it('cannot leave or step down as the last one', async () => {
    const { ada, ben } = hub.cast;
    for (const response of [await setRole(ada, ada, 'admin'), await remove(ada, ada)]) {
      expect(response.status).toBe(409);
      expect((await response.json()).detail).toContain('Ada is the only owner');
    }
    await setRole(ada, ben, 'owner');
    expect((await setRole(ada, ada, 'admin')).status).toBe(200);
  });

  it('cannot both go at the same moment', async () => {
    const { ada, ben } = hub.cast;
    await setRole(ada, ben, 'owner');
    const [adaId, benId] = [await idOf(ada), await idOf(ben)];
    const statuses = await Promise.all([
      hub.as(ada, 'DELETE', `/api/members/${adaId}`),
      hub.as(ben, 'DELETE', `/api/members/${benId}`),
    ]).then((all) => all.map(({ status }) => status));
    expect(statuses.sort()).toEqual([204, 409]);
  });
});

it('shows what ends before somebody is removed, and offers members no change', async () => {
  await keyOf(hub.cast.dan);
  const removal = `/settings/members/${await idOf(hub.cast.dan)}/removal`;
  const html = await (await hub.as(hub.cast.ada, 'GET', removal)).text();
  expect(html).toContain('These API keys stop working at once: Theirs.');
  expect(html).toContain('1 browser is signed out at once.');
  const seen = await (await hub.as(hub.cast.ben, 'GET', '/settings/members')).text();
  expect(seen).toContain('Only owners and admins can change who belongs here');
  expect(seen.match(/\/removal"/g)?.length).toBe(2); // one's own, as an address and for htmx
  expect(seen).not.toContain('/role"');
});
