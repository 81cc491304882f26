import { createHash } from 'node:crypto';
import { type BrowsedRows, type BrowsingTool, object, ServiceError, type Values } from '../../driver.ts';
import type { Text } from '../session.ts';
import { findTable, quoted, type Table, type TableColumn } from '../tables.ts';
import { inTransaction, type Work } from '../transaction.ts';
import { plainType } from '../types.ts';
import { schema, shapes, table } from './shapes.ts';

const most = 50;
/** Characters of a value, and bytes of a binary one. */
const longestText = 300;
const longestBytes = 24;
const longestCursor = 1_000;

export const readTable: BrowsingTool<BrowsedRows> = {
  slug: 'read_table',
  title: 'Look into a table',
  description:
    'The columns of a table or view and its rows, 50 at a time in the order of its key. Long values are cut: it is for looking, execute_query gives whole values.',
  input: object(
    {
      schema,
      table,
      limit: { type: 'integer', title: 'Rows at most', minimum: 1, maximum: most, default: most },
      descending: { type: 'boolean', title: 'Last rows first', default: false },
      cursor: { type: 'string', title: 'Cursor', description: 'next_cursor of the page before.', maxLength: 2_000 },
    },
    ['table'],
  ),
  output: shapes.rows,
  sideEffect: 'none',
  run: (context, input) => inTransaction(context, 'read only', (work) => read(work, input)),
};

/** The key that tells rows apart: the primary one, or else the narrowest that has no nulls. */
const keyQuestion = `
  select i.indisprimary, pg_catalog.json_agg(a.attname order by u.n)
  from pg_catalog.pg_index i
    cross join lateral unnest((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]) with ordinality as u(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
  where i.indrelid = $1::pg_catalog.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  group by i.indexrelid, i.indisprimary, i.indnkeyatts having pg_catalog.bool_and(a.attnotnull)
  order by i.indisprimary desc, i.indnkeyatts, i.indexrelid limit 1`;

const rightsQuestion = `
  select a.attname, pg_catalog.obj_description(a.attrelid, 'pg_class') from pg_catalog.pg_attribute a
  where a.attrelid = $1::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
    and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')`;

async function read(work: Work, input: Values): Promise<BrowsedRows> {
  const target = await findTable(work, input);
  const rights = (await work.run(rightsQuestion, [target.oid])).rows;
  const readable = new Set(rights.map(([name]) => name));
  const [found] = (await work.run(keyQuestion, [target.oid])).rows;
  const key = JSON.parse(found?.[1] ?? '[]') as string[];
  const order = key.every((name) => readable.has(name)) ? key : [];
  const columns = [...target.columns.values()];
  const seen = columns.filter(({ name }) => readable.has(name));
  if (!seen.length)
    throw new ServiceError('permission', `This user may not read ${target.sql}.`, { field: 'arguments.table' });
  const page = await pageOf(work, { target, columns: seen, order }, input);
  return {
    ...{ schema: target.schema, name: target.name, kind: target.kind, comment: rights[0]?.[1] ?? null },
    columns: columns.map(({ name, shownType, nullable, comment }) => ({
      ...{ name, type: shownType, nullable, comment, readable: readable.has(name) },
      key: found?.[0] === 't' && key.includes(name),
    })),
    order,
    ...page,
  };
}

interface Looked {
  target: Table;
  columns: TableColumn[];
  order: string[];
}

async function pageOf(work: Work, { target, columns, order }: Looked, input: Values) {
  const limit = Math.min(Number(input.limit ?? most), work.settings.rowCap);
  const descending = input.descending === true;
  const mark = markOf(target, order, descending);
  const after = input.cursor === undefined ? null : decodeCursor(input.cursor, mark);
  const keys = order.map((name) => target.columns.get(name) as TableColumn);
  const shown = columns.map((column) => glimpse(work, column));
  const wholeKey = order.map((name) => `t.${quoted(name)}::text`);
  const beyond = keys.map(({ castType }, at) => `$${at + 1}::text::${castType}`);
  const names = order.map((name) => `t.${quoted(name)}`);
  const where = after ? `where (${names.join(', ')}) ${descending ? '<' : '>'} (${beyond.join(', ')})` : '';
  const by = order.length ? `order by ${names.map((name) => `${name}${descending ? ' desc' : ''}`).join(', ')}` : '';
  const text = `select ${[...shown, ...wholeKey].join(', ')} from ${target.sql} as t ${where} ${by} limit ${limit + 1}`;
  const { rows } = await work.run(text, after ?? []);
  const more = rows.length > limit;
  const last = more ? rows[limit - 1]?.slice(columns.length) : undefined;
  return {
    rows: rows.slice(0, limit).map((row) => row.slice(0, columns.length).map(cut)),
    has_more: more,
    next_cursor: last?.length ? encodeCursor(mark, last) : null,
  };
}

/** What is shown of a value, cut by the server: a large one never reaches the hub. */
function glimpse({ types }: Work, { name, type }: TableColumn): string {
  const column = `t.${quoted(name)}`;
  if (plainType(types, type)?.name !== 'bytea') return `pg_catalog.left(${column}::text, ${longestText + 1})`;
  const start = `pg_catalog.encode(pg_catalog.substring(${column}::pg_catalog.bytea, 1, ${longestBytes}), 'hex')`;
  const rest = `case when pg_catalog.octet_length(${column}) > ${longestBytes} then '…' else '' end`;
  return `'\\x' || ${start} || ${rest} || ' (' || pg_catalog.octet_length(${column}) || ' bytes)'`;
}

function cut(text: Text): Text {
  if (text === null || text.length <= longestText) return text;
  const characters = [...text]; // the server counts characters, and JavaScript halves of some
  return characters.length > longestText ? `${characters.slice(0, longestText).join('')}…` : text;
}

/** A cursor continues one table in one order only. */
const markOf = ({ oid }: Table, order: string[], descending: boolean) =>
  createHash('sha256')
    .update(JSON.stringify([oid, order, descending]))
    .digest('base64url')
    .slice(0, 16);

/** Where the page ended; null when the key is longer than an address may be. */
function encodeCursor(mark: string, key: Text[]): string | null {
  const cursor = Buffer.from(JSON.stringify([mark, ...key])).toString('base64url');
  return cursor.length <= longestCursor ? cursor : null;
}

function decodeCursor(cursor: unknown, mark: string): string[] {
  try {
    const [found, ...key] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString('utf8')) as string[];
    if (found === mark && key.length && key.every((each) => typeof each === 'string')) return key;
  } catch {
    // Told below.
  }
  throw new ServiceError('input', 'This cursor does not belong to this table and order. Begin with the first page.', {
    field: 'arguments.cursor',
  });
}
