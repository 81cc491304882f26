import type { Sql } from 'postgres';

const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** Each says something of everything that stands in the catalogs and is ours, in a line. */
const queries = [
  `select 'schema ' || n.nspname || ' ' || coalesce(n.nspacl::text, '') from pg_namespace n where ${ours}`,
  `select format('relation %s.%s %s rls %s forced %s %s', n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select format('column %s.%s %s %s %s not null %s %s %s %s %s', n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attacl)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where ${ours} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'c')`,
  `select format('constraint %s.%s %s %s', n.nspname, coalesce(c.conrelid::regclass::text, '-'), c.conname, pg_get_constraintdef(c.oid))
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace where ${ours}`,
  `select format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select format('policy %s.%s %s %s %s for %s using %s check %s', p.schemaname, p.tablename, p.policyname, p.permissive, p.roles, p.cmd,
      p.qual, p.with_check) from pg_policies p`,
  `select format('function %s.%s acl %s owner %s %s', n.nspname, p.proname, p.proacl, p.proowner::regrole, pg_get_functiondef(p.oid))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours} and p.prokind in ('f', 'p')`,
  `select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t where not t.tgisinternal`,
  `select format('type %s.%s %s %s', n.nspname, t.typname, t.typtype,
      (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${ours} and t.typtype in ('e', 'd')`,
  `select format('extension %s %s', extname, extversion) from pg_extension`,
  `select format('migration %s %s', row_number() over (order by created_at), hash) from drizzle.__drizzle_migrations`,
];

/** Everything that a schema is made of, rights and fences too; two databases that say the same have the same. */
export async function schemaLines(sql: Sql): Promise<string[]> {
  const lines: string[] = [];
  for (const query of queries) for (const row of await sql.unsafe(query).values()) lines.push(String(row[0]));
  return lines.sort();
}

/** What stands in one of two schemas only. */
export function differences(expected: string[], found: string[]): string[] {
  const [before, after] = [new Set(expected), new Set(found)];
  const missing = expected.filter((line) => !after.has(line)).map((line) => `missing: ${line}`);
  return [...missing, ...found.filter((line) => !before.has(line)).map((line) => `too much: ${line}`)];
}
