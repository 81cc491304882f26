import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withConnection } from '../../../src/db/connection.ts';
import { Background } from '../../../src/lib/background.ts';
import { rotateMasterKey } from '../../../src/services/secrets/master-keys.ts';
import {
  rotationState,
  startDataKeyRotation,
  startMasterKeyRotation,
} from '../../../src/services/secrets/rotations.ts';
import { listOperatorEvents, type OperatorCtx } from '../../../src/services/tenants/operator-trail.ts';
import { setOperator } from '../../../src/services/tenants/operators.ts';
import type { Upkeep } from '../../../src/services/upkeep.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys, type TestApp, testApp } from '../../support/app.ts';
import { holdRow } from '../../support/hold-row.ts';

const newer = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const tenants = 60;

let app: TestApp;
let ctx: OperatorCtx;
let upkeep: Upkeep;
/** As on another replica. */
let other: Upkeep;
beforeAll(async () => {
  app = await testApp({ MASTER_KEYS: `${newer},${masterKeys}` });
  upkeep = app.deps.upkeep;
  other = { ...upkeep, background: new Background() };
  const { ada } = app.cast;
  await setOperator(app.hub, ada.email, true);
  ctx = { ...app.ctx(ada), actor: { type: 'user', id: ada.id, name: ada.name }, requestId: 'test' };
});
afterAll(() => app.close());

const older = createVault(readKeyring({ masterKeys, dataDir: '/nowhere' }));

/** A workspace whose data key is under the older master key. */
async function addTenant(): Promise<string> {
  const id = uuidv7();
  const key = older.newTenantKey(id, 1);
  await app.hub.db.system.execute(sql`insert into organizations (id, name, slug) values (${id}, ${`T ${id}`}, ${id})`);
  await app.hub.db.asTenant(id, (tx) =>
    tx.execute(sql`
      insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
      values (${id}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`),
  );
  return id;
}

const master = async () => (await rotationState(ctx, upkeep)).master;
const data = async () => (await rotationState(ctx, upkeep)).data;
const actions = async () => (await listOperatorEvents(ctx, { limit: 100 })).data.map(({ action }) => action);
const soon = { timeout: 20_000, interval: 50 };

