import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { anyText, seed, tries } from '../security/measure.ts';
import { type TargetDatabase, type TargetHarness, targetDatabase, targetHarness } from '../support/target-database.ts';

let target: TargetDatabase;
let at: TargetHarness;
beforeAll(async () => {
  target = await targetDatabase(['log_statement=all']);
  at = await targetHarness(target);
});
afterAll(async () => {
  await at?.close();
  await target?.remove();
});

const insert = (rows: Values[], table = 'anything') => at.tool('insert_many', { table, rows });
const update = (rows: Values[], key = ['id'], table = 'things') => at.tool('update_many', { table, key, rows });
const rowsOf = async (sql: string) => (await at.tool('execute_query', { sql })).rows as Values[];

describe('rows of any values', () => {
  // The first by name is a text, so that a line of COPY may begin with an empty one.
  const types = {
    a: 'text',
    bits: 'bytea',
    day: 'date',
    doc: 'jsonb',
    flag: 'boolean',
    flags: 'boolean[]',
    float: 'double precision',
    guid: 'uuid',
    large: 'bigint',
    larges: 'bigint[]',
    made: 'timestamptz',
    name: 'varchar',
    price: 'numeric',
    raw: 'json',
    small: 'integer',
    tags: 'text[]',
  };
  const columns = Object.entries(types).map(([name, type]) => `${name} ${type}`);
  beforeEach(async () => {
    await target.sql(`drop table if exists anything; create table anything (id int primary key, ${columns.join(', ')});
      alter table anything owner to clerk`);
  });

  const odd = fc.constantFrom(
    ...[
      '',
      ' ',
      '"',
      "'",
      '\\',
      '\\\\',
      '\\N',
      '\\.',
      '\\"',
      'NULL',
      'null',
      '{}',
      ',',
      '\t',
      '\n',
      '\r\n',
      '雪',
      '👩‍🚀',
    ],
  );
  const kept = (text: string) => text.replaceAll('\0', '').toWellFormed(); // PostgreSQL keeps neither zeros nor halves of signs
  const text = fc.array(fc.oneof(odd, anyText(12)), { maxLength: 4 }).map((parts) => kept(parts.join('')));
  const large = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      ...[text, fc.boolean(), fc.constant(null), fc.maxSafeInteger(), fc.integer().map((n) => n / 4)],
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        tie('value'),
        { maxKeys: 3 },
      ),
    ),
  })).value;
  const day = fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  const whole = (value: number) => value || 0; // there is no -0 in SQL
  const arbitrary: Record<keyof typeof types, fc.Arbitrary<unknown>> = {
    a: text,
    bits: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    day: day.map((date) => date.toISOString().slice(0, 10)),
    doc: json.map((value) => value ?? []),
    flag: fc.boolean(),
    flags: fc.array(fc.option(fc.boolean())),
    float: fc.double({ noNaN: true, noDefaultInfinity: true }).map(whole),
    guid: fc.uuid(),
    large,
    larges: fc.array(fc.option(large)),
    made: day.map((date) => date.toISOString().replace(/\.(\d*?)0+Z$/, (_, rest) => (rest ? `.${rest}Z` : 'Z'))),
    name: text,
    price: fc.tuple(large, fc.nat(999)).map(([front, back]) => `${front}.${back + 1}`),
    raw: json.map((value) => value ?? {}),
    small: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(whole),
    tags: fc.array(fc.option(text)),
  };
  const row = fc.record(Object.fromEntries(Object.entries(arbitrary).map(([name, value]) => [name, fc.option(value)])));
  const someRows = fc.array(row, { minLength: 4, maxLength: 16 });
  const numbered = (rows: Values[], count: number) =>
    Array.from({ length: count }, (_, index): Values => ({ id: index + 1, ...rows[index % rows.length] }));

  it.each([
    ['a few', 16],
    ['so many that they are copied', 230],
  ])(
    '%s are read as they were inserted, and as they were changed',
    async (_, count) => {
      await fc.assert(
        fc.asyncProperty(someRows, someRows, async (first, second) => {
          await target.sql('truncate anything');
          const [given, changed] = [numbered(first, count), numbered(second, count)];
          expect(await insert(given)).toEqual({ row_count: count });
          expect(await rowsOf('select * from anything order by id')).toEqual(given);
          expect(await update(changed, ['id'], 'anything')).toEqual({ row_count: count });
          expect(await rowsOf('select * from anything order by id')).toEqual(changed);
        }),
        { numRuns: tries(5), seed },
      );
      const told = readFileSync(path.join(target.dir, '..', 'postgres.log'), 'utf8');
      expect(told.includes('copy "public"."anything"')).toBe(count > 200);
      expect(told).not.toContain('rollback to savepoint'); // nothing had to be sent again
    },
    60_000,
  );
});

