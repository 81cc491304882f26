import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { type TargetDatabase, type TargetHarness, targetDatabase, targetHarness } from '../support/target-database.ts';

let target: TargetDatabase;
let at: TargetHarness;
beforeAll(async () => {
  target = await targetDatabase();
  at = await targetHarness(target);
});
afterAll(async () => {
  await at?.close();
  await target?.remove();
});
beforeEach(async () => {
  await target.sql(`
    drop table if exists public.orders; drop type if exists mood;
    create type mood as enum ('good', 'bad');
    create table orders (id bigint primary key, name text, qty int not null default 1, price numeric(20, 6), tags text[], doc jsonb,
      made timestamptz, day date, raw bytea, feel mood, short varchar(5), big float8, check (qty > 0));
    alter table orders owner to clerk`);
});

const query = (sql: string, parameters: unknown[] = [], more: Values = {}, calling = {}) =>
  at.tool('execute_query', { sql, parameters, ...more }, calling);
const rowsOf = async (sql: string) => (await query(sql)).rows as Values[];
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ fault: 'none', message: JSON.stringify(value), field: undefined }),
    (error) => ({
      fault: error.fault ?? error.code,
      message: error.message,
      field: error.field,
      code: error.serviceCode,
    }),
  );

describe('a query', () => {
  it('gives every value without loss', async () => {
    const sql = `select 9007199254740993::int8 as big, 12345678901234567890.123456789::numeric as exact, 7::int4 as small, true as yes,
      'x'::text as t, null::text as nothing, '\\x00ff'::bytea as raw, '2026-11-21 12:00:00.123456+02'::timestamptz as moment,
      '2026-11-21 12:00:00.5'::timestamp as local, '2026-11-21'::date as day, '{"a":[1,9007199254740993,1.50]}'::jsonb as doc,
      array['a,b', null, 'c"d', ''] as list, array[[1,2],[3,4]] as grid, 'NaN'::float8 as nan, 0.1::float8 as tenth,
      'infinity'::timestamptz as ever, '1 day 2 hours'::interval as while`;
    const { rows, columns } = await query(sql.replace('as while', 'as lasting'));
    expect(rows).toEqual([
      {
        big: '9007199254740993',
        exact: '12345678901234567890.123456789',
        small: 7,
        yes: true,
        t: 'x',
        nothing: null,
        raw: 'AP8=',
        moment: '2026-11-21T10:00:00.123456Z',
        local: '2026-11-21T12:00:00.5',
        day: '2026-11-21',
        doc: { a: [1, '9007199254740993', 1.5] },
        list: ['a,b', null, 'c"d', ''],
        grid: [
          [1, 2],
          [3, 4],
        ],
        nan: 'NaN',
        tenth: 0.1,
        ever: 'infinity',
        lasting: 'P1DT2H',
      },
    ]);
    expect((columns as Values[])[0]).toEqual({ name: 'big', type: 'int8' });
  });

  it('takes values as parameters only, by their types', async () => {
    const given = [
      "'; drop table orders; --",
      '9007199254740993',
      3,
      true,
      null,
      [1, 2],
      { a: "it's" },
      'AP8=',
      ['x"y', null],
    ];
    const sql = `select $1::text a, $2::int8 b, $3::int4 c, $4::bool d, $5::text e, $6::int[] f, $7::jsonb g, $8::bytea h, $9::text[] i`;
    const { rows } = await query(sql, given);
    expect(Object.values((rows as Values[])[0] ?? {})).toEqual(given);
    expect(await refusal(query('select $1::int', []))).toMatchObject({ fault: 'input', field: 'arguments.parameters' });
    expect(await refusal(query('select $1::int8', [2 ** 60]))).toMatchObject({
      fault: 'input',
      message: expect.stringContaining('as text'),
    });
    expect(await refusal(query('select $1::int', ['abc']))).toMatchObject({ fault: 'input', code: '22P02' });
  });

  it('tells columns of one name apart', async () => {
    expect((await query('select 1 as a, 2 as a')).rows).toEqual([{ a: 1, a_2: 2 }]);
  });

  it('explains and shows, too', async () => {
    expect((await query('show server_version_num')).row_count).toBe(1);
    expect((await query('explain select 1')).row_count).toBeGreaterThan(0);
    await query('explain analyze create table other as select 1');
    expect(await rowsOf("select to_regclass('other') as made")).toEqual([{ made: null }]);
  });

  it.each([
    'commit; drop table orders',
    'commit',
    'rollback; drop table orders',
    'select 1; drop table orders',
    'set default_transaction_read_only = off',
    'set transaction read write',
    "copy (select 1) to program 'touch /tmp/never'",
    "copy orders to '/tmp/never'",
    'drop table orders',
    'delete from orders',
    'with gone as (delete from orders returning *) select * from gone',
    'select 1 into other',
    'explain analyze delete from orders',
    "do $$ begin execute 'drop table orders'; end $$",
    'lock table orders in access exclusive mode',
    "select set_config('transaction_read_only', 'off', true) from generate_series(1, 3)",
    'prepare leak as select 1',
    'listen news',
    'discard all',
    'vacuum',
    'select * from orders for update',
    "select nextval('numbers')",
  ])('that would do more is refused: %s', async (sql) => {
    await target.sql(
      'insert into orders (id) values (1); create sequence if not exists numbers; grant all on sequence numbers to clerk',
    );
    expect((await refusal(query(sql))).fault).not.toBe('none');
    expect(await target.sql('select count(*)::int as n from orders')).toEqual([{ n: 1 }]);
    expect(await rowsOf('select 1 as fine')).toEqual([{ fine: 1 }]);
  });

  it('cannot write by a function either, nor leave anything for the next caller', async () => {
    await target.sql(`
      create or replace function sneak() returns int language plpgsql volatile as 'begin insert into orders (id) values (99); return 1; end';
      create or replace function poison() returns text language sql volatile as
        $$ select set_config('default_transaction_read_only', 'off', false) || set_config('search_path', 'nowhere', false)
             || set_config('statement_timeout', '0', false) || pg_advisory_lock(7)::text $$`);
    expect(await refusal(query('select sneak()'))).toMatchObject({ fault: 'permission', code: '25006' });
    const config = { ...target.config, pool_size: 1, max_overflow: 0 };
    await query('select poison()', [], {}, { config });
    const sql = `select current_setting('search_path') as path, current_setting('statement_timeout') as time,
      (select count(*)::int from pg_locks where locktype = 'advisory') as locks, pg_backend_pid() as pid`;
    const ask = async () => (await query(sql, [], {}, { config })).rows as Values[];
    const [first] = await ask();
    expect(first).toMatchObject({ path: '"$user", public', locks: 0 });
    expect(first?.time).not.toBe('0');
    expect((await ask())[0]?.pid).toBe(first?.pid); // it was the same connection all the time
    await target.sql('drop function sneak(); drop function poison()');
  });

  it('of ten million rows is given page by page', async () => {
    const sql = 'select n from generate_series(1, 10000000) n order by n';
    const config = { ...target.config, row_cap: 1000 };
    const first = await query(sql, [], {}, { config });
    expect([first.row_count, first.has_more]).toEqual([1000, true]);
    const second = await query(sql, [], { cursor: first.next_cursor, limit: 5 }, { config });
    expect(second.rows).toEqual([1001, 1002, 1003, 1004, 1005].map((n) => ({ n })));
    expect(await refusal(query('select 1', [], { cursor: first.next_cursor }))).toMatchObject({
      field: 'arguments.cursor',
    });
    const last = await query('select n from generate_series(1, 7) n', [], { limit: 7 });
    expect([last.row_count, last.has_more, last.next_cursor]).toEqual([7, false, null]);
  });

  it('ends a page by its size, and refuses what fits into no memory', async () => {
    const page = await query("select n, repeat('x', 300000) as t from generate_series(1, 1000) n");
    expect(page.has_more).toBe(true);
    expect(page.row_count).toBeGreaterThan(3);
    expect(page.row_count).toBeLessThan(20);
    const next = await query("select n, repeat('x', 300000) as t from generate_series(1, 1000) n", [], {
      cursor: page.next_cursor,
    });
    expect((next.rows as Values[])[0]?.n).toBe((page.row_count as number) + 1);
    expect(await refusal(query("select repeat('x', 60000000)"))).toMatchObject({ fault: 'too_large' });
    expect(await rowsOf('select 1 as fine')).toEqual([{ fine: 1 }]);
  });

  it('that takes too long is cancelled, and the server stops working at it', async () => {
    const config = { ...target.config, statement_timeout_s: 1 };
    expect(await refusal(query('select pg_sleep(20)', [], {}, { config }))).toMatchObject({ code: '57014' });
    const started = performance.now();
    expect((await refusal(query('select pg_sleep(20)', [], {}, { deadlineMs: 1_500 }))).fault).toBeTruthy();
    expect(performance.now() - started).toBeLessThan(6_000);
    await expect
      .poll(
        () =>
          target.sql(
            "select 1 from pg_stat_activity where query like '%pg_sleep(20)%' and state = 'active' and pid <> pg_backend_pid()",
          ),
        { timeout: 10_000 },
      )
      .toEqual([]);
  });
});

