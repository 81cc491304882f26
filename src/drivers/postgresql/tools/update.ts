import { object, ServiceError, type Tool, type Values } from '../../driver.ts';
import { Conditions } from '../conditions.ts';
import type { Text } from '../session.ts';
import { columnOf, findTable, isUnique, quoted, type Table } from '../tables.ts';
import { inTransaction, type Work } from '../transaction.ts';
import { encode } from '../values.ts';
import { type Batch, batches, columnArrays, rowField, sendNamingRow, unnested } from './batch.ts';
import { mustWrite } from './command.ts';
import { writable } from './insert.ts';
import { listIn, rows, schema, shapes, table, values, where } from './shapes.ts';

export const updateMany: Tool = {
  slug: 'update_many',
  title: 'Update rows',
  description:
    'Changes many rows at once, all of them or none. Either rows with their key columns (key: ["id"], rows: [{"id": "7", "name": "new"}]), or the same values for every row that meets a condition (values and where).',
  input: object(
    {
      schema,
      table,
      key: {
        type: 'array',
        title: 'Key',
        description: 'The columns by which rows are found, such as the primary key.',
        minItems: 1,
        maxItems: 32,
        items: { type: 'string', title: 'Column', minLength: 1, maxLength: 63 },
      },
      rows,
      values,
      where,
    },
    ['table'],
  ),
  output: shapes.count,
  sideEffect: 'write',
  async run(context, input) {
    mustWrite(context);
    const byKey =
      input.rows !== undefined && input.key !== undefined && input.values === undefined && input.where === undefined;
    const byCondition =
      input.values !== undefined && input.where !== undefined && input.rows === undefined && input.key === undefined;
    if (!byKey && !byCondition)
      throw new ServiceError('input', 'Give either key and rows, or values and where: a condition is never left out.', {
        field: 'arguments.where',
      });
    return inTransaction(context, 'read write', async (work) => {
      const target = await findTable(work, input);
      return { row_count: byKey ? await updateByKey(work, target, input) : await updateWhere(work, target, input) };
    });
  },
};

async function updateWhere(work: Work, target: Table, input: Values): Promise<number> {
  const parameters: Text[] = [];
  const set = Object.entries(input.values as Values).map(([name, value]) => {
    const column = writable(target, name, 0);
    parameters.push(encode(work.types, column.type, value, name));
    return `${quoted(name)} = $${parameters.length}::text::${column.castType}`;
  });
  const condition = new Conditions(target, work, parameters).sql(input.where);
  const answer = await work.run(`update ${target.sql} as t set ${set.join(', ')} where ${condition}`, parameters);
  return answer.count;
}

async function updateByKey(work: Work, target: Table, input: Values): Promise<number> {
  const key = listIn(input.key).map(String);
  for (const name of key) columnOf(target, name, 'arguments.key');
  const given = listIn(input.rows) as Values[];
  mustHaveKeys(given, key);
  let count = 0;
  for (const batch of batches(given, (name, at) =>
    key.includes(name) ? columnOf(target, name, rowField(at)) : writable(target, name, at),
  ))
    count += await update(work, target, { batch, key });
  return count;
}

async function update(work: Work, target: Table, { batch, key }: { batch: Batch; key: string[] }): Promise<number> {
  const { from, values: casts } = unnested(work, batch);
  const paired = batch.columns.map(({ name }, index) => ({ name, cast: casts[index] ?? '' }));
  const set = paired.filter(({ name }) => !key.includes(name)).map(({ name, cast }) => `${quoted(name)} = ${cast}`);
  const found = paired.filter(({ name }) => key.includes(name)).map(({ name, cast }) => `t.${quoted(name)} = ${cast}`);
  const text = `update ${target.sql} as t set ${set.join(', ')} from ${from} where ${found.join(' and ')}`;
  const send = (change: string) => sendNamingRow(work, batch, (part) => work.run(change, columnArrays(work, part)));
  if (await isCounted(work, target, { batch, key })) {
    await work.run(byIndex);
    const { count } = await send(text);
    if (count === batch.rows.length) return count;
    await work.run('rollback to savepoint patchbay_batch');
  }
  const answer = await send(`${text} returning v.n`);
  const met = new Set(answer.rows.map(([n]) => Number(n) - 1));
  const missing = batch.rows.find((_, index) => !met.has(index));
  if (missing)
    throw new ServiceError(
      'not_found',
      `Row ${missing.at + 1}: no row of ${target.sql} has this key. Nothing was changed.`,
      {
        field: rowField(missing.at),
      },
    );
  return answer.count;
}

/** Fewer rows are there sooner without looking for an index. */
const worthCounting = 200;

/** The server would read and hash the whole table where it takes the rows for a large part of it, which takes several times as long. */
const byIndex = `select pg_catalog.set_config('enable_hashjoin', 'off', true), pg_catalog.set_config('enable_mergejoin', 'off', true)`;

/** Whether as many changed rows as given ones say that each key met its row, so that the server need not tell them one by one. */
const isCounted = async (work: Work, target: Table, { batch, key }: { batch: Batch; key: string[] }) =>
  target.plain && batch.rows.length >= worthCounting && isUnique(work, target, key);

/** Every row names its key and something to change, and no key comes twice: which of the two would count nobody could say. */
function mustHaveKeys(rows: Values[], key: string[]): void {
  const seen = new Map<string, number>();
  const one = key.length === 1 ? key[0] : undefined;
  rows.forEach((row, at) => {
    const absent = key.find((name) => row[name] === undefined || row[name] === null);
    if (absent !== undefined) throw wrong(at, `has no value for the key ${quoted(absent)}`);
    if (Object.keys(row).every((name) => key.includes(name))) throw wrong(at, 'changes nothing');
    const text = one === undefined ? JSON.stringify(key.map((name) => String(row[name]))) : String(row[one]);
    const before = seen.get(text);
    if (before !== undefined) throw wrong(at, `has the same key as row ${before + 1}`);
    seen.set(text, at);
  });
}

const wrong = (at: number, what: string) =>
  new ServiceError('input', `Row ${at + 1} ${what}.`, { field: rowField(at) });
