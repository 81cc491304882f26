import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upsertSettings } from '../../src/db/queries/tenant-settings.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { type TargetDatabase, targetDatabase } from '../support/target-database.ts';

let target: TargetDatabase;
let at: TestApp;
let id: string;
beforeAll(async () => {
  target = await targetDatabase();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${target.port}` });
  await target.sql('create table items (id bigint primary key, name text); alter table items owner to clerk');
});
afterAll(async () => {
  await at?.hub.drivers.get('postgresql')?.release?.();
  await at?.close();
  await target?.remove();
});

const password = () => String(target.auth.password);
const call = async (method: string, path: string, body?: Json, person = at.cast.ada) => {
  const answer = await at.as(person, method, path, body);
  const text = await answer.text();
  expect(text).not.toContain(password());
  return { status: answer.status, body: text ? JSON.parse(text) : null };
};
const execute = (slug: string, args: Json, person = at.cast.ada) =>
  call('POST', `/api/tools/postgresql.${slug}/execute`, { arguments: args }, person);

describe('a database as a connector', () => {
  it('is tested, installed, activated and used over the API', async () => {
    const values = { catalog_key: 'postgresql', config: target.config, auth: target.auth };
    const tested = await call('POST', '/api/connectors/test', values);
    expect(tested.body.steps.map(({ status }: Json) => status)).toEqual([
      'passed',
      'passed',
      'skipped',
      'passed',
      'passed',
      'passed',
    ]);
    const wrong = await call('POST', '/api/connectors/test', {
      ...values,
      auth: { ...target.auth, password: 'wrong' },
    });
    expect(wrong.body.steps.find(({ status }: Json) => status === 'failed')).toMatchObject({
      name: 'authentication',
      field: 'auth.password',
    });
    const made = await call('POST', '/api/connectors', { ...values, name: 'Shop' });
    expect(made.status).toBe(201);
    id = made.body.id;
    expect((await call('PATCH', `/api/connectors/${id}/status`, { status: 'active' })).status).toBe(200);
    const rows = [
      { id: '9007199254740993', name: "O'Brien" },
      { id: 2, name: null },
    ];
    expect((await execute('insert_many', { table: 'items', rows })).body).toMatchObject({
      status: 'succeeded',
      data: { row_count: 2 },
    });
    const sql = 'select * from items where id > $1 order by id desc';
    expect((await execute('execute_query', { sql, parameters: [1] })).body.data.rows).toEqual([
      rows[0],
      { id: '2', name: null },
    ]);
    const where = { and: [{ column: 'id', operator: 'in', value: [2] }] };
    expect((await execute('delete_records', { table: 'items', where })).body.data).toEqual({ row_count: 1 });
  });

  it('tells failures as results, and wrong arguments before anything is sent', async () => {
    const refused = await execute('execute_query', { sql: 'commit; drop table items' });
    expect(refused.body).toMatchObject({ status: 'failed', error: { code: 'service_input', retryable: false } });
    expect((await execute('delete_records', { table: 'items' })).status).toBe(422);
    expect((await execute('delete_records', { table: 'items', where: {} })).status).toBe(422);
    const named = await execute('insert_many', { table: 'items', rows: [{ id: 7 }, { id: 'seven' }] });
    expect(named.body.error).toMatchObject({ field: 'arguments.rows.1', service_code: '22P02' });
    expect(await target.sql('select count(*)::int as n from items')).toEqual([{ n: 1 }]);
  });

  it('takes a hundred thousand values in one call, keeps the beginning, and refuses more before anything is sent', async () => {
    await target.sql(
      'drop table if exists many; create table many (id int, a int, b int, c int, d int); alter table many owner to clerk',
    );
    const rows = Array.from({ length: 16_667 }, (_, n) => ({ id: n, a: 1, b: 2, c: 3, d: 4 }));
    const tenant = at.cast.ada.tenantId;
    await at.hub.db.asTenant(tenant, (tx) =>
      upsertSettings(tx, tenant, { keepPayloads: true, updatedBy: null, updatedByName: 'Ada' }),
    );
    const most = await execute('insert_many', { table: 'many', rows: rows.slice(0, 16_666) });
    expect(most.body).toMatchObject({ status: 'succeeded', data: { row_count: 16_666 } });
    const kept = await call('GET', `/api/executions/${most.body.execution_id}`);
    expect(kept.body.input.cut).toContain('{"id":0,"a":1,');
    expect(kept.body.input.cut.length).toBeLessThan(20_002);
    const refused = await execute('insert_many', { table: 'many', rows });
    expect(refused).toMatchObject({ status: 413, body: { code: 'too_large' } });
    expect(refused.body.detail).toMatch(/in parts.*100,000 values/);
    const wrong = await execute('insert_many', { table: 'many', rows: rows.map(({ id }) => id) });
    expect(wrong.body.errors).toEqual({ 'arguments.rows.0': [expect.any(String)] });
    const limits = { approval: 'writes' };
    const made = await call('POST', '/api/api-keys', {
      name: 'Held',
      role: 'member',
      scopes: ['tools:execute'],
      limits,
    });
    const held = await at.as(
      null,
      'POST',
      '/api/tools/postgresql.insert_many/execute',
      { arguments: { table: 'many', rows: rows.slice(0, 1_000) } },
      { authorization: `Bearer ${made.body.key}` },
    );
    expect(held.status).toBe(422);
    expect((await held.json()).errors.arguments[0]).toContain('has to be approved brings at most 5,000 values');
    expect(await target.sql('select count(*)::int as n from many')).toEqual([{ n: 16_666 }]);
  });

  it('offers each tool to be tried on a page', async () => {
    for (const { slug, title } of at.hub.drivers.get('postgresql')?.tools ?? []) {
      const page = await at.as(at.cast.ada, 'GET', `/connectors/${id}/tools/${slug}`);
      expect([slug, page.status]).toEqual([slug, 200]);
      expect(await page.text()).toContain(title);
    }
  });

  it('is out of reach for another workspace', async () => {
    expect((await execute('list_tables', {}, at.cast.cleo)).status).not.toBe(200);
    const body = { connector_id: id, arguments: {} };
    expect((await call('POST', '/api/tools/postgresql.list_tables/execute', body, at.cast.cleo)).status).toBe(404);
  });

  it('ends its connections when it is switched off, and its password is nowhere in the log', async () => {
    await execute('list_tables', {});
    const open = () => target.sql("select 1 from pg_stat_activity where usename = 'clerk'");
    expect((await open()).length).toBeGreaterThan(0);
    await call('PATCH', `/api/connectors/${id}/status`, { status: 'inactive' });
    await expect.poll(open).toEqual([]);
    expect(at.logged.join('\n')).not.toContain(password());
  });
});
