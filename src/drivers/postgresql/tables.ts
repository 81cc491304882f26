import { ServiceError, type Values } from '../driver.ts';
import type { Work } from './transaction.ts';
import { textArray } from './values.ts';

export interface TableColumn {
  name: string;
  /** Number of its type in pg_type. */
  type: number;
  /** As SQL has it, without a length: a cast to a length would cut values off silently. */
  castType: string;
  /** As people have it, with its length. */
  shownType: string;
  nullable: boolean;
  hasDefault: boolean;
  generated: boolean;
  comment: string | null;
}

export interface Table {
  oid: string;
  schema: string;
  name: string;
  kind: string;
  /** Whether a row that is inserted is just that: no trigger, rule or policy of anybody makes something else of it. */
  plain: boolean;
  /** Quoted, with its schema. */
  sql: string;
  columns: Map<string, TableColumn>;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const tableQuestion = `
  select c.oid, n.nspname, c.relname, c.relkind,
    c.relkind = 'r' and not c.relhasrules and not c.relrowsecurity and not exists (
      select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')`;

const columnQuestion = `
  select a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, -1), pg_catalog.format_type(a.atttypid, a.atttypmod),
    not a.attnotnull, a.atthasdef or a.attidentity <> '', a.attgenerated <> '' or a.attidentity = 'a',
    pg_catalog.col_description(a.attrelid, a.attnum)
  from pg_catalog.pg_attribute a
  where a.attrelid = $1::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum`;

/** The kinds of relations, by the letter of pg_class. */
export const kinds: Record<string, string> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

/** A table or view by its exact name, as the server knows it. @throws ServiceError `not_found` */
export async function findTable({ run, learn }: Work, input: Values): Promise<Table> {
  const [schema, name] = [String(input.schema ?? 'public'), String(input.table)];
  const legal = !`${schema}${name}`.includes('\0');
  const { rows } = legal ? await run(tableQuestion, [schema, name]) : { rows: [] };
  const [found] = rows;
  if (!found)
    throw new ServiceError('not_found', `There is no table ${quoted(schema)}.${quoted(name)} that this user can see.`, {
      field: 'arguments.table',
    });
  const [oid] = found;
  const columns = await run(columnQuestion, [oid ?? null]);
  const listed = columns.rows.map(columnIn);
  await learn(listed.map(({ type }) => type));
  return {
    oid: oid ?? '',
    schema,
    name,
    kind: kinds[found[3] ?? ''] ?? 'table',
    plain: found[4] === 't',
    sql: `${quoted(schema)}.${quoted(name)}`,
    columns: new Map(listed.map((column) => [column.name, column])),
  };
}

/** An index that holds each of these columns once for a table that is all there is of it, and that a comparison by `=` can use. */
const keyQuestion = `
  select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
  where i.indrelid = $1::pg_catalog.oid and not c.relhassubclass
    and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null
    and not exists (
      select from pg_catalog.generate_series(0, i.indnkeyatts - 1) k
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k]
        join pg_catalog.pg_opclass o on o.oid = i.indclass[k]
      where a.attname <> all ($2::pg_catalog.name[]) or not o.opcdefault or i.indcollation[k] <> a.attcollation)
  limit 1`;

/** Whether the server itself sees to it that no two rows of the table have the same values for these columns. */
export async function isUnique({ run }: Work, { oid }: Table, columns: string[]): Promise<boolean> {
  const { rows } = await run(keyQuestion, [oid, textArray(columns)]);
  return rows.length > 0;
}

const columnIn = (row: (string | null)[]): TableColumn => ({
  name: row[0] ?? '',
  type: Number(row[1]),
  castType: row[2] ?? 'text',
  shownType: row[3] ?? '',
  nullable: row[4] === 't',
  hasDefault: row[5] === 't',
  generated: row[6] === 't',
  comment: row[7] ?? null,
});

/** @throws ServiceError `input` that lists the columns there are */
export function columnOf(table: Table, name: string, field: string): TableColumn {
  const column = table.columns.get(name);
  if (column) return column;
  const known = [...table.columns.keys()].slice(0, 50).join(', ');
  throw new ServiceError('input', `${table.sql} has no column ${quoted(name)}. It has: ${known}.`, { field });
}
