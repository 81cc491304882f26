import { and, desc, eq, gt, sql } from 'drizzle-orm';
import type { Role } from '../../context.ts';
import type { Drizzle, Tx } from '../client.ts';
import { invitations, members, organizations, users } from '../schema/index.ts';
import { isUuid } from './text.ts';

export interface InvitationRow {
  id: string;
  email: string;
  role: Role;
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

/** An invitation as its link finds it. */
export interface LinkedInvitation {
  id: string;
  tenantId: string;
  tenantName: string;
  email: string;
  role: Role;
  status: string;
  expired: boolean;
  /** What whoever invited may do now; null when they have left. */
  inviterRole: Role | null;
}

const role = sql<Role>`${invitations.role}`;

/** Inserts an invitation for seven days; an earlier one for the same address no longer counts. */
export async function replaceInvitation(
  tx: Tx,
  row: { id: string; organizationId: string; inviterId: string; email: string; role: Role; tokenHash: string },
): Promise<void> {
  await tx
    .update(invitations)
    .set({ status: 'revoked' })
    .where(and(pending(row.organizationId), eq(invitations.email, row.email)));
  await tx.insert(invitations).values({ ...row, expiresAt: sql`now() + interval '7 days'` });
}

const pending = (tenantId: string) => and(eq(invitations.organizationId, tenantId), eq(invitations.status, 'pending'));

/** Those that can still be accepted, newest first. */
export const selectInvitations = (tx: Tx, tenantId: string): Promise<InvitationRow[]> =>
  tx
    .select({
      id: invitations.id,
      email: invitations.email,
      role,
      invitedBy: users.name,
      createdAt: invitations.createdAt,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .innerJoin(users, eq(users.id, invitations.inviterId))
    .where(and(pending(tenantId), gt(invitations.expiresAt, sql`now()`)))
    .orderBy(desc(invitations.id));

/** Takes a pending invitation back; null when there is none. */
export async function revokePending(tx: Tx, tenantId: string, id: string): Promise<{ email: string } | null> {
  if (!isUuid(id)) return null;
  const [row] = await tx
    .update(invitations)
    .set({ status: 'revoked' })
    .where(and(pending(tenantId), eq(invitations.id, id)))
    .returning({ email: invitations.email });
  return row ?? null;
}

export async function findByToken(db: Drizzle, tokenHash: string): Promise<LinkedInvitation | null> {
  const [row] = await db
    .select({
      id: invitations.id,
      tenantId: invitations.organizationId,
      tenantName: organizations.name,
      email: invitations.email,
      role,
      status: invitations.status,
      expired: sql<boolean>`${invitations.expiresAt} <= now()`,
      inviterRole: members.role,
    })
    .from(invitations)
    .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
    .leftJoin(
      members,
      and(eq(members.organizationId, invitations.organizationId), eq(members.userId, invitations.inviterId)),
    )
    .where(eq(invitations.tokenHash, tokenHash));
  return row ?? null;
}

/** Uses the invitation up; false when somebody was quicker or it ran out. */
export async function claimInvitation(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const claimed = await tx
    .update(invitations)
    .set({ status: 'accepted' })
    .where(and(pending(tenantId), eq(invitations.id, id), gt(invitations.expiresAt, sql`now()`)))
    .returning({ id: invitations.id });
  return claimed.length > 0;
}

/** Whether somebody with this address belongs to the tenant. */
export async function isMemberByEmail(tx: Tx, tenantId: string, email: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: members.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, tenantId), eq(users.email, email)));
  return row !== undefined;
}
