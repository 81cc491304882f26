import { and, asc, eq, ilike, isNull, or, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { organizations } from '../schema/index.ts';
import { containing, isUuid } from './text.ts';

// Queries of operators, who stand outside of tenants. What reads a tenant's own rows comes after `actForTenant`.

/** The tenants with this name, short name or id, those under deletion left out. */
export const selectTenantsNamed = (db: Drizzle, reference: string): Promise<{ id: string }[]> =>
  db
    .select({ id: organizations.id })
    .from(organizations)
    .where(
      and(
        or(
          eq(organizations.name, reference),
          eq(organizations.slug, reference),
          isUuid(reference) ? eq(organizations.id, reference) : undefined,
        ),
        isNull(organizations.deletionStartedAt),
      ),
    );

/** A tenant with how many people belong to it. */
export type TenantRow = Omit<typeof organizations.$inferSelect, 'logo' | 'metadata'> & { people: number };

const columns = {
  id: organizations.id,
  name: organizations.name,
  slug: organizations.slug,
  suspendedAt: organizations.suspendedAt,
  suspendedReason: organizations.suspendedReason,
  deletionStartedAt: organizations.deletionStartedAt,
  createdAt: organizations.createdAt,
  people: sql<number>`(select count(*)::int from members m where m.organization_id = "organizations"."id")`,
};

/** By name without regard to case; `sortName` is the key that the next page starts after. */
export function selectTenants(db: Drizzle | Tx, filter: { q?: string; after: string[] | null; limit: number }) {
  const { q, after, limit } = filter;
  return db
    .select({ ...columns, sortName: sql<string>`lower(${organizations.name})` })
    .from(organizations)
    .where(
      and(
        q
          ? or(
              ilike(organizations.name, containing(q)),
              ilike(organizations.slug, containing(q)),
              sql`exists (select from members m join users u on u.id = m.user_id
                where m.organization_id = "organizations"."id" and u.email ilike ${containing(q)})`,
            )
          : undefined,
        after && isUuid(after[1] ?? '')
          ? sql`(lower(${organizations.name}), ${organizations.id}) > (${after[0]}, ${after[1]}::uuid)`
          : undefined,
      ),
    )
    .orderBy(asc(sql`lower(${organizations.name})`), asc(organizations.id))
    .limit(limit);
}

/** The tenant, or null; an id that is no UUID names none. `lock` holds it until the transaction ends. */
export async function findTenant(db: Drizzle | Tx, id: string, { lock = false } = {}): Promise<TenantRow | null> {
  if (!isUuid(id)) return null;
  const query = db.select(columns).from(organizations).where(eq(organizations.id, id));
  const [row] = await (lock ? query.for('update') : query);
  return row ?? null;
}

export async function updateTenant(tx: Tx, id: string, values: Partial<typeof organizations.$inferInsert>) {
  await tx.update(organizations).set(values).where(eq(organizations.id, id));
}

/** Why everything in the tenant is stopped; null while it runs. */
export async function selectSuspension(db: Drizzle | Tx, id: string): Promise<{ name: string; reason: string } | null> {
  const [row] = await db
    .select({ name: organizations.name, reason: organizations.suspendedReason, at: organizations.suspendedAt })
    .from(organizations)
    .where(eq(organizations.id, id));
  return row?.at ? { name: row.name, reason: row.reason ?? '' } : null;
}

export interface TenantPerson extends Record<string, unknown> {
  id: string;
  name: string;
  email: string;
  role: string;
  joinedAt: string;
  /** Whether they belong to no other tenant and operate nothing: nobody would miss the account. */
  only: boolean;
}

/** Everybody who belongs to the tenant, owners first. */
export async function selectPeople(db: Drizzle | Tx, tenantId: string): Promise<TenantPerson[]> {
  const rows = await db.execute<TenantPerson>(sql`
    select u.id, u.name, u.email, m.role, m.created_at as "joinedAt",
      not exists (select from members o where o.user_id = u.id and o.organization_id <> m.organization_id)
        and not exists (select from operators p where p.user_id = u.id) as only
    from members m join users u on u.id = m.user_id where m.organization_id = ${tenantId}::uuid
    order by array_position(array['owner', 'admin', 'member'], m.role), u.name, u.id`);
  return [...rows];
}

/** Removes the accounts of those who belong to this tenant alone, with what is sealed or waits for them; returns how many went. */
export async function deleteLonelyPeople(tx: Tx, tenantId: string): Promise<number> {
  const gone = await tx.execute(sql`
    with lonely as (
      select u.id from users u where u.id in (select user_id from members where organization_id = ${tenantId}::uuid)
        and not exists (select from members o where o.user_id = u.id and o.organization_id <> ${tenantId}::uuid)
        and not exists (select from operators p where p.user_id = u.id)
    ), factors as (
      delete from hub_secrets h using second_factors f
      where f.user_id in (select id from lonely) and h.name = f.secret_name and h.name like 'totp:%'
    ), tokens as (
      delete from verifications v where v.value in (select id::text from lonely)
    )
    delete from users u where u.id in (select id from lonely) returning u.id`);
  return gone.length;
}

/** Removes the tenant itself, with memberships and invitations; its rows in the tenants' tables are gone before. */
export async function deleteOrganization(tx: Tx, tenantId: string): Promise<void> {
  await tx.delete(organizations).where(eq(organizations.id, tenantId));
}

/** Tables with rows of tenants, those that point at others first. */
export async function tenantTables(db: Drizzle): Promise<string[]> {
  const tables = await db.execute<{ name: string; parents: string[] }>(sql`
    select c.relname as name, coalesce((
      select jsonb_agg(p.relname) from pg_constraint k join pg_class p on p.oid = k.confrelid
      where k.conrelid = c.oid and k.contype = 'f' and p.oid <> c.oid), '[]') as parents
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1`);
  const ordered: string[] = [];
  let rest = [...tables];
  while (rest.length) {
    const free = rest.filter(({ name }) => !rest.some((other) => other.parents.includes(name)));
    ordered.push(...(free.length ? free : rest).map(({ name }) => name));
    rest = rest.filter(({ name }) => !ordered.includes(name));
  }
  return ordered;
}

/** Deletes at most `max` rows of a tenant under deletion from one table; returns how many went. */
export async function shredRows(tx: Tx, table: string, tenantId: string, max: number): Promise<number> {
  const [row] = await tx.execute<{ gone: number }>(
    sql`select shred_tenant_rows(${table}, ${tenantId}::uuid, ${max}::integer) as gone`,
  );
  return row?.gone ?? 0;
}
