import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Role } from '../../lib/role.ts';
import type { Drizzle, Tx } from '../client.ts';
import { accounts, members, organizations, users } from '../schema/index.ts';

export interface Link {
  issuer: string;
  /** The issuer's own name of the person, which never changes and is never given to somebody else. */
  sub: string;
}

const isLink = ({ issuer, sub }: Link) => and(eq(accounts.providerId, issuer), eq(accounts.accountId, sub));

/** The person who signs in by this name of the issuer's. */
export async function findLinkedUser(db: Drizzle, link: Link) {
  const [row] = await db
    .select({ id: users.id, name: users.name, email: users.email })
    .from(users)
    .innerJoin(accounts, eq(accounts.userId, users.id))
    .where(isLink(link))
    .limit(1);
  return row ?? null;
}

/** Lets the person sign in by this name; false when it belongs to somebody already. */
export async function insertLink(tx: Tx, { issuer, sub }: Link, row: { id: string; userId: string }): Promise<boolean> {
  const made = await tx
    .insert(accounts)
    .values({ ...row, providerId: issuer, accountId: sub })
    .onConflictDoNothing()
    .returning({ id: accounts.id });
  return made.length > 0;
}

export interface SignInMethods extends Record<string, unknown> {
  password: boolean;
  secondFactor: boolean;
  /** Whether the issuer knows them by some name already. */
  linked: boolean;
}

/** How a person can sign in so far. */
export async function selectSignInMethods(db: Drizzle | Tx, userId: string, issuer: string): Promise<SignInMethods> {
  const [row] = await db.execute<SignInMethods>(sql`
    select
      exists (select from accounts where user_id = ${userId}::uuid and password is not null) as password,
      exists (select from second_factors where user_id = ${userId}::uuid and confirmed_at is not null) as "secondFactor",
      exists (select from accounts where user_id = ${userId}::uuid and provider_id = ${issuer}) as linked`);
  return row ?? { password: false, secondFactor: false, linked: false };
}

/** Lets one transaction at a time decide how the person signs in. */
export async function lockUser(tx: Tx, userId: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
}

/** The tenants with these slugs, those under deletion left out. */
export const selectTenantsBySlug = (db: Drizzle, slugs: string[]) =>
  db
    .select({ id: organizations.id, slug: organizations.slug })
    .from(organizations)
    .where(and(inArray(organizations.slug, slugs), isNull(organizations.deletionStartedAt)));

/** The person's memberships, by the tenant's id. */
export async function selectMemberships(db: Drizzle, userId: string): Promise<Map<string, { id: string; role: Role }>> {
  const rows = await db
    .select({ id: members.id, role: members.role, tenantId: members.organizationId })
    .from(members)
    .where(eq(members.userId, userId));
  return new Map(rows.map(({ tenantId, ...row }) => [tenantId, row]));
}
