import { eq, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tx } from '../../src/db/client.ts';
import { prepared, preparedFamily, preparedInsert, preparedUpdate } from '../../src/db/prepared.ts';
import { connections, connectors, tenantQuotas } from '../../src/db/schema/index.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { type TestApp, testApp } from '../support/app.ts';

let at: TestApp;
let connectorId: string;
beforeAll(async () => {
  at = await testApp();
  const auth = { method: 'api_key', api_key: 'ak_abcdefghijkl' };
  const input = { name: 'One', config: {}, auth, tags: [] };
  connectorId = (await installConnector(at.ctx(at.cast.ada), 'composio', input)).id;
});
afterAll(() => at.close());

const byName = prepared((db) =>
  db
    .select({ id: connectors.id })
    .from(connectors)
    .where(eq(connectors.name, sql.placeholder('name'))),
);
const insert = preparedInsert(connections, (row) => row.returning());
const update = preparedUpdate((db, set: PgUpdateSetSource<typeof connections>) =>
  db
    .update(connections)
    .set({ ...set, updatedAt: sql`now()` })
    .where(eq(connections.id, sql.placeholder('id')))
    .returning(),
);
const as = <T>(person: 'ada' | 'cleo', work: (tx: Tx) => Promise<T>) =>
  at.hub.db.asTenant(at.cast[person].tenantId, work);

describe('a statement whose text is made once', () => {
  it('runs in the transaction that it is given, with the values of then', async () => {
    const found = (person: 'ada' | 'cleo', name: string) => as(person, (tx) => byName(tx, { name }));
    const all = await Promise.all([
      found('ada', 'One'),
      found('cleo', 'One'),
      found('ada', 'Two'),
      found('ada', 'One'),
    ]);
    expect(all).toEqual([[{ id: connectorId }], [], [], [{ id: connectorId }]]);
    await expect(as('ada', (tx) => byName(tx, {}))).rejects.toThrow('name');
  });

  it('changes each set of columns, empties some, and leaves other tenants alone', async () => {
    const id = uuidv7();
    const row = { id, tenantId: at.cast.ada.tenantId, connectorId, toolkitSlug: 'changes', statusReason: 'why' };
    await as('ada', (tx) => insert(tx, row));
    const changed = (person: 'ada' | 'cleo', set: Parameters<typeof update>[1]) =>
      as(person, (tx) => update(tx, set, { id }));
    expect(await changed('ada', { accountLabel: 'octo', scopes: ['a"b'] })).toMatchObject([
      { accountLabel: 'octo', scopes: ['a"b'], statusReason: 'why' },
    ]);
    expect(await changed('ada', { accountLabel: undefined, statusReason: null })).toMatchObject([
      { accountLabel: 'octo', statusReason: null },
    ]);
    expect(await changed('cleo', { accountLabel: 'theirs' })).toEqual([]);
    expect(await changed('ada', { accountLabel: 'third' })).toMatchObject([
      { accountLabel: 'third', statusReason: null },
    ]);
  });

  it('takes a row with each set of columns, of their types, and is gone with its transaction', async () => {
    const base = { tenantId: at.cast.ada.tenantId, connectorId };
    const at1 = new Date('2026-11-21T12:00:00Z');
    const [full] = await as('ada', (tx) =>
      insert(tx, {
        ...base,
        id: uuidv7(),
        accountLabel: 'octo',
        scopes: ['a"b'],
        nextCheckAt: at1,
        toolkitSlug: 'w',
        userId: undefined,
      }),
    );
    expect(full).toMatchObject({
      accountLabel: 'octo',
      scopes: ['a"b'],
      nextCheckAt: at1,
      status: 'active',
      userId: null,
    });
    const [empty] = await as('ada', (tx) =>
      insert(tx, {
        ...base,
        id: uuidv7(),
        accountLabel: null,
        scopes: [],
        nextCheckAt: null,
        rateLimit: null,
        toolkitSlug: 'x',
      }),
    );
    expect(empty).toMatchObject({ accountLabel: null, scopes: [], nextCheckAt: null, rateLimit: null });
    const id = uuidv7();
    const undone = as('ada', async (tx) => {
      await insert(tx, { ...base, id, accountLabel: 'gone', toolkitSlug: 'y' });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await as('ada', (tx) => tx.$count(connections, eq(connections.id, id)))).toBe(0);
  });

  it('takes no SQL as a value, which would be kept in the text', async () => {
    const quotas = preparedInsert(tenantQuotas, (row) => row);
    const row = { tenantId: at.cast.ada.tenantId, id: uuidv7(), maxConnectors: sql<number>`1 + 1` as never };
    await expect(as('ada', async (tx) => quotas(tx, row))).rejects.toThrow('no SQL');
  });

  it('inserts a row with what belongs to it, or nothing of that', async () => {
    const insertFamily = preparedFamily(connectors, { unless: [connectors.tenantId, connectors.handle] });
    const [one] = await as('ada', (tx) => tx.select().from(connectors).where(eq(connectors.id, connectorId)));
    const family = (handle: string, status: 'active' | 'none' = 'active') => {
      const ids = { tenantId: at.cast.ada.tenantId, id: uuidv7() };
      const connector = {
        ...(one as NonNullable<typeof one>),
        ...ids,
        handle,
        name: handle,
        tags: ['a'],
        fileState: null,
      };
      const connection = { ...ids, connectorId: ids.id, accountLabel: null, scopes: ['x'], rateLimit: null, status };
      const beside = [{ table: connections, values: connection }];
      const count = (tx: Tx) => tx.$count(connections, eq(connections.connectorId, ids.id));
      return { ids, insert: (tx: Tx) => insertFamily(tx, connector, beside), count };
    };
    const whole = family('whole');
    const [row] = await as('ada', whole.insert);
    expect(row).toMatchObject({ ...whole.ids, name: 'whole', tags: ['a'], status: 'inactive', fileState: null });
    expect(row?.createdAt).toBeInstanceOf(Date);
    expect(await as('ada', whole.count)).toBe(1);

    const taken = family('whole');
    expect(await as('ada', taken.insert)).toEqual([]);
    expect(await as('ada', taken.count)).toBe(0);

    const broken = family('broken', 'none');
    await expect(as('ada', broken.insert)).rejects.toThrow('connections_status_known');
    expect(await as('ada', (tx) => tx.$count(connectors, eq(connectors.handle, 'broken')))).toBe(0);
    await expect(as('cleo', family('foreign').insert)).rejects.toThrow('row-level security');
  });
});
