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

/**
 * How many rows of each of the tenant's tables, whichever there are, hold an envelope under this data key: in a column that is named
 * `sealed…`, or as `$sealed` in JSON. What people name things does not count, however it looks.
 */
export async function countEnvelopes(tx: Tx, tenantId: string, number: number): Promise<Map<string, number>> {
  const prefix = `pb1.${number}.`;
  const path = `strict $.**{0 to last}."$sealed" ? (@ starts with "${prefix}")`;
  const counts = new Map<string, number>();
  for (const { table, columns } of await envelopeColumns(tx)) {
    const held = columns.map(({ name, type }) =>
      type === 'jsonb'
        ? sql`jsonb_path_exists(t.${sql.identifier(name)}, ${path}::jsonpath, '{}', true)`
        : sql`starts_with(t.${sql.identifier(name)}, ${prefix})`,
    );
    const [row] = await tx.execute<{ n: number }>(sql`
      select count(*)::int as n from ${sql.identifier(table)} t
      where t.tenant_id = ${tenantId} and (${sql.join(held, sql` or `)})`);
    if (row?.n) counts.set(table, row.n);
  }
  return counts;
}

interface EnvelopeColumns extends Record<string, unknown> {
  table: string;
  columns: { name: string; type: string }[];
}

/** The columns of tenants' tables in which an envelope can stand. */
async function envelopeColumns(tx: Tx): Promise<EnvelopeColumns[]> {
  const rows = await tx.execute<EnvelopeColumns>(sql`
    select c.relname as "table",
      json_agg(json_build_object('name', a.attname, 'type', a.atttypid::regtype::text) order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
      and (a.atttypid = 'jsonb'::regtype or (starts_with(a.attname, 'sealed') and a.atttypid in ('text'::regtype, 'varchar'::regtype)))
    group by 1 order by 1`);
  return [...rows];
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