describe('many rows by a key', () => {
  const count = 250;
  const given = (more: (id: number) => Values = () => ({})) =>
    Array.from({ length: count }, (_, index): Values => ({ id: index + 1, name: 'new', ...more(index + 1) }));
  const made = async (sql: string) => {
    await target.sql(`drop table if exists things cascade; create table things (${sql}); alter table things owner to clerk;
      insert into things (id, name) select n, 'old' from generate_series(1, ${count}) n`);
  };
  const refused = async (rows: Values[], at: number, key?: string[]) => {
    const refusal = await update(rows, key).catch((error) => error);
    expect(refusal).toMatchObject({ fault: 'not_found', field: `arguments.rows.${at}` });
    expect(refusal.message).toContain(`Row ${at + 1}: no row of "public"."things" has this key. Nothing was changed.`);
    expect(await rowsOf("select id from things where name = 'new'")).toEqual([]);
  };
  const missing = given((id) => (id === 178 ? { id: 9_000 } : {}));

  it('that the server keeps unique change each its own, and one that is missing is named', async () => {
    await made('id bigint primary key, name text');
    await refused(missing, 177);
    await refused(
      given((id) => (id === 9 ? { id: '008' } : {})),
      8,
    ); // the same key, written in another way
    expect(await update(given())).toEqual({ row_count: count });
    expect(await rowsOf("select count(*)::int as n from things where name = 'new'")).toEqual([{ n: count }]);
  });

  it.each([
    ['is in no index', 'id bigint, name text', ''],
    ['is in an index that allows it twice', 'id bigint, name text', 'create index on things (id)'],
    [
      'is unique in a part of the table',
      'id bigint, name text',
      "create unique index on things (id) where name = 'none'",
    ],
    ['is unique with another column only', 'id bigint, more serial, name text, primary key (id, more)', ''],
    [
      'comes again in a table that inherits',
      'id bigint primary key, name text',
      "create table parts () inherits (things); alter table parts owner to clerk; insert into parts values (7, 'old')",
    ],
  ])('that %s: a missing one is named although another meets two rows', async (_, columns, more) => {
    await made(columns);
    await target.sql(
      `${more || 'select 1'}; ${more.includes('parts') ? 'select 1' : "insert into things (id, name) values (7, 'old')"}`,
    );
    await refused(missing, 177);
    expect(await update(given())).toEqual({ row_count: count + 1 });
  });

  it('of several columns, in any order and with more than the index has', async () => {
    await made("id bigint, part text not null default 'a\"b', name text, primary key (part, id)");
    const rows = given(() => ({ part: 'a"b' }));
    expect(await update(rows, ['id', 'part'])).toEqual({ row_count: count });
    await target.sql("update things set name = 'old'; alter table things add size int not null default 1");
    const sized = rows.map((row, index) => ({ ...row, size: index === 4 ? 2 : 1 }));
    await refused(sized, 4, ['size', 'id', 'part']);
  });

  it('meet the table’s trigger: what it leaves alone counts as missing', async () => {
    await made('id bigint primary key, name text');
    await target.sql(`
      create or replace function leave() returns trigger language plpgsql as $$ begin return case when new.id = 5 then null else new end; end $$;
      create trigger leaves before update on things for each row execute function leave()`);
    await refused(given(), 4);
  });
});
