import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { type TargetDatabase, type TargetHarness, targetDatabase, targetHarness } from '../support/target-database.ts';
import { figure, randomness, shuffled, tries } from './measure.ts';

// Hostile names and values through every tool of the PostgreSQL connector, on a real server.

let target: TargetDatabase;
let at: TargetHarness;
beforeAll(async () => {
  target = await targetDatabase();
  at = await targetHarness(target);
  await target.sql(`
    create table witness (id int primary key, text text);
    insert into witness select n, 'untouched' from generate_series(1, 100) n;
    alter table witness owner to clerk;
    create table values_in (id bigint primary key, text text, other text);
    alter table values_in owner to clerk`);
});
afterAll(async () => {
  await at?.close();
  await target?.remove();
});

const endings = ["'", "''", "\\'", '"', '""', '$$', '$x$', '*/', '\n', '`', ')', '\\', "E'", "U&'", '%', ''];
const commands = [
  ...[
    '; drop table witness; --',
    "; update witness set text = 'taken'; --",
    ' or 1=1 --',
    ' union select rolpassword from pg_authid --',
  ],
  ...[
    "'; select pg_sleep(9); --",
    "||(select current_user)||'",
    '; create table planted (a int); --',
    "'; copy witness to program 'true'; --",
  ],
  ...[
    '); delete from witness; --',
    "', 'x'); truncate witness; --",
    '{{7*7}}<%= 7*7 %>',
    '/**/',
    '\u0000',
    '\u2028',
    'ʼ; drop table witness; --',
    '＇; drop table witness; --',
  ],
];
const payloads = endings.flatMap((ending) => commands.map((command) => ending + command));
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** What the server has: its tables and columns, and what is in the one that nobody names. */
const state = () =>
  target.sql(`
    select (select string_agg(c.relname || '.' || a.attname, ',' order by 1) from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and c.relname in ('witness', 'planted')) as shape,
      (select count(*) || ' ' || min(text) || max(text) from witness) as witness,
      (select count(*) from pg_roles) as roles`);
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => String(error.fault ?? error.code ?? error),
  );

it('hostile values are values, wherever they go', async () => {
  const before = await state();
  const random = randomness();
  const chosen = shuffled(payloads, random);
  const count = tries(500);
  const wrong: string[] = [];
  for (let index = 0; index < count; index++) {
    const text = chosen[index % chosen.length] as string;
    const legal = !text.includes('\0');
    const row = { id: index, text, other: 'x' };
    const inserted = await outcome(at.tool('insert_many', { table: 'values_in', rows: [row] }));
    if (inserted !== (legal ? 'done' : 'input')) wrong.push(`insert ${JSON.stringify(text)}: ${inserted}`);
    if (!legal) continue;
    const where = {
      and: [
        { column: 'id', operator: '=', value: index },
        { column: 'text', operator: '=', value: text },
      ],
    };
    await at.tool('update_many', { table: 'values_in', values: { other: text }, where });
    const { rows } = await at.tool('execute_query', {
      sql: 'select text, other from values_in where id = $1 and other = $2',
      parameters: [index, text],
    });
    if (JSON.stringify(rows) !== JSON.stringify([{ text, other: text }]))
      wrong.push(`stored ${JSON.stringify(text)} as ${JSON.stringify(rows)}`);
    const { row_count: gone } = (await at.tool('delete_records', { table: 'values_in', where })) as Values;
    if (gone !== 1) wrong.push(`deleted ${gone} by ${JSON.stringify(text)}`);
  }
  figure(`${wrong.length} of ${count} hostile values were anything else than values`);
  expect(wrong).toEqual([]);
  expect(await state()).toEqual(before);
});

it('hostile names name nothing, and change nothing', async () => {
  const before = await state();
  const wrong: string[] = [];
  let tried = 0;
  for (const name of shuffled(payloads).slice(0, tries(250))) {
    const attempts: [string, Values][] = [
      ['insert_many', { table: name, rows: [{ id: 1 }] }],
      ['insert_many', { table: 'values_in', schema: name, rows: [{ id: 1 }] }],
      ['insert_many', { table: 'values_in', rows: [{ id: 1, [name]: 1 }] }],
      [
        'update_many',
        { table: 'values_in', values: { [name]: 'x' }, where: { column: 'id', operator: '=', value: 1 } },
      ],
      ['update_many', { table: 'values_in', key: [name], rows: [{ [name]: 1, text: 'x' }] }],
      ['delete_records', { table: 'values_in', where: { column: name, operator: '=', value: 1 } }],
      ['delete_records', { table: 'values_in', where: { column: 'id', operator: name, value: 1 } }],
      ['get_table_info', { table: name }],
      ['list_tables', { search: name, schema: name }],
    ];
    for (const [tool, input] of attempts) {
      tried += 1;
      const found = await outcome(at.tool(tool, input));
      const fine = tool === 'list_tables' ? ['done', 'input', 'not_found'] : ['input', 'not_found'];
      if (!fine.includes(found)) wrong.push(`${tool} ${JSON.stringify(input)}: ${found}`);
    }
  }
  figure(`${wrong.length} of ${tried} hostile names were taken for one`);
  expect(wrong).toEqual([]);
  expect(await state()).toEqual(before);
});

it('tables and columns that really have such names are the ones that are meant', async () => {
  const before = await state();
  const legal = shuffled(payloads.filter((name) => !name.includes('\0') && name && Buffer.byteLength(name) < 60)).slice(
    0,
    tries(40),
  );
  for (const name of legal) {
    const column = `${name}c`.slice(0, 50);
    await target.sql(
      `create table ${quoted(name)} (id int primary key, ${quoted(column)} text); alter table ${quoted(name)} owner to clerk`,
    );
    await at.tool('insert_many', { table: name, rows: [{ id: 1, [column]: name }] });
    await at.tool('update_many', { table: name, key: ['id'], rows: [{ id: 1, [column]: `${name}!` }] });
    expect(await target.sql(`select ${quoted(column)} as text from ${quoted(name)}`)).toEqual([{ text: `${name}!` }]);
    const where = { column, operator: '=', value: `${name}!` };
    expect(await at.tool('delete_records', { table: name, where })).toEqual({ row_count: 1 });
    await target.sql(`drop table ${quoted(name)}`);
  }
  figure(`${legal.length} tables with hostile names worked like any other`);
  expect(await state()).toEqual(before);
});
