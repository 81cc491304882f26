import { drizzle } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Tx } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import { sealAudit } from '../../src/services/secrets/audit-seals.ts';
import { verifyAudit } from '../../src/services/secrets/audit-verification.ts';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { changedIn, contentsOf } from './contents.ts';
import { figure, randomness, tries } from './measure.ts';
import { ask, type Route, routesOf, rowOf } from './routes.ts';

// What happens to each change when its event cannot be written.

let hub: TestApp;
let changes: Route[];
beforeAll(async () => {
  hub = await testApp();
  changes = routesOf(hub).filter(
    ({ method, audit, role }) => method !== 'GET' && audit && role !== 'operator' && role !== 'public',
  );
});
afterAll(() => hub.close());

/** What has to be so before the example works. */
const given: Record<string, (id: string) => Promise<unknown>> = {
  'POST /connections/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connections/${id}/status`, { status: 'inactive' }),
  'DELETE /connectors/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' }),
  'POST /connectors/:id/restoration': (id) => hub.as(hub.cast.ada, 'DELETE', `/api/connectors/${id}`),
};

const trail = (statement: 'revoke' | 'grant') =>
  withConnection(hub.database.admin, async (db) => {
    const to = statement === 'revoke' ? 'from' : 'to';
    await db.unsafe(`${statement} insert on audit_events ${to} patchbay_app, patchbay_system`);
  });

/** Records of what was tried, what the hub makes for itself, and what it remembers of a service: no changes that somebody asked for. */
const records = ['executions', 'health_checks', 'authorization_requests', 'hub_secrets', 'toolkit_cache'];

it('a change that cannot be audited does not happen', async () => {
  const people: Record<string, Person> = { member: hub.cast.ben, admin: hub.cast.dan, owner: hub.cast.ada };
  const wrong: string[] = [];
  for (const route of changes) {
    const id = await rowOf(hub, route);
    await given[route.name]?.(id);
    const before = await contentsOf(hub);
    await trail('revoke');
    const answer = await ask(hub, route, id, { person: people[route.role] });
    await trail('grant');
    const changed = changedIn(before, await contentsOf(hub)).filter((table) => !records.includes(table));
    const text = answer.status < 400 ? (await answer.text()).slice(0, 100) : '';
    if (answer.ok || answer.status === 303 || changed.length)
      wrong.push(`${route.name}: ${answer.status} ${text} changed ${changed.join(', ') || 'nothing'}`);
  }
  figure(`${wrong.length} of ${changes.length} changes happened, or seemed to, without their event`);
  expect(wrong).toEqual([]);
});

const ofEvent = (event: string) => `(select tenant_id from audit_events where position = ${event})`;

/** What somebody could do who may do anything with the database, to the sealed event at this place and the one after it. */
const forgeries: Record<string, (event: string, next: string) => string> = {
  edit: (event) => `update audit_events set actor_name = actor_name || '.' where position = ${event}`,
  'edit of details': (event) =>
    `update audit_events set details = details || '{"forged": 1}' where position = ${event}`,
  'edit of the time': (event) =>
    `update audit_events set created_at = created_at - interval '1 us' where position = ${event}`,
  removal: (event) => `delete from audit_events where position = ${event}`,
  exchange: (event, next) =>
    `update audit_events set position = -position where position in (${event}, ${next});
     update audit_events set position = case -position when ${event} then ${next} else ${event} end where position < 0`,
  'move to another workspace': (event) =>
    `update audit_events set tenant_id = (select id from organizations o where o.id <> tenant_id limit 1) where position = ${event}`,
  addition: (event) =>
    `insert into audit_events select tenant_id, gen_random_uuid(), 'forged', actor_type, actor_id, actor_name, subject_type, subject_id,
       subject_name, details, request_id, ip, created_at, -1 from audit_events where position = ${event}`,
  'removal of a seal': (event) =>
    `delete from audit_seals where tenant_id = (select tenant_id from audit_events where position = ${event}) and head is not null`,
  'removal of all seals': (event) => `delete from audit_seals where tenant_id = ${ofEvent(event)}`,
  'removal of all seals and the head': (event) =>
    `delete from audit_heads where scope = ${ofEvent(event)}; delete from audit_seals where tenant_id = ${ofEvent(event)}`,
  'removal of everything that the key made': () =>
    `delete from audit_heads; delete from audit_register; delete from audit_seals; delete from operator_seals;
     delete from hub_secrets where name = 'audit_seal_key'`,
};

it('an event that was changed, removed or added after it was sealed is found', async () => {
  for (let round = 0; round < 3; round++) {
    for (const person of [hub.cast.ada, hub.cast.cleo])
      for (let n = 0; n < 3; n++)
        expect((await hub.as(person, 'POST', '/api/connectors', blogNamed(`Trail ${round}.${n}`))).status).toBe(201);
    await sealAudit(hub.hub);
  }
  const random = randomness();
  let [tried, missed] = [0, 0];
  await withConnection(hub.database.admin, async (own) => {
    const verify = async () => (await verifyAudit(drizzle(own as Sql) as unknown as Tx, hub.hub.vault)).broken;
    expect(await verify()).toEqual([]);
    const rows =
      await own`select position, lead(position) over (partition by tenant_id order by position) as next from audit_events`;
    const places = rows.filter(({ next }) => next !== null);
    for (const [name, forge] of Object.entries(forgeries))
      for (let n = 0; n < tries(20); n++) {
        const { position, next } = places[Math.floor(random() * places.length)] as { position: string; next: string };
        await own.unsafe(`begin; ${forge(position, next)}`);
        tried += 1;
        if (!(await verify()).length) missed += 1;
        await own.unsafe('rollback');
        expect(missed, name).toBe(0);
      }
    expect(await verify()).toEqual([]);
  });
  figure(`${missed} of ${tried} forgeries of the sealed trail went unnoticed`);
});

const blogNamed = (name: string) => ({
  ...{ catalog_key: 'wordpress', name, config: { site_url: 'https://blog.example.com' } },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
});
