import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { sealedColumns } from '../../src/db/queries/sealed-rows.ts';
import { rotateDataKeys } from '../../src/services/secrets/data-keys.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { runCommand } from '../support/processes.ts';
import { addTenants, type Installed, keepUsing, runningHub } from './rotation.ts';

const command = 'src/commands/rotate-data-keys.ts';

describe('make rotate-data-keys', { timeout: 120_000 }, () => {
  let started: Awaited<ReturnType<typeof runningHub>>;
  const answers: { key: string; name: string; made: Installed }[] = [];
  beforeAll(async () => {
    started = await runningHub('rotate-data');
    await addTenants(started.database, started.dataDir, 20);
    for (let n = 0; n < 70; n++) {
      const [key, name] = [randomUUID(), `Blog ${n}`];
      answers.push({ key, name, made: await started.client.install(name, key) });
    }
  });
  afterAll(async () => {
    await started.hub.stop();
    await started.close();
  });

  const rotate = (watch?: Parameters<typeof runCommand>[2], args: string[] = []) =>
    runCommand(command, { env: started.env, args: ['--grace-seconds', '5', ...args] }, watch);
  const owner = <T>(query: Parameters<typeof withConnection<T>>[1]) => withConnection(started.database.admin, query);
  const numbers = () =>
    owner(
      (own) =>
        own`select array_to_string(array_agg(distinct number), ' ') as numbers, count(*)::int as n from tenant_keys`,
    );

  it('survives kill -9 at any point and completes, twice at once, while requests run', async () => {
    const finish = keepUsing(started.client, started.connector.id);
    for (const delay of [0, 40, 120]) {
      const killed = await rotate((out, kill) => void (out && setTimeout(kill, delay)));
      expect(killed.code).toBe(null);
    }
    const both = await Promise.all([rotate(), rotate()]);
    const { failures, requests } = await finish();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(40);
    expect(both.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
    // Every workspace has one key, and what was cut off did not add further ones.
    expect([...(await numbers())]).toEqual([{ numbers: '2', n: 21 }]);
    const [left] = await owner(
      (own) => own`
        select (select count(*)::int from connectors where auth::text like '%pb1.1.%') as connectors,
          (select count(*)::int from idempotency_keys where sealed_answer like 'pb1.1.%') as answers`,
    );
    expect(left).toEqual({ connectors: 0, answers: 0 });
  });

  it('leaves every secret readable, every version as it was and every kept answer as it went out', async () => {
    for (const { key, name, made } of answers) {
      const now = await started.client.read(made.id);
      expect([now.version, now.unreadable_secrets]).toEqual([made.version, []]);
      expect(await started.client.install(name, key)).toEqual(made);
    }
  });

  it('tells each workspace what happened, as the system', async () => {
    const rows = await owner(
      (own) => own`
        select action, count(distinct tenant_id)::int as tenants, min(actor_type) as actor from audit_events
        where action in ('data_key.added', 'data_key.removed', 'secrets.resealed') group by action order by action`,
    );
    expect([...rows]).toEqual([
      { action: 'data_key.added', tenants: 21, actor: 'system' },
      { action: 'data_key.removed', tenants: 21, actor: 'system' },
      { action: 'secrets.resealed', tenants: 1, actor: 'system' },
    ]);
  });

  it('takes one workspace by its slug, and says when there is none', async () => {
    const one = await rotate(undefined, ['--tenant', 'northwind']);
    expect(one).toMatchObject({ code: 0, err: '' });
    expect([...(await numbers())]).toEqual([{ numbers: '2 3', n: 21 }]);
    expect(await rotate(undefined, ['--tenant', 'nobody'])).toMatchObject({ code: 1, out: '' });
  });
});

describe('a data key that is still needed', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());

  it('stays while something does not open or stands in a table of which nobody knows, and says what', async () => {
    const { ada } = app.cast;
    const run = () => rotateDataKeys(app.hub, app.database.admin, { tenant: ada.tenantId, graceMs: 0 });
    const sealed = `pb1.1.${'A'.repeat(60)}`;
    await app.hub.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(sql`
        insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, schema_version)
        select ${ada.tenantId}, ${randomUUID()}, id, 'Broken', 'broken', '{}',
          ${JSON.stringify({ password: { $sealed: sealed, updated_at: '' } })}::jsonb, 1
        from connector_catalog limit 1`),
    );
    const [first] = await run();
    expect(first).toMatchObject({ removed: [], kept: ['data key 1 for 1 rows of connectors'] });
    await app.hub.db.asTenant(ada.tenantId, (tx) => tx.execute(sql`delete from connectors where name = 'Broken'`));
    const [second] = await run();
    expect(second).toMatchObject({ removed: [1], kept: [] });
  });

  it('stays for whatever is named as an envelope, and for nothing that people named so', async () => {
    const { tenantId } = app.cast.cleo;
    const sealed = `pb1.1.${'A'.repeat(60)}`;
    const run = () => rotateDataKeys(app.hub, app.database.admin, { tenant: tenantId, graceMs: 0 });
    const change = (statement: ReturnType<typeof sql>) => app.hub.db.asTenant(tenantId, (tx) => tx.execute(statement));
    await change(sql`
      insert into connectors (tenant_id, id, catalog_id, name, handle, tags, config, auth, schema_version)
      select ${tenantId}, ${randomUUID()}, id, ${sealed}, 'named', ${JSON.stringify([sealed])}::jsonb,
        ${JSON.stringify({ list: [{ $sealed: sealed }] })}::jsonb, ${JSON.stringify({ note: sealed })}::jsonb, 1
      from connector_catalog limit 1`);
    const [first] = await run();
    expect(first).toMatchObject({ removed: [], kept: ['data key 1 for 1 rows of connectors'] });
    await change(sql`update connectors set config = ${JSON.stringify({ list: [sealed] })}::jsonb`);
    await change(sql`
      insert into webhooks (tenant_id, id, url, events, sealed_secret) values (${tenantId}, ${randomUUID()}, 'https://x', '[]', ${sealed})`);
    const [second] = await run();
    expect(second).toMatchObject({ removed: [], kept: ['data key 1 for 1 rows of webhooks'] });
    await change(sql`delete from webhooks`);
    const [third] = await run();
    expect(third).toMatchObject({ removed: [1], kept: [] });
  });

  it('is looked for wherever something is sealed', () => {
    for (const { sealed } of Object.values(sealedColumns)) expect(sealed.name).toMatch(/^sealed/);
  });
});
