import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowsedRows } from '../../src/drivers/driver.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { type TargetDatabase, targetDatabase } from '../support/target-database.ts';

let target: TargetDatabase;
let at: TestApp;
let id: string;
beforeAll(async () => {
  target = await targetDatabase();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${target.port}` });
  await target.sql(`
    create table orders (region text, no bigint, note text, body jsonb, scan bytea, primary key (region, no));
    comment on table orders is 'What was <ordered>';
    insert into orders select case when n <= 30 then 'north' else 'o''south' end, n, 'note ' || n, '{"a": 1}', null from generate_series(1, 120) n;
    update orders set note = repeat('😀', 400), scan = decode(repeat('ab', 100), 'hex') where no = 1;
    update orders set note = '<b>bold</b>' where no = 2;
    create view recent as select no, note from orders;
    create table bare (a int);
    insert into bare select generate_series(1, 60);
    create table partly (id int primary key, open text, secret text);
    insert into partly values (1, 'seen', 'the hidden value');
    create table closed (id int);
    create table long_keys (k text primary key);
    insert into long_keys select repeat('k', 1500) || n from generate_series(1, 60) n;
    create function noisy() returns int language plpgsql volatile as $$ begin insert into bare values (999); return 1; end $$;
    create view trap as select noisy() as n;
    create schema "we""ird"; create table "we""ird"."ta/b le?" ("or der" int primary key); grant usage on schema "we""ird" to clerk;
    grant select on orders, recent, bare, long_keys, trap, "we""ird"."ta/b le?" to clerk; grant select (id, open) on partly to clerk;
    analyze orders`);
  const body = { catalog_key: 'postgresql', name: 'Shop', config: target.config, auth: target.auth };
  id = (await (await at.as(at.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  await at.as(at.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
});
afterAll(async () => {
  await at?.hub.drivers.get('postgresql')?.release?.();
  await at?.close();
  await target?.remove();
});

const get = async (path: string, person = at.cast.ada) => {
  const answer = await at.as(person, 'GET', path);
  const text = await answer.text();
  expect(text).not.toContain(String(target.auth.password));
  return { status: answer.status, text };
};
const table = (name: string, more = '', schema = 'public') =>
  get(`/connectors/${id}/table?${new URLSearchParams({ schema, table: name })}${more}`);
const read = async (args: Record<string, unknown>) => {
  const answer = await at.as(at.cast.ada, 'POST', '/api/tools/postgresql.read_table/execute', { arguments: args });
  return (await answer.json()) as { status: string; data: BrowsedRows; error: { code: string; field?: string } };
};
const links = (text: string) => [...text.matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to.replaceAll('&amp;', '&'));

describe('the tables of a database', () => {
  it('are reached from the page of their connector, which asks the database nothing', async () => {
    const before = await runs();
    const { text } = await get(`/connectors/${id}`);
    expect(links(text)).toContain(`/connectors/${id}/tables`);
    expect(await runs()).toEqual(before);
  });

  it('are listed by schema with about how many rows they have, and searched', async () => {
    const { status, text } = await get(`/connectors/${id}/tables`);
    expect(status).toBe(200);
    for (const part of ['orders', 'recent', 'about 120 rows', 'view', 'What was &lt;ordered&gt;', 'we&quot;ird'])
      expect(text).toContain(part);
    expect(text).not.toContain('>closed<');
    const found = await get(`/connectors/${id}/tables?q=ORD`);
    expect(found.text).toContain('>orders<');
    expect(found.text).not.toContain('>recent<');
    expect((await get(`/connectors/${id}/tables?q=zebra`)).text).toContain('No table matches “zebra”');
    const odd = links(text).find((to) => to.includes('b+le')) ?? '';
    expect((await get(odd)).text).toContain('or der');
  });

  it('show columns and rows, with what is long cut and what is markup as text', async () => {
    const { text } = await table('orders');
    for (const part of ['jsonb', 'bytea', 'Primary key', 'never', 'allowed', '&lt;b&gt;bold&lt;/b&gt;', '(100 bytes)'])
      expect(text).toContain(part);
    expect(text).toContain(`${'😀'.repeat(300)}…`);
    expect(text).not.toContain('😀'.repeat(301));
    expect(text).toContain(`\\x${'ab'.repeat(24)}…`);
  });

  it('are paged by their key in both orders, without a gap or a row twice', async () => {
    for (const descending of [false, true]) {
      const seen: number[] = [];
      let cursor: string | null | undefined;
      do {
        const { data } = await read({ table: 'orders', descending, ...(cursor && { cursor }) });
        expect(data.order).toEqual(['region', 'no']);
        expect(data.rows.length).toBeLessThanOrEqual(50);
        seen.push(...data.rows.map((row) => Number(row[1])));
        cursor = data.next_cursor;
      } while (cursor);
      const all = Array.from({ length: 120 }, (_, index) => index + 1);
      expect(seen).toEqual(descending ? all.toReversed() : all);
    }
    const first = await table('orders');
    const next = links(first.text).find((to) => to.includes('cursor=')) ?? '';
    const second = await get(next);
    expect(second.text).toContain('note 51');
    expect(second.text).not.toContain('note 50<');
    expect(second.text).toContain('First page');
    const turned = links(first.text).find((to) => to.includes('order=last')) ?? '';
    expect((await get(turned)).text).toContain('note 120');
  });

  it('without a key show the first rows only, and keys that are too long end the pages', async () => {
    const { data } = await read({ table: 'bare' });
    expect(data).toMatchObject({ order: [], has_more: true, next_cursor: null });
    expect(data.rows).toHaveLength(50);
    expect((await table('bare')).text).toContain('Nothing tells its rows apart');
    expect((await table('long_keys')).text).toContain('too long for a link');
  });

  it('leave out what the role may not read, and say so', async () => {
    const { text } = await table('partly');
    expect(text).toContain('seen');
    expect(text).toContain('This user may not read it.');
    expect(text).not.toContain('the hidden value');
    expect((await table('closed')).text).toContain('may not read');
  });

  it('change nothing, not even by a view that would', async () => {
    const { text } = await table('trap');
    expect(text).toMatch(/read-only transaction|Nothing may be changed/);
    expect(await target.sql('select 1 from bare where a = 999')).toEqual([]);
    const injected = await table('orders; drop table orders');
    expect(injected.text).toContain('There is no table');
    const other = await table('orders', '&cursor=bm9uc2Vuc2U');
    expect(other.text).toContain('does not belong to this table');
    const { data } = await read({ table: 'orders' });
    expect((await read({ table: 'orders', descending: true, cursor: data.next_cursor })).error).toMatchObject({
      field: 'arguments.cursor',
    });
  });

  it('are looked at by whoever may run tools, each look a record, and by no other workspace', async () => {
    const before = await runs();
    expect((await get(`/connectors/${id}/tables`, at.cast.ben)).status).toBe(200);
    await get(`/connectors/${id}/table?schema=public&table=orders`, at.cast.ben);
    const after = await runs();
    expect(after.slice(0, after.length - before.length)).toEqual([
      { tool: 'postgresql.read_table', who: at.cast.ben.name },
      { tool: 'postgresql.list_tables', who: at.cast.ben.name },
    ]);
    expect((await get(`/connectors/${id}/tables`, at.cast.cleo)).status).toBe(404);
    const other = {
      catalog_key: 'slack',
      name: 'Chat',
      config: {},
      auth: { method: 'token', access_token: 'xoxb-1-2-example' },
    };
    const made = await (await at.as(at.cast.ada, 'POST', '/api/connectors', other)).json();
    expect((await get(`/connectors/${made.id}/tables`)).status).toBe(404);
    expect((await get(`/connectors/${made.id}`)).text).not.toContain('/tables');
  });

  it('say why nothing can be asked, and what went wrong', async () => {
    const body = {
      ...{ catalog_key: 'postgresql', name: 'Gone', auth: { ...target.auth, password: 'wrong one' } },
      config: target.config,
    };
    const made = await (await at.as(at.cast.ada, 'POST', '/api/connectors', body)).json();
    expect((await get(`/connectors/${made.id}/tables`)).text).toContain('Gone is inactive');
    await at.as(at.cast.ada, 'PATCH', `/api/connectors/${made.id}/status`, { status: 'active' });
    const { status, text } = await get(`/connectors/${made.id}/tables`);
    expect(status).toBe(200);
    expect(text).toContain('does not accept this password');
  });
});

async function runs() {
  const { data } = await (await at.as(at.cast.ada, 'GET', '/api/executions?limit=100')).json();
  return (data as { tool: string; actor: { name: string } }[]).map(({ tool, actor }) => ({ tool, who: actor.name }));
}
