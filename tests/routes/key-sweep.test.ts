import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../src/routes/api/operation.ts';
import { type Scope, scopes } from '../../src/services/api-keys/scopes.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { about, needsRow, rowFor } from '../support/rows.ts';

let hub: TestApp;
let operations: Operation[];
/** A row for each operation that takes one; refused requests leave it as it is. */
const rows = new Map<string, string>();
beforeAll(async () => {
  hub = await testApp();
  operations = hub.declared.operations
    .map(({ operation }) => operation)
    .filter(({ role, path }) => role !== 'public' && path.startsWith('/api/'));
  for (const operation of operations)
    rows.set(operation.id, needsRow(operation) ? await rowFor(hub, operation.path, hub.cast.ada) : '');
});
afterAll(() => hub.close());

const everyScope = Object.keys(scopes) as Scope[];
let count = 0;

async function keyWith(given: Scope[], role = 'owner', person = hub.cast.ada): Promise<{ id: string; key: string }> {
  count += 1;
  return (await hub.as(person, 'POST', '/api/api-keys', { name: `Key no ${count}`, role, scopes: given })).json();
}

/** The operation's example, with a key; `person` is whose cookie goes along. */
function send(operation: Operation, key: string, id = rows.get(operation.id), person: Person | null = null) {
  const { params = {}, query = {} } = operation.example;
  const body = about(operation.example.body, id);
  count += 1;
  const named = body && 'name' in (body as object) ? { ...(body as object), name: `Example ${count}` } : body;
  const path = operation.path.replace(/:(\w+)/g, (_all, name) => (name === 'id' ? id : params[name]) ?? '');
  const address = `${path}?${new URLSearchParams(query)}`;
  const authorization = `Bearer ${key}`;
  return hub.as(person, operation.method.toUpperCase(), address, named, { authorization }) as Promise<Answer>;
}

const inNorthwind = (statement: ReturnType<typeof sql>) =>
  hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) => tx.execute(statement));

/** All that a request may change; keys without the time of their last use. */
async function snapshot(): Promise<string> {
  const parts = [
    await inNorthwind(sql`select * from connectors order by id`),
    await inNorthwind(sql`select id, role, scopes, revoked_at from api_keys order by id`),
    await inNorthwind(sql`select id from audit_events order by id`),
    await hub.hub.db.system.execute(sql`select * from members order by id`),
    await hub.hub.db.system.execute(sql`select * from invitations order by id`),
  ];
  return JSON.stringify(parts);
}

describe('every operation with an API key', { timeout: 120_000 }, () => {
  it('works with just the scope that it names, and its audit event names the key', async () => {
    for (const operation of operations.filter(({ scope }) => scope)) {
      const { id: keyId, key } = await keyWith([operation.scope as Scope], operation.role);
      const id = needsRow(operation) ? await rowFor(hub, operation.path, hub.cast.ada) : '';
      const response = await send(operation, key, id);
      // Where services would be there is nothing here.
      const expected = operation.status === 'service' ? 502 : operation.status;
      expect([operation.id, response.status]).toEqual([operation.id, expected]);
      if (!operation.audit) continue;
      const [event] = await inNorthwind(
        sql`select action, actor_type, actor_id from audit_events order by id desc limit 1`,
      );
      expect(event).toEqual({ action: operation.audit, actor_type: 'api_key', actor_id: keyId });
    }
  });

  it('is refused without that scope, whatever the others; what names none is for people', async () => {
    for (const operation of operations) {
      const { key } = await keyWith(everyScope.filter((scope) => scope !== operation.scope));
      const before = await snapshot();
      const response = await send(operation, key);
      expect([operation.id, response.status]).toEqual([operation.id, 403]);
      const why = operation.scope ? `needs the scope ${operation.scope}` : 'API keys cannot do this';
      expect(await response.text()).toContain(why);
      expect(await snapshot()).toBe(before);
    }
  });

  it('is refused for a key whose role is too low', async () => {
    const keys = { member: await keyWith(everyScope, 'member'), admin: await keyWith(everyScope, 'admin') };
    const below = { public: [], member: [], admin: [keys.member], owner: [keys.member, keys.admin] };
    const before = await snapshot();
    for (const operation of operations)
      for (const { key } of below[operation.role]) {
        const response = await send(operation, key);
        expect([operation.id, response.status]).toEqual([operation.id, 403]);
      }
    expect(await snapshot()).toBe(before);
  });

  it('is refused for a key that is revoked, expired or none, also beside a good cookie', async () => {
    const [revoked, expired] = [await keyWith(everyScope), await keyWith(everyScope)];
    await hub.as(hub.cast.ada, 'DELETE', `/api/api-keys/${revoked.id}`);
    await inNorthwind(sql`update api_keys set expires_at = now() where id = ${expired.id}`);
    const before = await snapshot();
    for (const operation of operations)
      for (const key of [revoked.key, expired.key, 'pbk_none', '']) {
        const response = await send(operation, key, rows.get(operation.id), hub.cast.ada);
        expect([operation.id, response.status]).toEqual([operation.id, 401]);
      }
    expect(await snapshot()).toBe(before);
  });

  it('finds nothing of another workspace', async () => {
    const { key } = await keyWith(everyScope, 'owner', hub.cast.cleo);
    const before = await snapshot();
    for (const operation of operations.filter(({ scope }) => scope)) {
      const response = await send(operation, key);
      if (needsRow(operation)) expect([operation.id, response.status]).toEqual([operation.id, 404]);
      expect(await response.text(), operation.id).not.toMatch(/Made \d/);
    }
    expect(await snapshot()).toBe(before);
  });
});
