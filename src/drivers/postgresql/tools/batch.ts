import { ServiceError, type Values } from '../../driver.ts';
import { isRefusal, refusal, sentence } from '../failures.ts';
import type { Answer, Text } from '../session.ts';
import type { TableColumn } from '../tables.ts';
import type { Work } from '../transaction.ts';
import { arrayItem, copyText, encoder } from '../values.ts';

/** Rows with values for the same columns; each knows its place in what was given. */
export interface Batch {
  columns: TableColumn[];
  rows: { at: number; values: Values }[];
}

/** Rows by the columns that they have values for: what a row leaves out keeps the column's default. */
export function batches(rows: Values[], columnOf: (name: string, at: number) => TableColumn): Batch[] {
  const found = new Map<string, Batch>();
  let last: { names: string[]; batch: Batch } | undefined;
  rows.forEach((values, at) => {
    const given = Object.keys(values);
    if (last && isSame(given, last.names)) {
      last.batch.rows.push({ at, values });
      return;
    }
    const names = given.toSorted();
    const key = JSON.stringify(names);
    const batch = found.get(key) ?? { columns: names.map((name) => columnOf(name, at)), rows: [] };
    batch.rows.push({ at, values });
    found.set(key, batch);
    last = { names: given, batch };
  });
  return [...found.values()];
}

const isSame = (some: string[], others: string[]) =>
  some.length === others.length && some.every((name, index) => name === others[index]);

/** One array of texts a column. @throws ServiceError `input` that names the row */
export const columnArrays = ({ types }: Work, { columns, rows }: Batch): string[] =>
  columns.map(({ name, type }) => {
    const encoded = encoder(types, type, name);
    let items = '';
    for (const { at, values } of rows) items += `${items && ','}${arrayItem(encodedIn(at, encoded, values[name]))}`;
    return `{${items}}`;
  });

/** So many at a time are made while the server works on those before. */
const linesInPart = 1_000;

/** A line a row, as COPY reads it, in parts of many lines. @throws ServiceError `input` that names the row */
export function* copyLines({ types }: Work, { columns, rows }: Batch): Generator<string> {
  const fields = columns.map(({ name, type }, index) => {
    return { name, encoded: encoder(types, type, name), before: index ? '\t' : '' };
  });
  for (let from = 0; from < rows.length; from += linesInPart) {
    let lines = '';
    for (const { at, values } of rows.slice(from, from + linesInPart)) {
      for (const { name, encoded, before } of fields) lines += before + copyText(encodedIn(at, encoded, values[name]));
      lines += '\n';
    }
    yield lines;
  }
}

function encodedIn(at: number, encoded: (value: unknown) => Text, value: unknown): Text {
  try {
    return encoded(value);
  } catch (error) {
    if (error instanceof ServiceError)
      throw new ServiceError(error.fault, `Row ${at + 1}, ${error.message}`, { field: rowField(at) });
    throw error;
  }
}

export const rowField = (at: number) => `arguments.rows.${at}`;

/** Types whose arrays the server reads at once; all others go as texts that it casts one by one, which is slower. */
const plain = new Set(
  'int2 int4 int8 numeric float4 float8 bool text varchar uuid date timestamp timestamptz json jsonb bytea'.split(' '),
);

/** `unnest($1::bigint[], …) with ordinality as v(c0, …, n)`, and each column's value in its own type. */
export function unnested({ types }: Pick<Work, 'types'>, { columns }: Pick<Batch, 'columns'>) {
  const whole = columns.map(({ type }) => plain.has(types.get(type)?.name ?? ''));
  const arrays = columns
    .map(({ castType }, index) => `$${index + 1}::${whole[index] ? castType : 'text'}[]`)
    .join(', ');
  const names = columns.map((_, index) => `c${index}`).join(', ');
  return {
    from: `unnest(${arrays}) with ordinality as v(${names}, n)`,
    values: columns.map(({ castType }, index) => (whole[index] ? `v.c${index}` : `v.c${index}::${castType}`)),
  };
}

/**
 * Sends all rows at once. When the server refuses them, halves the rows until it is known which one it is: the failure names it.
 * @throws ServiceError with the row
 */
export async function sendNamingRow(work: Work, batch: Batch, send: (part: Batch) => Promise<Answer>): Promise<Answer> {
  await work.run('savepoint patchbay_batch');
  try {
    return await send(batch);
  } catch (error) {
    if (!isRefusal(error) || !/^(22|23|42804|44|P0)/.test(error.code)) throw error;
    await work.run('rollback to savepoint patchbay_batch');
    throw await narrowed(work, batch, send, error);
  }
}

/** Goes through the rows in order, keeping what works, until one row is left that does not. */
async function narrowed(
  work: Work,
  batch: Batch,
  send: (part: Batch) => Promise<Answer>,
  first: unknown,
): Promise<unknown> {
  let [good, bad, last] = [0, batch.rows.length, first];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    await work.run('savepoint patchbay_part');
    try {
      await send({ ...batch, rows: batch.rows.slice(good, middle) });
      good = middle;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await work.run('rollback to savepoint patchbay_part');
      [bad, last] = [middle, error];
    }
  }
  return named(work, batch.rows[good]?.at ?? 0, last);
}

function named({ settings }: Work, at: number, error: unknown): unknown {
  const told = refusal(error, settings, 'change');
  if (!(told instanceof ServiceError)) return told;
  const column = isRefusal(error) && error.column_name ? ` (${error.column_name})` : '';
  return new ServiceError(told.fault, `Row ${at + 1}${column}: ${sentence(told.message)} Nothing was changed.`, {
    serviceCode: told.serviceCode,
    field: rowField(at),
  });
}
