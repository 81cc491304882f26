import type { Sql, TransactionSql } from 'postgres';

// For the owner's login only: whole tables, of all tenants.

/** Every table as `schema.name`, those first that others point at. */
export async function tablesInOrder(tx: TransactionSql): Promise<string[]> {
  const tables = await tx`
    select c.oid::int as id, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'drizzle') and c.relkind = 'r' order by 2`;
  const links =
    await tx`select conrelid::int as source, confrelid::int as target from pg_constraint where contype = 'f'`;
  const ordered: string[] = [];
  const visit = (id: number) => {
    const name = tables.find((table) => table.id === id)?.name;
    if (!name || ordered.includes(name)) return;
    for (const { source, target } of links) if (source === id && target !== id) visit(target);
    ordered.push(name);
  };
  for (const { id } of tables) visit(id);
  return ordered;
}

/** The rows as JSON, some hundred at a time. */
export const readRows = (tx: TransactionSql, table: string): AsyncIterable<{ row: string }[]> =>
  tx.unsafe(`select row_to_json(t)::text as row from ${table} t`).cursor(500) as AsyncIterable<{ row: string }[]>;

export async function insertRows(tx: TransactionSql, table: string, rows: string[]) {
  const all = `[${rows.join(',')}]`;
  await tx.unsafe(`insert into ${table} select * from json_populate_recordset(null::${table}, $1::text::json)`, [all]);
}

export async function countRows(tx: TransactionSql, table: string): Promise<number> {
  const [row] = await tx.unsafe(`select count(*)::int as n from ${table}`);
  return row?.n as number;
}

export async function isEmptyDatabase(sql: Sql | TransactionSql): Promise<boolean> {
  const [row] = await sql`
    select not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'drizzle') and c.relkind in ('r', 'p')) as empty`;
  return row?.empty as boolean;
}

/** Makes the schema of these migrations in the caller's transaction; a hub that starts meanwhile waits. */
export async function makeSchema(tx: TransactionSql, migrations: { sql: string[] }[]) {
  await tx`select pg_advisory_xact_lock(hashtextextended('patchbay:migrate', 0))`;
  await tx`create schema if not exists drizzle`;
  await tx`create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`;
  for (const migration of migrations) for (const statement of migration.sql) await tx.unsafe(statement);
}

/** What no backup brings back: sessions and tokens of apps that were ended since, and links that were used, would be open again. */
export async function finishRestore(tx: TransactionSql) {
  await tx`delete from sessions`;
  await tx`delete from verifications`;
  const [known] = await tx`select to_regclass('mcp_tokens') is not null as tokens`; // backups of older versions have none
  if (known?.tokens) await tx`delete from mcp_tokens`;
  await tx`select setval('drizzle.__drizzle_migrations_id_seq', greatest(1, (select max(id) from drizzle.__drizzle_migrations)))`;
  await continueCounting(tx);
}

/** Columns that the database counts up go on after what was brought back. */
async function continueCounting(tx: TransactionSql) {
  const counted = await tx`
    select a.attrelid::regclass::text as table, quote_ident(a.attname) as column, pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) as sequence
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attidentity <> ''`;
  for (const { table, column, sequence } of counted)
    await tx.unsafe(`select setval($1::regclass, greatest(1, (select max(${column}) from ${table})))`, [sequence]);
}
