import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Role } from '../../lib/role.ts';
import type { Tx } from '../client.ts';
import { apiKeys, invitations, members, sessions, users } from '../schema/index.ts';
import { isUuid } from './text.ts';

export interface MemberRow {
  id: string;
  userId: string;
  name: string;
  email: string;
  role: Role;
  createdAt: Date;
  /** How many API keys they made that are in force. */
  keys: number;
}

const shown = {
  id: members.id,
  userId: members.userId,
  name: users.name,
  email: users.email,
  role: members.role,
  createdAt: members.createdAt,
  keys: sql<number>`(
    select count(*)::int from ${apiKeys} k where k.tenant_id = ${members.organizationId} and k.member_id = ${members.id}
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()))`,
};

/** By name; those of this tenant alone. */
export const selectMembers = (tx: Tx, tenantId: string): Promise<MemberRow[]> =>
  tx
    .select(shown)
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.organizationId, tenantId))
    .orderBy(asc(sql`lower(${users.name})`), asc(members.id));

export async function findMember(tx: Tx, tenantId: string, id: string): Promise<MemberRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await tx
    .select(shown)
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(inTenant(tenantId, id));
  return row ?? null;
}

const inTenant = (tenantId: string, id: string) => and(eq(members.organizationId, tenantId), eq(members.id, id));

/** A person's membership, held against change and removal until the transaction ends. */
export async function holdMembership(
  tx: Tx,
  tenantId: string,
  userId: string,
): Promise<{ id: string; role: Role } | null> {
  const [row] = await tx
    .select({ id: members.id, role: members.role })
    .from(members)
    .where(and(eq(members.organizationId, tenantId), eq(members.userId, userId)))
    .for('share');
  return row ?? null;
}

/** Lets one transaction at a time change who belongs to the tenant: two owners cannot both remove each other. */
export async function lockMembers(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchbay:members:' || ${tenantId}, 0))`);
}

export async function countOwners(tx: Tx, tenantId: string): Promise<number> {
  return tx.$count(members, and(eq(members.organizationId, tenantId), eq(members.role, 'owner')));
}

export async function setMemberRole(tx: Tx, tenantId: string, id: string, role: Role): Promise<void> {
  await tx.update(members).set({ role }).where(inTenant(tenantId, id));
}

export async function deleteMember(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(members).where(inTenant(tenantId, id));
}

/** How many sessions of the person are in this tenant. */
export const countSessionsIn = (tx: Tx, tenantId: string, userId: string): Promise<number> =>
  tx.$count(sessions, sessionsIn(tenantId, userId));

/** Ends the sessions that the person has in this tenant; those in others go on. Returns how many. */
export async function endSessionsIn(tx: Tx, tenantId: string, userId: string): Promise<number> {
  return (await tx.delete(sessions).where(sessionsIn(tenantId, userId)).returning({ id: sessions.id })).length;
}

const sessionsIn = (tenantId: string, userId: string) =>
  and(eq(sessions.userId, userId), eq(sessions.activeOrganizationId, tenantId));

const keysOf = (tenantId: string, memberId: string) =>
  and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.memberId, memberId), isNull(apiKeys.revokedAt));

/** Names of the keys in force that a member made. */
export async function keyNamesOf(tx: Tx, tenantId: string, memberId: string): Promise<string[]> {
  const inForce = sql`(${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())`;
  const rows = await tx
    .select({ name: apiKeys.name })
    .from(apiKeys)
    .where(and(keysOf(tenantId, memberId), inForce))
    .orderBy(asc(apiKeys.name));
  return rows.map(({ name }) => name);
}

/** Ends all keys that a member made; returns their names. */
export async function revokeKeysOf(tx: Tx, tenantId: string, memberId: string, by: string): Promise<string[]> {
  const ended = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`now()`, revokedByName: by })
    .where(keysOf(tenantId, memberId))
    .returning({ name: apiKeys.name });
  return ended.map(({ name }) => name);
}

/** Takes back what this person invited to and nobody has accepted yet; returns the addresses. */
export async function revokeInvitationsBy(tx: Tx, tenantId: string, userId: string): Promise<string[]> {
  const ended = await tx
    .update(invitations)
    .set({ status: 'revoked' })
    .where(
      and(
        eq(invitations.organizationId, tenantId),
        eq(invitations.inviterId, userId),
        eq(invitations.status, 'pending'),
      ),
    )
    .returning({ email: invitations.email });
  return ended.map(({ email }) => email);
}