describe('a command', () => {
  it('changes, and gives what RETURNING says', async () => {
    const answer = await at.tool('execute_command', {
      sql: 'insert into orders (id, name) values ($1, $2) returning id, name',
      parameters: ['9007199254740993', "O'Brien"],
    });
    expect(answer).toMatchObject({ row_count: 1, rows: [{ id: '9007199254740993', name: "O'Brien" }] });
    expect(await rowsOf('select name from orders')).toEqual([{ name: "O'Brien" }]);
  });

  it.each([
    'commit',
    'insert into orders (id) values (1); commit; drop table orders',
    '/* x /* y */ */ commit',
    'set role postgres',
    "copy orders to program 'true'",
    'begin',
    '-- hidden\ncommit',
  ])('that is no change of data or tables is refused: %s', async (sql) => {
    expect(await refusal(at.tool('execute_command', { sql }))).toMatchObject({ fault: 'input' });
    expect(await target.sql('select count(*)::int as n from orders')).toEqual([{ n: 0 }]);
  });

  it('and every other change is refused while the connector is read only', async () => {
    const config = { ...target.config, read_only: true };
    const calls: [string, Values][] = [
      ['execute_command', { sql: 'delete from orders' }],
      ['insert_many', { table: 'orders', rows: [{ id: 1 }] }],
      ['update_many', { table: 'orders', values: { qty: 2 }, where: { column: 'id', operator: '=', value: 1 } }],
      ['delete_records', { table: 'orders', where: { column: 'id', operator: '=', value: 1 } }],
    ];
    for (const [slug, input] of calls)
      expect(await refusal(at.tool(slug, input, { config }))).toMatchObject({
        fault: 'permission',
        field: 'config.read_only',
      });
  });
});

