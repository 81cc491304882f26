import { object, ServiceError, type Tool, type Values } from '../../driver.ts';
import { isRefusal } from '../failures.ts';
import { columnOf, findTable, quoted, type Table } from '../tables.ts';
import { inTransaction, type Work } from '../transaction.ts';
import { type Batch, batches, columnArrays, copyLines, rowField, sendNamingRow, unnested } from './batch.ts';
import { mustWrite } from './command.ts';
import { listIn, rows, schema, shapes, table } from './shapes.ts';

export const insertMany: Tool = {
  slug: 'insert_many',
  title: 'Insert rows',
  description:
    'Inserts many rows at once, all of them or none; a row that the server refuses is named. A column that a row leaves out gets its default, null is null.',
  input: object({ schema, table, rows }, ['table', 'rows']),
  output: shapes.count,
  sideEffect: 'write',
  adds: true,
  async run(context, input) {
    mustWrite(context);
    return inTransaction(context, 'read write', async (work) => {
      const target = await findTable(work, input);
      const found = batches(listIn(input.rows) as Values[], (name, at) => writable(target, name, at));
      let count = 0;
      for (const batch of found) count += await insert(work, target, batch);
      return { row_count: count };
    });
  },
};

/** Fewer rows are there sooner by one statement. */
const worthCopying = 200;

async function insert(work: Work, target: Table, batch: Batch): Promise<number> {
  if (!batch.columns.length) return insertDefaults(work, target, batch.rows.length);
  if (target.plain && batch.rows.length >= worthCopying && (await copied(work, target, batch)))
    return batch.rows.length;
  const { from, values } = unnested(work, batch);
  const names = batch.columns.map(({ name }) => quoted(name)).join(', ');
  const text = `insert into ${target.sql} (${names}) select ${values.join(', ')} from ${from} order by v.n`;
  const answer = await sendNamingRow(work, batch, (part) => work.run(text, columnArrays(work, part)));
  return answer.count;
}

/** The quickest way in. It does not tell which row the server refuses: false then, and nothing of it is kept. */
async function copied(work: Work, target: Table, batch: Batch): Promise<boolean> {
  const names = batch.columns.map(({ name }) => quoted(name)).join(', ');
  await work.run('savepoint patchbay_copy');
  try {
    await work.copyIn(`copy ${target.sql} (${names}) from stdin`, copyLines(work, batch));
    await work.run('release savepoint patchbay_copy');
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await work.run('rollback to savepoint patchbay_copy');
    return false;
  }
}

/** Rows without any value. */
async function insertDefaults({ run }: Work, target: Table, count: number): Promise<number> {
  for (let done = 0; done < count; done++) await run(`insert into ${target.sql} default values`);
  return count;
}

/** A column that may be written. @throws ServiceError `input` that names the row */
export function writable(target: Table, name: string, at: number) {
  const column = columnOf(target, name, `${rowField(at)}.${name}`);
  if (!column.generated) return column;
  throw new ServiceError('input', `Row ${at + 1}: the server computes ${quoted(name)} by itself.`, {
    field: rowField(at),
  });
}
