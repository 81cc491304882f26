import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import { createIdentity } from '../../src/services/people/identity.ts';
import { createTenant } from '../../src/services/tenants/tenants.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { type Person, password, signedIn } from '../support/cast.ts';
import { figure, tries } from './measure.ts';

// Two replicas on one database: what one takes away the other grants no more.

let hub: TestApp;
let second: Database;
let other: ReturnType<typeof createApp>['app'];
beforeAll(async () => {
  hub = await testApp();
  second = openDatabase({ connection: hub.database.hub });
  const replica = { ...hub.hub, db: second };
  other = createApp({ ...hub.deps, hub: replica, identity: createIdentity(replica) }).app;
});
afterAll(async () => {
  await second.close();
  await hub.close();
});

const there = (path: string, headers: Record<string, string>, method = 'GET') =>
  other.request(`http://hub.test${path}`, { method, headers });
/** Milliseconds in which what is remembered of a key for models and agents may be old. */
const memoryMs = 1_000;

let made = 0;
async function newcomer(role: 'member' | 'admin'): Promise<Person & { memberId: string }> {
  made += 1;
  const email = `newcomer-${made}@example.com`;
  const { owner } = await createTenant(hub.hub, { name: 'Home', owner: { name: `Newcomer ${made}`, email, password } });
  const [{ id: memberId }] = await withConnection(
    hub.database.admin,
    (db) => db<[{ id: string }]>`
      insert into members (id, organization_id, user_id, role, created_at)
      values (gen_random_uuid(), ${hub.cast.ada.tenantId}, ${owner.id}, ${role}, now()) returning id`,
  );
  const cookie = await signedIn(hub.deps.identity, email, hub.cast.ada.tenantId);
  return { id: owner.id, memberId, name: email, email, role, tenantId: hub.cast.ada.tenantId, cookie };
}
const allowed = async (headers: Record<string, string>, path = '/api/installed') =>
  (await there(path, headers)).status === 200;
const keyOf = async (person: Person, scopes = ['connectors:read', 'llm:use']) =>
  (await hub.as(person, 'POST', '/api/api-keys', { name: `Key ${made}`, role: person.role, scopes })).json();

const losses: Record<string, () => Promise<{ had: boolean; has: boolean }>> = {
  async 'a session that is signed out'() {
    const { cookie } = await newcomer('member');
    const had = await allowed({ cookie });
    await hub.deps.identity.signOut(new Headers({ cookie }));
    return { had, has: await allowed({ cookie }) };
  },
  async 'a member who is removed'() {
    const { cookie, memberId } = await newcomer('member');
    const had = await allowed({ cookie });
    expect((await hub.as(hub.cast.ada, 'DELETE', `/api/members/${memberId}`)).status).toBe(204);
    const answer = await there('/api/installed', { cookie });
    return { had, has: answer.status === 200 && (await answer.text()).includes(hub.cast.ada.tenantId) };
  },
  async 'a role that is taken'() {
    const { cookie, memberId } = await newcomer('admin');
    const had = await allowed({ cookie }, '/api/api-keys');
    const changed = await hub.as(hub.cast.ada, 'PATCH', `/api/members/${memberId}`, { role: 'member' });
    expect(changed.status).toBe(200);
    return { had, has: await allowed({ cookie }, '/api/api-keys') };
  },
  async 'a key that is revoked'() {
    const { id, key } = await keyOf(await newcomer('admin'));
    const headers = { authorization: `Bearer ${key}` };
    const had = await allowed(headers);
    expect((await hub.as(hub.cast.ada, 'DELETE', `/api/api-keys/${id}`)).status).toBe(204);
    return { had, has: await allowed(headers) };
  },
  async 'a key whose maker is removed'() {
    const person = await newcomer('admin');
    const { key } = await keyOf(person);
    const headers = { authorization: `Bearer ${key}` };
    const had = await allowed(headers);
    await hub.as(hub.cast.ada, 'DELETE', `/api/members/${person.memberId}`);
    return { had, has: await allowed(headers) };
  },
  async 'a key for models, within a second'() {
    const { id, key } = await keyOf(await newcomer('admin'));
    const headers = { authorization: `Bearer ${key}` };
    const had = (await there('/v1/models', headers)).status !== 401;
    await hub.as(hub.cast.ada, 'DELETE', `/api/api-keys/${id}`);
    const until = Date.now() + memoryMs;
    while (Date.now() < until && (await there('/v1/models', headers)).status !== 401);
    return { had, has: (await there('/v1/models', headers)).status !== 401 };
  },
  async 'a password that is changed'() {
    const person = await newcomer('member');
    const elsewhere = await signedIn(hub.deps.identity, person.email, person.tenantId);
    const had = await allowed({ cookie: elsewhere });
    const fields = { current_password: password, new_password: `${password} 2` };
    await hub.post(person, '/settings/account/password', fields);
    return { had, has: await allowed({ cookie: elsewhere }) };
  },
};

it('what one replica takes away the other one grants no more, from the next request on', async () => {
  const rounds = Math.max(1, Math.round(tries(21) / Object.keys(losses).length));
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round++)
    for (const [what, lose] of Object.entries(losses)) {
      await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
      const { had, has } = await lose();
      if (!had || has) wrong.push(`${what}: ${had ? 'kept' : 'never had it'}`);
    }
  figure(`${wrong.length} of ${rounds * Object.keys(losses).length} rights outlived being taken, on a second replica`);
  expect(wrong).toEqual([]);
});