const exactRows = [
  {
    id: '9007199254740993',
    name: 'quotes \' " \\ {} , NULL and 雪',
    price: '12345678901234.123456',
    tags: ['a,b', null, 'c"d\\', '', 'NULL'],
    doc: { a: [1, { b: null }], q: "it's" },
    made: '2026-11-21T10:00:00.123456Z',
    day: '2026-02-28',
    raw: 'AP8=',
    feel: 'good',
    short: 'abcde',
    big: 0.1,
  },
  {
    id: '2',
    name: null,
    price: null,
    tags: [],
    doc: 'text',
    made: null,
    day: null,
    raw: '',
    feel: null,
    short: '',
    big: 1e300,
  },
];

describe('many rows', () => {
  const thousand = (wrong: Values) =>
    Array.from(
      { length: 1000 },
      (_, index): Values => (index === 976 ? { id: 977, qty: 1, ...wrong } : { id: index + 1, qty: 1 }),
    );

  it('are inserted exactly as they are given', async () => {
    expect(await at.tool('insert_many', { table: 'orders', rows: exactRows })).toEqual({ row_count: 2 });
    const columns = Object.keys(exactRows[0] ?? {}).join(', ');
    expect(await rowsOf(`select ${columns} from orders order by id desc`)).toEqual(exactRows);
    expect(await rowsOf('select distinct qty from orders')).toEqual([{ qty: 1 }]);
  });

  it('are inserted as exactly when they are so many that they are copied', async () => {
    const odd = {
      name: 'a tab\t, a line\nand\r\nanother, \\N, \\. and \\\\',
      tags: ['\\', '\t', 'NULL', null, ''],
      doc: { a: '\n\\"' },
    };
    const rows = Array.from({ length: 2_500 }, (_, index) => ({
      ...exactRows[index % 2],
      ...(index % 3 ? odd : {}),
      id: String(index),
    }));
    expect(await at.tool('insert_many', { table: 'orders', rows })).toEqual({ row_count: 2_500 });
    const columns = Object.keys(exactRows[0] ?? {}).join(', ');
    const read = [
      ...(await rowsOf(`select ${columns} from orders where id < 1000 order by id`)),
      ...(await rowsOf(`select ${columns} from orders where id >= 1000 and id < 2000 order by id`)),
    ];
    expect(read).toEqual(rows.slice(0, read.length));
    expect(read.length).toBeGreaterThan(900);
  });

  it('meet the table’s trigger however many they are', async () => {
    await target.sql(`
      create or replace function skip() returns trigger language plpgsql as $$ begin return case when new.id > 500 then null else new end; end $$;
      create trigger skips before insert on orders for each row execute function skip()`);
    expect(await at.tool('insert_many', { table: 'orders', rows: thousand({ qty: 2 }) })).toEqual({ row_count: 500 });
  });

  it('get the default where a row says nothing, and null where it says null', async () => {
    await at.tool('insert_many', { table: 'orders', rows: [{ id: 1, qty: 5 }, { id: 2 }, { qty: 7, id: 3 }] });
    expect(await rowsOf('select id, qty from orders order by id')).toEqual([
      { id: '1', qty: 5 },
      { id: '2', qty: 1 },
      { id: '3', qty: 7 },
    ]);
    expect(await refusal(at.tool('insert_many', { table: 'orders', rows: [{ id: 4, qty: null }] }))).toMatchObject({
      message: expect.stringContaining('Row 1 (qty)'),
    });
  });

  it.each<[string, Values]>([
    ['a wrong type', { qty: 'many' }],
    ['a value that does not fit', { qty: 3_000_000_000 }],
    ['a broken rule', { qty: -1 }],
    ['a key that is there already', { id: 5 }],
    ['a list where none may be', { qty: [1] }],
  ])('are refused together when row 977 of 1,000 has %s', async (_, wrong) => {
    const failed = await refusal(at.tool('insert_many', { table: 'orders', rows: thousand(wrong) }));
    expect(failed).toMatchObject({ field: 'arguments.rows.976', message: expect.stringMatching(/^Row 977\b/) });
    expect(await target.sql('select count(*)::int as n from orders')).toEqual([{ n: 0 }]);
  });

  it('keep their length: what is too long is refused and never cut', async () => {
    const failed = await refusal(at.tool('insert_many', { table: 'orders', rows: [{ id: 1, short: 'abcdef' }] }));
    expect(failed).toMatchObject({ code: '22001', message: expect.stringContaining('Row 1') });
  });

  it('are updated by their keys, all or none', async () => {
    await at.tool('insert_many', { table: 'orders', rows: thousand({}) });
    const rows = exactRows.map((row, index) => ({ ...row, id: String(index + 1) }));
    expect(await at.tool('update_many', { table: 'orders', key: ['id'], rows })).toEqual({ row_count: 2 });
    const columns = Object.keys(rows[0] ?? {}).join(', ');
    expect(await rowsOf(`select ${columns} from orders where id < 3 order by id`)).toEqual(rows);
    const changed = thousand({ qty: 'many' }).map((row) => ({ name: 'new', ...row }));
    expect(await refusal(at.tool('update_many', { table: 'orders', key: ['id'], rows: changed }))).toMatchObject({
      field: 'arguments.rows.976',
    });
    const missing = [
      { id: 1, name: 'new' },
      { id: 5000, name: 'new' },
    ];
    expect(await refusal(at.tool('update_many', { table: 'orders', key: ['id'], rows: missing }))).toMatchObject({
      fault: 'not_found',
      message: expect.stringContaining('Row 2'),
    });
    const twice = [
      { id: 1, name: 'a' },
      { id: '1', name: 'b' },
    ];
    expect(await refusal(at.tool('update_many', { table: 'orders', key: ['id'], rows: twice }))).toMatchObject({
      message: 'Row 2 has the same key as row 1.',
    });
    expect(await target.sql("select count(*)::int as n from orders where name = 'new'")).toEqual([{ n: 0 }]);
  });

  it('are updated and deleted by a condition that cannot be left out', async () => {
    await at.tool('insert_many', { table: 'orders', rows: thousand({ name: 'odd_one%' }) });
    const where = {
      and: [
        { column: 'id', operator: '<=', value: 10 },
        {
          or: [
            { column: 'id', operator: 'in', value: [3, '4'] },
            { column: 'name', operator: 'is_not_null' },
          ],
        },
      ],
    };
    expect(await at.tool('update_many', { table: 'orders', values: { qty: 9, doc: [1] }, where })).toEqual({
      row_count: 2,
    });
    expect(await rowsOf('select id from orders where qty = 9 order by id')).toEqual([{ id: '3' }, { id: '4' }]);
    const gone = { column: 'name', operator: 'like', value: 'odd\\_one%' };
    expect(await at.tool('delete_records', { table: 'orders', where: gone })).toEqual({ row_count: 1 });
    expect(
      await at.tool('delete_records', { table: 'orders', where: { column: 'id', operator: 'not_in', value: [1, 2] } }),
    ).toEqual({ row_count: 997 });
    for (const wrong of [
      {},
      { and: [] },
      { column: 'id', operator: '=', value: null },
      { column: 'id', operator: '= 1 or 1', value: 1 },
      { column: 'id', operator: 'in', value: [] },
      { and: [{ column: 'id', operator: '=', value: 1 }], column: 'id' },
      { sql: 'true' },
      { column: 'id"; drop table orders; --', operator: '=', value: 1 },
    ])
      expect((await refusal(at.tool('delete_records', { table: 'orders', where: wrong }))).fault).toBe('input');
    expect((await refusal(at.tool('update_many', { table: 'orders', values: { qty: 1 } }))).field).toBe(
      'arguments.where',
    );
    expect(await target.sql('select count(*)::int as n from orders')).toEqual([{ n: 2 }]);
  });
});

