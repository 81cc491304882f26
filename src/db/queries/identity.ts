import { and, asc, eq, sql } from 'drizzle-orm';
import type { Role } from '../../lib/role.ts';
import type { Drizzle, Tx } from '../client.ts';
import { accounts, members, organizations, sessions, users } from '../schema/index.ts';

export interface TenantOfUser {
  id: string;
  name: string;
  role: Role;
  /** Why everything in it is stopped; null while it runs. */
  suspended: { since: string; reason: string } | null;
}

export interface SessionRow extends Record<string, unknown> {
  id: string;
  activeOrganizationId: string | null;
  /** Seconds since the session was last marked as used. */
  idleFor: number;
  userId: string;
  userName: string;
  userEmail: string;
  /** Whether the person runs the hub itself. */
  operator: boolean;
  /** Oldest membership first. */
  tenants: TenantOfUser[];
}

/** A live session with its user and what that user may see now, in one statement; `idle` is in seconds. */
export async function selectSession(db: Drizzle, token: string, idle: number): Promise<SessionRow | null> {
  const [row] = await db.execute<SessionRow>(sql`
    select s.id, s.active_organization_id as "activeOrganizationId",
      extract(epoch from now() - s.updated_at)::float8 as "idleFor",
      u.id as "userId", u.name as "userName", u.email as "userEmail",
      exists (select from operators p where p.user_id = u.id) as operator,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'role', m.role, 'suspended',
          case when o.suspended_at is not null
            then jsonb_build_object('since', o.suspended_at, 'reason', coalesce(o.suspended_reason, '')) end
        ) order by m.created_at, m.id)
        from members m join organizations o on o.id = m.organization_id where m.user_id = u.id
      ), '[]') as tenants
    from sessions s join users u on u.id = s.user_id
    where s.token = ${token} and s.expires_at > now() and s.updated_at > now() - make_interval(secs => ${idle})`);
  return row ?? null;
}

/** A new session, in the tenant that the user has belonged to longest. */
export async function insertSession(
  db: Drizzle,
  row: Pick<typeof sessions.$inferInsert, 'id' | 'token' | 'userId' | 'expiresAt' | 'ipAddress' | 'userAgent'>,
): Promise<void> {
  const activeOrganizationId = await selectFirstTenantId(db, row.userId);
  await db.insert(sessions).values({ ...row, userAgent: row.userAgent?.slice(0, 500), activeOrganizationId });
}

export async function selectUser(db: Drizzle, userId: string) {
  const [row] = await db
    .select({ id: users.id, name: users.name, email: users.email })
    .from(users)
    .where(eq(users.id, userId))
    .limit(1);
  return row ?? null;
}

/** Marks the session as used. */
export async function touchSession(db: Drizzle, sessionId: string): Promise<void> {
  await db.update(sessions).set({ updatedAt: sql`now()` }).where(eq(sessions.id, sessionId));
}

/** Ends a session for good; says whether there was one. */
export async function deleteSession(db: Drizzle, token: string): Promise<boolean> {
  const gone = await db.delete(sessions).where(eq(sessions.token, token)).returning({ id: sessions.id });
  return gone.length > 0;
}

/** Sessions that nobody can use any more; returns how many went. */
export async function deleteEndedSessions(db: Drizzle, idle: number): Promise<number> {
  const gone = await db.execute(
    sql`delete from sessions where expires_at <= now() or updated_at <= now() - make_interval(secs => ${idle})`,
  );
  return gone.count;
}

/** Makes the tenant the session's active one, if the session's user is a member of it; says whether. */
export async function activateTenant(db: Drizzle, sessionId: string, tenantId: string): Promise<boolean> {
  const changed = await db.execute(sql`
    update sessions s set active_organization_id = ${tenantId}::uuid
    where s.id = ${sessionId}::uuid
      and exists (select from members m where m.user_id = s.user_id and m.organization_id = ${tenantId}::uuid)
    returning s.id`);
  return changed.length > 0;
}

/** The tenant that a new session of this user starts in: the one that they have belonged to longest. */
export async function selectFirstTenantId(db: Drizzle, userId: string): Promise<string | null> {
  const [row] = await db
    .select({ id: members.organizationId })
    .from(members)
    .where(eq(members.userId, userId))
    .orderBy(asc(members.createdAt), asc(members.id))
    .limit(1);
  return row?.id ?? null;
}

/** Every tenant that this user belongs to. */
export async function selectTenantIdsOf(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx.select({ id: members.organizationId }).from(members).where(eq(members.userId, userId));
  return rows.map(({ id }) => id);
}

/** Whether anybody has been set up on this hub yet. */
export async function hasOrganizations(db: Drizzle | Tx): Promise<boolean> {
  const [row] = await db.execute<{ any: boolean }>(sql`select exists (select from organizations) as any`);
  return row?.any ?? false;
}

/** Inserts the organisation unless its slug is taken; says whether it did. */
export async function insertOrganization(tx: Tx, row: { id: string; name: string; slug: string }): Promise<boolean> {
  const made = await tx.insert(organizations).values(row).onConflictDoNothing().returning({ id: organizations.id });
  return made.length > 0;
}

/**
 * Inserts the user unless the e-mail address is taken; says whether it did. Waits for a transaction that inserts the same one.
 * @param row.emailVerified false when nothing shows that the address is theirs
 */
export async function insertUser(
  tx: Tx,
  row: { id: string; name: string; email: string; emailVerified?: boolean },
): Promise<boolean> {
  const made = await tx
    .insert(users)
    .values({ emailVerified: true, ...row })
    .onConflictDoNothing({ target: users.email })
    .returning({ id: users.id });
  return made.length > 0;
}

/** Whether somebody has shown, or the operator has said, that the address is this person's. */
export async function isAddressShown(tx: Tx, userId: string): Promise<boolean> {
  const [row] = await tx.select({ shown: users.emailVerified }).from(users).where(eq(users.id, userId));
  return row?.shown ?? false;
}

/** Notes that the address is this person's: a link that went there, or came from the operator, was used. */
export async function noteAddressShown(tx: Tx, userId: string): Promise<void> {
  await tx
    .update(users)
    .set({ emailVerified: true })
    .where(and(eq(users.id, userId), eq(users.emailVerified, false)));
}

export async function selectUserByEmail(db: Drizzle | Tx, email: string) {
  const [row] = await db
    .select({ id: users.id, name: users.name, email: users.email })
    .from(users)
    .where(eq(users.email, email))
    .limit(1);
  return row ?? null;
}

/** The account that a password belongs to, as the identity library names it. */
export async function insertPassword(tx: Tx, row: { id: string; userId: string; password: string }): Promise<void> {
  await tx.insert(accounts).values({ ...row, providerId: 'credential', accountId: row.userId });
}

export async function insertMember(
  tx: Tx,
  row: { id: string; organizationId: string; userId: string; role: Role },
): Promise<void> {
  await tx.insert(members).values(row);
}

/** Lets one transaction at a time set the hub up, across replicas; until the transaction ends. */
export async function lockSetup(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchbay:setup', 0))`);
}

/**
 * Lets the rest of a transaction outside tenants read and write rows of this one as well: inside a tenant nobody may touch the
 * tables of identity.
 */
export async function actForTenant(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select set_config('app.tenant_id', ${tenantId}, true)`);
}
