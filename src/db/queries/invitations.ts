import { and, desc, eq, gt, sql } from 'drizzle-orm';
import type { Role } from '../../lib/role.ts';
import type { Drizzle, Tx } from '../client.ts';
import { invitations, members, organizations, users } from '../schema/index.ts';
import { isUuid } from './text.ts';

export interface InvitationRow {
  id: string;
  email: string;
  role: Role;
  invitedBy: string;
  tenantName: string;
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
const sevenDays = sql`now() + interval '7 days'`;

/** Inserts an invitation for seven days; an earlier one for the same address no longer counts. */
export async function replaceInvitation(
  tx: Tx,
  row: { id: string; organizationId: string; inviterId: string; email: string; role: Role; tokenHash: string },
): Promise<void> {
  await tx
    .update(invitations)
    .set({ status: 'revoked' })
    .where(and(pending(row.organizationId), eq(invitations.email, row.email)));
  await tx.insert(invitations).values({ ...row, expiresAt: sevenDays });
}

const pending = (tenantId: string) => and(eq(invitations.organizationId, tenantId), eq(invitations.status, 'pending'));

const open = (tenantId: string) => and(pending(tenantId), gt(invitations.expiresAt, sql`now()`));

const selectOpen = (tx: Tx, tenantId: string, id?: string) =>
  tx
    .select({
      id: invitations.id,
      email: invitations.email,
      role,
      invitedBy: users.name,
      tenantName: organizations.name,
      createdAt: invitations.createdAt,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .innerJoin(users, eq(users.id, invitations.inviterId))
    .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
    .where(and(open(tenantId), id === undefined ? undefined : eq(invitations.id, id)));

/** Those that can still be accepted, newest first. */
export const selectInvitations = (tx: Tx, tenantId: string): Promise<InvitationRow[]> =>
  selectOpen(tx, tenantId).orderBy(desc(invitations.id));

/** One that can still be accepted. */
export async function findInvitation(tx: Tx, tenantId: string, id: string): Promise<InvitationRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await selectOpen(tx, tenantId, id);
  return row ?? null;
}

/** Gives an invitation another link, for seven days from now; false when it can no longer be accepted. */
export async function renewPending(
  tx: Tx,
  tenantId: string,
  id: string,
  link: { inviterId: string; tokenHash: string },
): Promise<boolean> {
  const renewed = await tx
    .update(invitations)
    .set({ ...link, expiresAt: sevenDays })
    .where(and(open(tenantId), eq(invitations.id, id)))
    .returning({ id: invitations.id });
  return renewed.length > 0;
}

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
    .where(and(open(tenantId), eq(invitations.id, id)))
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
