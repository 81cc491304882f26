import { and, asc, eq, lt, or, type SQL, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { organizations, tenantKeys } from '../schema/index.ts';
import { isUuid } from './text.ts';

/** The tenants, or the one with this id or slug. */
export function selectTenants(db: Drizzle | Tx, reference?: string): Promise<{ id: string; name: string }[]> {
  const { id, name, slug } = organizations;
  const wanted = reference && or(eq(slug, reference), isUuid(reference) ? eq(id, reference) : undefined);
  return db
    .select({ id, name })
    .from(organizations)
    .where(wanted || undefined)
    .orderBy(asc(id));
}

// From here on for the owner's login only.

/** Data keys of the tenant that a newer one has replaced. */
export const selectOlderDataKeys = (tx: Tx, tenantId: string): Promise<{ id: string; number: number }[]> =>
  tx
    .select({ id: tenantKeys.id, number: tenantKeys.number })
    .from(tenantKeys)
    .where(
      and(
        eq(tenantKeys.tenantId, tenantId),
        lt(tenantKeys.number, sql`(select max(k.number) from tenant_keys k where k.tenant_id = ${tenantId})`),
      ),
    )
    .orderBy(asc(tenantKeys.number));

/** The first tenants that have a data key which a newer one has replaced. */
export const selectTenantsBehind = (db: Drizzle, limit: number): Promise<{ id: string; name: string }[]> =>
  db
    .select({ id: organizations.id, name: organizations.name })
    .from(tenantKeys)
    .innerJoin(organizations, eq(organizations.id, tenantKeys.tenantId))
    .groupBy(organizations.id, organizations.name)
    .having(sql`count(*) > 1`)
    .orderBy(asc(organizations.name), asc(organizations.id))
    .limit(limit);

export async function countTenantsBehind(db: Drizzle): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`
    select count(*)::int as n from (select from tenant_keys group by tenant_id having count(*) > 1) behind`);
  return row?.n ?? 0;
}

export async function deleteDataKey(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const gone = await tx
    .delete(tenantKeys)
    .where(and(eq(tenantKeys.tenantId, tenantId), eq(tenantKeys.id, id)))
    .returning({ id: tenantKeys.id });
  return gone.length === 1;
}

/** How many rows of each of the tenant's tables, whichever there are, hold an envelope under this data key. */
export async function countEnvelopes(tx: Tx, tenantId: string, number: number): Promise<Map<string, number>> {
  const tables = await tenantTables(tx);
  const counts = new Map<string, number>();
  for (const table of tables) {
    const [row] = await tx.execute<{ n: number }>(sql`
      select count(*)::int as n from ${sql.identifier(table)} t
      where t.tenant_id = ${tenantId} and strpos(t::text, ${`pb1.${number}.`}) > 0`);
    if (row?.n) counts.set(table, row.n);
  }
  return counts;
}

async function tenantTables(tx: Tx): Promise<string[]> {
  const rows = await tx.execute<{ name: string }>(sql`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and a.attname = 'tenant_id' and not a.attisdropped order by 1`);
  return rows.map(({ name }) => name);
}

/** The transactions that have read or written a tenant's table and have not ended. */
export async function selectOpenTransactions(db: Drizzle): Promise<Set<string>> {
  const rows = await db.execute<{ id: string }>(sql`
    select distinct l.virtualtransaction as id from pg_locks l
    where l.locktype = 'relation' and ${ofTenantTable} and l.pid <> pg_backend_pid()
      and l.mode in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`);
  return new Set(rows.map(({ id }) => id));
}

const ofTenantTable: SQL = sql`l.database = (select oid from pg_database where datname = current_database())
  and exists (select from pg_attribute a where a.attrelid = l.relation and a.attname = 'tenant_id')`;
