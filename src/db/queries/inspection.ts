import type { Sql } from 'postgres';

export interface ServerState {
  /** E.g. 180004. */
  version: number;
  login: string;
  superuser: boolean;
  bypassesFence: boolean;
  /** Milliseconds since 1970 by the server's clock. */
  now: number;
}

export async function readServer(sql: Sql): Promise<ServerState> {
  const [row] = await sql<ServerState[]>`
    select current_setting('server_version_num')::int as version, rolname as login, rolsuper as superuser,
      rolbypassrls as "bypassesFence", extract(epoch from clock_timestamp())::float8 * 1000 as now
    from pg_roles where rolname = current_user`;
  return row as ServerState;
}

/** Tables with rows of tenants that row-level security does not fence in, the owner included. */
export async function unfencedTables(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id'
      and not (c.relrowsecurity and c.relforcerowsecurity
        and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_fence'))
    order by 1`;
  return rows.map(({ name }) => name as string);
}

/** What the clock work should have removed half an hour ago; as the owner, who sees all tenants. */
export async function countOverdueWork(sql: Sql): Promise<number> {
  const [row] = await sql`
    select (select count(*) from connectors where deleted_at < now() - interval '30 minutes')::int
      + (select count(*) from idempotency_keys where expires_at < now() - interval '30 minutes')::int as n`;
  return row?.n as number;
}

/** Those of the slugs that a tenant has. */
export async function existingSlugs(sql: Sql, slugs: string[]): Promise<string[]> {
  const rows = await sql`select slug from organizations where slug in ${sql(slugs)} and deletion_started_at is null`;
  return rows.map(({ slug }) => slug as string);
}
