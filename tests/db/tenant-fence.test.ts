import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/db/client.ts';
import { withConnection } from '../../src/db/connection.ts';
import {
  auditEvents,
  connectorCatalog,
  connectors,
  hubSecrets,
  organizations,
  users,
} from '../../src/db/schema/index.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';

const perTenant = 20;

describe('the fence between tenants', () => {
  let database: TestDatabase;
  let db: Database;
  let catalogId: string;
  const ada = uuidv7();
  const cleo = uuidv7();

  beforeAll(async () => {
    database = await testDatabase();
    db = database.db;
    const [entry] = await db.system.select().from(connectorCatalog).limit(1);
    catalogId = entry?.id as string;
    for (const tenantId of [ada, cleo]) {
      await db.system.insert(organizations).values({ id: tenantId, name: 'Tenant', slug: tenantId });
      const rows = Array.from({ length: perTenant }, (_, n) => connector(tenantId, `c${n}`));
      await db.asTenant(tenantId, (tx) => tx.insert(connectors).values(rows));
      await db.asTenant(tenantId, (tx) => tx.insert(auditEvents).values(auditEvent(tenantId)));
    }
  });
  afterAll(() => database.drop());

  const connector = (tenantId: string, name: string) => ({
    ...{ tenantId, id: uuidv7(), catalogId, name, handle: name },
    ...{ config: {}, auth: {}, schemaVersion: 1 },
  });
  const auditEvent = (tenantId: string) => ({
    ...{ tenantId, id: uuidv7(), action: 'tested', actorType: 'system', actorName: 'Test' },
    ...{ subjectType: 'tenant', subjectName: 'Tenant', details: {}, requestId: 'r' },
  });
  const refused = (work: (tx: Tx) => Promise<unknown>) => expect(db.asTenant(ada, work)).rejects;

  it('logs in as nobody special', async () => {
    const [login] = await withConnection(
      database.hub,
      (own) =>
        own`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
        (select count(*)::int from pg_class where relowner = r.oid) as owned,
        (select datdba = r.oid from pg_database where datname = current_database()) as "ownsDatabase"
        from pg_roles r where rolname = current_user`,
    );
    const no = false;
    expect(login).toEqual({
      rolsuper: no,
      rolbypassrls: no,
      rolcreaterole: no,
      rolcreatedb: no,
      owned: 0,
      ownsDatabase: no,
    });
  });

  it('shows nothing when no tenant is set', async () => {
    for (const table of ['connectors', 'audit_events', 'tenant_keys', 'idempotency_keys'])
      expect(await db.system.execute(sql`select * from ${sql.identifier(table)}`)).toHaveLength(0);
  });

  it('shows a tenant its own rows also when the query forgets to ask', async () => {
    const rows = await db.asTenant(ada, (tx) => tx.select().from(connectors));
    expect(rows).toHaveLength(perTenant);
    expect(rows.every((row) => row.tenantId === ada)).toBe(true);
  });

  it("neither changes nor deletes another tenant's rows, nor adds to them", async () => {
    const touched = await db.asTenant(ada, async (tx) => [
      await tx.execute(sql`update connectors set name = 'taken' where tenant_id = ${cleo} returning id`),
      await tx.execute(sql`delete from connectors where tenant_id = ${cleo} returning id`),
    ]);
    expect(touched.map((rows) => rows.length)).toEqual([0, 0]);
    await refused((tx) => tx.insert(connectors).values(connector(cleo, 'smuggled'))).toThrow('row-level security');
    await refused((tx) => tx.execute(sql`update connectors set tenant_id = ${cleo}`)).toThrow('row-level security');
    await refused((tx) =>
      tx.execute(sql`
        insert into connectors select ${cleo}, id, catalog_id, name, handle, 'inactive', null, config, auth, tags, 1 from connectors
        on conflict do nothing`),
    ).toThrow('row-level security');
  });

  it('keeps the audit trail as it was written', async () => {
    await refused((tx) => tx.update(auditEvents).set({ action: 'nothing' })).toThrow('permission denied');
    await refused((tx) => tx.delete(auditEvents)).toThrow('permission denied');
    await refused((tx) => tx.execute(sql`truncate audit_events`)).toThrow('permission denied');
    await refused((tx) => tx.execute(sql`update audit_seals set mac = ''`)).toThrow('permission denied');
    await refused((tx) => tx.execute(sql`delete from audit_seals`)).toThrow('permission denied');
    await expect(db.system.execute(sql`delete from audit_events`)).rejects.toThrow('permission denied');
    const shred = db.system.execute(sql`select shred_tenant_rows('audit_events', ${ada}::uuid, 1)`);
    await expect(shred).rejects.toThrow('is not being deleted');
  });

  it('keeps tenants away from people, sessions, the hub and the catalog', async () => {
    await refused((tx) => tx.select().from(users)).toThrow('permission denied');
    await refused((tx) => tx.select().from(hubSecrets)).toThrow('permission denied');
    await refused((tx) => tx.execute(sql`select token from sessions`)).toThrow('permission denied');
    await refused((tx) => tx.update(connectorCatalog).set({ name: 'mine' })).toThrow('permission denied');
    await expect(db.system.update(connectorCatalog).set({ name: 'mine' })).rejects.toThrow('permission denied');
  });

  it('holds the tenant for the one transaction only, also in a nested one', async () => {
    const nested = await db.asTenant(ada, (tx) => tx.transaction((inner) => inner.select().from(connectors)));
    expect(nested).toHaveLength(perTenant);
    const [after] = await db.system.execute(
      sql`select current_user::text as role, current_setting('app.tenant_id', true) as tenant`,
    );
    expect(after?.role).toBe('patchbay_hub');
    expect(after?.tenant || '').toBe('');
  });

  it('refuses an id that is none', async () => {
    for (const id of ['', 'null', `${ada}'`, "' or true --"])
      await expect(db.asTenant(id, (tx) => tx.select().from(connectors))).rejects.toThrow('not a UUID');
  });

  it('lets a read-only transaction read and nothing else', async () => {
    const readOnly = (work: (tx: Tx) => Promise<unknown>) => db.asTenant(ada, work, { readOnly: true });
    expect(await readOnly((tx) => tx.select().from(connectors))).toHaveLength(perTenant);
    await expect(readOnly((tx) => tx.delete(connectors))).rejects.toThrow();
    expect(await readOnly((tx) => tx.select().from(connectors))).toHaveLength(perTenant);
  });

  it('never mixes tenants on shared connections', async () => {
    const shared = openDatabase({ connection: database.hub, max: 2, deadlineMs: 10_000 });
    try {
      const results = await Promise.all(
        Array.from({ length: 400 }, async (_, n) => {
          const tenantId = n % 2 ? ada : cleo;
          const [rows, again, nested] = await shared.asTenant(tenantId, (tx) => {
            const all = () => tx.select().from(connectors);
            return Promise.all([all(), all(), tx.transaction((inner) => inner.select().from(connectors))]);
          });
          const foreign = [...rows, ...again, ...nested].filter((row) => row.tenantId !== tenantId).length;
          return { rows: rows.length, foreign };
        }),
      );
      expect(results.every(({ rows, foreign }) => rows === perTenant && foreign === 0)).toBe(true);
    } finally {
      await shared.close();
    }
  });

  it('tells jobs which rows are due, of every tenant, and nothing more', async () => {
    const [row] = await db.asTenant(cleo, (tx) =>
      tx.execute(
        sql`update connectors set deleted_at = now() - interval '11 minutes' where name = 'c1' returning tenant_id, id`,
      ),
    );
    const due = await db.system.execute(sql`select * from due_connector_purges('10 minutes', 5)`);
    expect([...due]).toEqual([{ tenant_id: row?.tenant_id, id: row?.id }]);
    expect(await db.system.execute(sql`select * from due_idempotency_purges(5)`)).toHaveLength(0);
  });
});

describe('with one login that owns everything', () => {
  it('drops to the app role in each tenant transaction', async () => {
    const { admin, drop } = await testDatabase();
    const owner = openDatabase({ connection: admin });
    try {
      await withConnection(admin, (own) => own`grant patchbay_app to current_user with inherit false, set true`);
      const [row] = await owner.asTenant(uuidv7(), (tx) => tx.execute(sql`select current_user::text as role`));
      expect(row?.role).toBe('patchbay_app');
    } finally {
      await owner.close();
      await drop();
    }
  });
});
