import type { Sql } from 'postgres';
import { type Connection, withConnection } from './connection.ts';

/** Where the job library keeps its tables; derived state, in no backup. */
const jobSchema = 'pgboss';

/**
 * Makes or updates the tables of the job library, as the owner, and lets the hub in as far as it needs. Replicas may call it at once;
 * calling it again changes nothing.
 */
export async function installJobSchema(owner: Connection): Promise<void> {
  const library = await import('pg-boss');
  const wanted: number = (await import('pg-boss/package.json', { with: { type: 'json' } })).default.pgboss.schema;
  await withConnection(owner, async (sql) => {
    await sql`set lock_timeout = '60s'`;
    await sql`select pg_advisory_lock(hashtextextended('patchbay:jobs', 0))`; // ends with the connection
    const version = await installedVersion(sql);
    if (version === null) await sql.unsafe(library.getConstructionPlans(jobSchema));
    else if (version < wanted) await sql.unsafe(library.getMigrationPlans(jobSchema, version));
    await sql.unsafe(fence);
  });
}

async function installedVersion(sql: Sql): Promise<number | null> {
  if (!(await hasJobSchema(sql))) return null;
  const [row] = await sql`select version from pgboss.version`;
  return (row?.version as number) ?? null;
}

async function hasJobSchema(sql: Sql): Promise<boolean> {
  const [row] = await sql`select to_regclass('pgboss.version') is not null as there`;
  return row?.there as boolean;
}

// The hub outside of tenants sees all jobs. A tenant's transaction may only add jobs for its own tenant and reads none: it reaches the
// parent table alone, whose policy looks into the payload; the library works on the partition below it.
const fence = `
  begin;
  grant usage on schema pgboss to patchbay_system, patchbay_app;
  grant select, insert, update, delete on all tables in schema pgboss to patchbay_system;
  grant usage on all sequences in schema pgboss to patchbay_system;
  grant select on pgboss.queue to patchbay_app;
  grant insert on pgboss.job to patchbay_app;
  alter table pgboss.job enable row level security;
  drop policy if exists tenant_fence on pgboss.job;
  create policy tenant_fence on pgboss.job for insert to patchbay_app with check (
    data->>'tenant_id' = nullif(current_setting('app.tenant_id', true), '') and group_id = data->>'tenant_id'
    and starts_with(singleton_key, group_id || '/'));
  drop policy if exists system_access on pgboss.job;
  create policy system_access on pgboss.job to patchbay_system using (true) with check (true);
  commit;`;