describe('changing the master key from a page', () => {
  let last: string;
  beforeEach(async () => {
    for (let n = 0; n < tenants; n++) last = await addTenant();
  });

  it('runs alone on all replicas, tells how far it is, and which key can go', async () => {
    const before = await master();
    expect(before).toMatchObject({ newest: 'k2', running: false, droppable: [] });
    expect(before.total - before.done).toBe(tenants);

    const release = await holdRow(
      app.database.admin,
      sql`select from tenant_keys where tenant_id = ${last} for update`,
    );
    await startMasterKeyRotation(ctx, upkeep);
    await expect.poll(async () => (await master()).done, soon).toBe(before.done + 50); // the second fifty wait for the row
    expect(await master()).toMatchObject({
      running: true,
      last: { action: 'master_key.rotation_started', actorName: 'Ada' },
    });
    for (const each of [upkeep, other])
      await expect(startMasterKeyRotation(ctx, each)).rejects.toMatchObject({ code: 'conflict' });

    await release();
    await upkeep.background.idle();
    expect(await master()).toMatchObject({
      ...{ running: false, done: before.total, total: before.total, droppable: ['test'] },
      last: {
        action: 'master_key.rotation_finished',
        details: { to: 'k2', rewrapped: tenants, droppable: ['test'], stuck: [] },
      },
    });
  });

  it('is at no moment told to be over, and not done', async () => {
    await startMasterKeyRotation(ctx, upkeep);
    const over: string[] = [];
    // Looked at without a pause: what is read while it ends would stay on a page that asks no more.
    const look = async () => {
      for (let running = true; running; ) {
        const state = await master();
        running = state.running;
        if (!running) over.push(`${state.last?.action} ${state.done === state.total} ${state.droppable}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, look));
    expect(over).toEqual(Array(8).fill('master_key.rotation_finished true test'));
  });

  it('ends when the hub stops, and the next run does what is left', async () => {
    const before = await master();
    const release = await holdRow(
      app.database.admin,
      sql`select from tenant_keys where tenant_id = ${last} for update`,
    );
    await startMasterKeyRotation(ctx, other);
    await expect.poll(async () => (await master()).done, soon).toBe(before.done + 50);
    const stopping = other.background.stop();
    await release();
    await stopping;
    expect(await master()).toMatchObject({
      running: false,
      last: { action: 'master_key.rotation_stopped', details: { reason: 'The hub was stopped.' } },
    });

    other = { ...upkeep, background: new Background() };
    await startMasterKeyRotation(ctx, other);
    await other.background.idle();
    expect(await master()).toMatchObject({ running: false, droppable: ['test'] });
  });

  it('works beside the command, which joins in', async () => {
    const release = await holdRow(
      app.database.admin,
      sql`select from tenant_keys where tenant_id = ${last} for update`,
    );
    await startMasterKeyRotation(ctx, upkeep);
    const command = rotateMasterKey(app.hub, upkeep.owner);
    await release();
    await upkeep.background.idle();
    expect(await command).toMatchObject({ droppable: ['test'], stuck: [] });
    expect((await actions()).filter((action) => action === 'master_key.rotation_finished').length).toBeGreaterThan(1);
  });

  it('refuses beside the command', async () => {
    const release = await holdRow(
      app.database.admin,
      sql`select from tenant_keys where tenant_id = ${last} for update`,
    );
    const command = rotateMasterKey(app.hub, upkeep.owner);
    await expect.poll(async () => (await master()).running, soon).toBe(true);
    await expect(startMasterKeyRotation(ctx, upkeep)).rejects.toMatchObject({ code: 'conflict' });
    await release();
    await command;
  });
});

describe('changing data keys from a page', () => {
  const numbers = (tenantId: string) =>
    withConnection(app.database.admin, (own) => own`select number from tenant_keys where tenant_id = ${tenantId}`);

  it('changes one workspace’s, and says so in both trails', async () => {
    const { ada, cleo } = app.cast;
    await startDataKeyRotation(ctx, upkeep, ada.tenantId);
    await upkeep.background.idle();
    expect([...(await numbers(ada.tenantId))]).toEqual([{ number: 2 }]);
    expect([...(await numbers(cleo.tenantId))]).toEqual([{ number: 1 }]);
    expect(await data()).toMatchObject({ running: false, behind: 0, last: { subjectId: ada.tenantId } });
    expect((await actions()).slice(0, 2)).toEqual(['data_keys.rotation_finished', 'data_keys.rotation_started']);
  });

  it('refuses a second one, and names what keeps an older key', async () => {
    const { cleo } = app.cast;
    await app.hub.db.asTenant(cleo.tenantId, (tx) =>
      tx.execute(sql`
        insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, schema_version)
        select ${cleo.tenantId}, ${uuidv7()}, id, 'Broken', 'broken', '{}',
          ${JSON.stringify({ password: { $sealed: `pb1.1.${'A'.repeat(60)}`, updated_at: '' } })}::jsonb, 1
        from connector_catalog limit 1`),
    );
    await startDataKeyRotation(ctx, upkeep, cleo.tenantId);
    expect(await data()).toMatchObject({ running: true, tenants: [] });
    await expect(startDataKeyRotation(ctx, other)).rejects.toMatchObject({ code: 'conflict' });
    await upkeep.background.idle();
    expect(await data()).toMatchObject({
      ...{ running: false, behind: 1 },
      tenants: [{ id: cleo.tenantId, keys: [{ number: 1, needs: ['1 rows of connectors'] }] }],
    });
  });

  it('waits no longer when the hub stops, and is completed by the next run', async () => {
    const { ada } = app.cast;
    await startDataKeyRotation(ctx, other, ada.tenantId);
    await expect.poll(async () => (await data()).doing, soon).toBe('waiting');
    await other.background.stop(); // or it would have finished
    expect(await data()).toMatchObject({
      ...{ running: false, last: { action: 'data_keys.rotation_stopped' } },
      tenants: expect.arrayContaining([{ id: ada.tenantId, name: 'Northwind', keys: [{ number: 2, needs: [] }] }]),
    });
    await startDataKeyRotation(ctx, upkeep, ada.tenantId);
    await upkeep.background.idle();
    expect([...(await numbers(ada.tenantId))]).toEqual([{ number: 3 }]);
  });

  it.each(['', 'nobody', '0193a0aa-0000-7000-8000-000000000001'])('finds no workspace %j', async (tenant) => {
    const before = await actions();
    await expect(startDataKeyRotation(ctx, upkeep, tenant)).rejects.toMatchObject({ code: 'not_found' });
    expect(await actions()).toEqual(before);
  });
});