describe('tables', () => {
  it('are listed as far as the user may read them, and described', async () => {
    await target.sql('create table if not exists hidden (a int)');
    const { tables } = await at.tool('list_tables', {});
    expect((tables as Values[]).map(({ name }) => name)).toEqual(['orders']);
    expect((await at.tool('list_tables', { search: "'; drop" })).tables).toEqual([]);
    const info = await at.tool('get_table_info', { table: 'orders' });
    expect(info.primary_key).toEqual(['id']);
    expect(info.columns).toContainEqual({
      ...{ name: 'price', type: 'numeric(20,6)', nullable: true, has_default: false, generated: false, comment: null },
    });
    expect(await refusal(at.tool('get_table_info', { table: 'nothing' }))).toMatchObject({ fault: 'not_found' });
  });

  it.each([
    'orders"; drop table orders; --',
    'public.orders',
    'orders\0',
    '"orders"',
    "o'rders",
    'x'.repeat(63),
    'ORDERS',
  ])('are found by their exact name only, not by %j', async (table) => {
    expect((await refusal(at.tool('get_table_info', { table }))).fault).toBe('not_found');
    expect((await refusal(at.tool('insert_many', { table, rows: [{ id: 1 }] }))).fault).toBe('not_found');
  });

  it('with names that need quotes work like any other', async () => {
    await target.sql(`create schema if not exists "We ird"; grant all on schema "We ird" to clerk; drop table if exists "We ird"."a"";b";
      create table "We ird"."a"";b" ("sel""ect" int, "雪 x" text, "__proto__" int); alter table "We ird"."a"";b" owner to clerk`);
    const named = { schema: 'We ird', table: 'a";b' };
    const row = JSON.parse('{"sel\\"ect": 1, "雪 x": "y", "__proto__": 3}');
    expect(await at.tool('insert_many', { ...named, rows: [row] })).toEqual({ row_count: 1 });
    const { rows } = await query('select * from "We ird"."a"";b"');
    expect(JSON.stringify(rows)).toBe(JSON.stringify([row]));
    expect(
      await at.tool('delete_records', { ...named, where: { column: 'sel"ect', operator: '=', value: 1 } }),
    ).toEqual({ row_count: 1 });
    const unknown = { ...row, 'x") select 1; --': 1 };
    expect(await refusal(at.tool('insert_many', { ...named, rows: [unknown] }))).toMatchObject({ fault: 'input' });
  });
});
