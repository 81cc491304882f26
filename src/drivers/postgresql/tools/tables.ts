import { type BrowsedTables, type BrowsingTool, object, type Tool, type Values } from '../../driver.ts';
import { findTable, kinds, type Table } from '../tables.ts';
import { inTransaction, type Work } from '../transaction.ts';
import { schema, shapes, table } from './shapes.ts';

const listQuestion = `
  select n.nspname, c.relname, c.relkind, c.reltuples, pg_catalog.obj_description(c.oid, 'pg_class')
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%'
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    and (pg_catalog.has_table_privilege(c.oid, 'SELECT') or pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
    and ($1::text is null or n.nspname = $1) and ($2::text is null or pg_catalog.strpos(lower(c.relname), lower($2)) > 0)
  order by n.nspname, c.relname limit $3::int offset $4::int`;

export const listTables: BrowsingTool<BrowsedTables> = {
  slug: 'list_tables',
  title: 'List tables',
  description: 'The tables and views that the user may read, by schema and name, with about how many rows they have.',
  input: object({
    schema: { type: 'string', title: 'Schema', description: 'Only of this schema.', maxLength: 63 },
    search: { type: 'string', title: 'Search', description: 'Only names with this in them.', maxLength: 63 },
    limit: { type: 'integer', title: 'Tables at most', minimum: 1, maximum: 1_000, default: 200 },
    offset: { type: 'integer', title: 'Skip', minimum: 0, maximum: 1_000_000, default: 0 },
  }),
  output: shapes.list,
  sideEffect: 'none',
  run: (context, input) => inTransaction(context, 'read only', (work) => list(work, input)),
};

async function list({ run }: Work, input: Values) {
  const limit = Number(input.limit ?? 200);
  const word = (value: unknown) => (typeof value === 'string' && value ? value.replaceAll('\0', '') : null);
  const parameters = [word(input.schema), word(input.search), String(limit + 1), String(input.offset ?? 0)];
  const { rows } = await run(listQuestion, parameters);
  const tables = rows.slice(0, limit).map(([schema, name, kind, estimate, comment]) => ({
    schema: schema ?? '',
    name: name ?? '',
    kind: kinds[kind ?? ''] ?? 'table',
    row_estimate: Number(estimate) >= 0 ? Math.round(Number(estimate)) : null,
    comment: comment ?? null,
  }));
  return { tables, has_more: rows.length > limit };
}

export const getTableInfo: Tool = {
  slug: 'get_table_info',
  title: 'Describe a table',
  description: 'The columns of a table or view with their types, its keys and its indexes.',
  input: object({ schema, table }, ['table']),
  output: shapes.table,
  sideEffect: 'none',
  run: (context, input) =>
    inTransaction(context, 'read only', async (work) => describe(work, await findTable(work, input))),
};

const constraintQuestion = `
  select k.conname, k.contype, pg_catalog.pg_get_constraintdef(k.oid), 
    (select pg_catalog.json_agg(a.attname order by u.n) from unnest(k.conkey) with ordinality u(attnum, n)
      join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum)
  from pg_catalog.pg_constraint k where k.conrelid = $1::pg_catalog.oid and k.contype in ('p', 'u', 'f', 'c') order by k.contype, k.conname`;

const indexQuestion = `
  select c.relname, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indrelid = $1::pg_catalog.oid order by c.relname`;

const constraintKinds: Record<string, string> = { p: 'primary key', u: 'unique', f: 'foreign key', c: 'check' };

async function describe({ run }: Work, { oid, schema, name, kind, columns }: Table) {
  const constraints = (await run(constraintQuestion, [oid])).rows.map(([name, type, definition, list]) => ({
    name,
    type: constraintKinds[type ?? ''] ?? type,
    definition,
    columns: JSON.parse(list ?? '[]') as string[],
  }));
  const indexes = (await run(indexQuestion, [oid])).rows.map(([name, unique, definition]) => ({
    name,
    unique: unique === 't',
    definition,
  }));
  return {
    ...{ schema, name, kind },
    columns: [...columns.values()].map(({ name, shownType, nullable, hasDefault, generated, comment }) => ({
      ...{ name, type: shownType, nullable, has_default: hasDefault, generated, comment },
    })),
    primary_key: constraints.find(({ type }) => type === 'primary key')?.columns ?? [],
    constraints,
    indexes,
  };
}
