import { v7 as uuidv7 } from 'uuid';
import { type Ctx, lowerRole, requirePerson, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { insertMember } from '../../db/queries/identity.ts';
import {
  countOwners,
  countSessionsIn,
  deleteMember,
  endSessionsIn,
  findMember,
  holdMembership,
  keyNamesOf,
  lockMembers,
  type MemberRow,
  revokeInvitationsBy,
  revokeKeysOf,
  selectMembers,
  setMemberRole,
} from '../../db/queries/members.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { isRole, type Role } from '../../lib/role.ts';
import { recordAudit } from '../audit.ts';
import { endPersonalConnections, personalConnections } from '../connections/personal-connections.ts';
import { withMembers } from './with-members.ts';

/** Everybody who belongs to the workspace, by name; each of them may see it. @throws AppError forbidden for an API key */
export async function listMembers(ctx: Ctx): Promise<MemberRow[]> {
  requirePerson(ctx, 'read who belongs to the workspace');
  return withMembers(ctx, (tx) => selectMembers(tx, ctx.tenantId));
}

/** A member with what stops when they are removed. @throws AppError forbidden, not_found */
export async function getMember(
  ctx: Ctx,
  id: string,
): Promise<{ member: MemberRow; keyNames: string[]; accounts: string[]; sessions: number }> {
  requirePerson(ctx, 'read who belongs to the workspace');
  return withMembers(ctx, async (tx) => {
    const member = await allowedTarget(tx, ctx, id, 'change members');
    return {
      member,
      keyNames: await keyNamesOf(tx, ctx.tenantId, id),
      accounts: (await personalConnections(tx, ctx.tenantId, member.userId)).map(
        ({ accountLabel, connector }) => `${accountLabel ?? 'an account'} (${connector})`,
      ),
      sessions: await countSessionsIn(tx, ctx.tenantId, member.userId),
    };
  });
}

/**
 * Takes somebody who has an account into the workspace, as the hub itself decides; says whether that was new.
 * @throws AppError forbidden for anybody but the hub
 */
export async function addMember(ctx: Ctx, person: { id: string; name: string }, role: Role): Promise<boolean> {
  if (ctx.actor.type !== 'system') throw new AppError('forbidden', 'People join by an invitation.');
  return withMembers(ctx, async (tx) => {
    await lockMembers(tx, ctx.tenantId);
    if (await holdMembership(tx, ctx.tenantId, person.id)) return false;
    const id = uuidv7();
    await insertMember(tx, { id, organizationId: ctx.tenantId, userId: person.id, role });
    await recordAudit(tx, ctx, {
      action: 'member.added',
      subject: subjectOf({ id, name: person.name }),
      details: { role },
    });
    return true;
  });
}

/**
 * Gives a member another role; it counts from their next request on, also for the keys that they made.
 * @throws AppError forbidden, not_found, invalid_input, or conflict for the last owner
 */
export async function changeRole(ctx: Ctx, id: string, role: unknown): Promise<MemberRow> {
  requirePerson(ctx, 'change roles');
  requireRole(ctx, 'admin', 'change roles');
  if (!isRole(role)) throw invalid({ role: ['Choose a role: member, admin or owner.'] });
  return withMembers(ctx, async (tx) => {
    await lockMembers(tx, ctx.tenantId);
    const member = await allowedTarget(tx, ctx, id, 'change roles');
    if (member.role === role) return member;
    if (lowerRole(await roleNow(tx, ctx), role) !== role) throw ownersOnly('make somebody an owner');
    if (member.role === 'owner') await keepAnOwner(tx, ctx, member);
    await setMemberRole(tx, ctx.tenantId, id, role);
    await recordAudit(tx, ctx, {
      action: 'member.role_changed',
      subject: subjectOf(member),
      details: { from: member.role, to: role, changed: [`${member.role} → ${role}`] },
    });
    return { ...member, role };
  });
}

/**
 * Takes a member out of the workspace: their sessions in it, the keys that they made and their invitations end at once, then the
 * accounts that they connected for themselves.
 * Everybody may leave.
 * @throws AppError forbidden, not_found, or conflict for the last owner
 */
export async function removeMember(ctx: Ctx, id: string): Promise<MemberRow> {
  requirePerson(ctx, 'remove members');
  const { member, accounts } = await withMembers(ctx, async (tx) => {
    await lockMembers(tx, ctx.tenantId);
    const member = await allowedTarget(tx, ctx, id, 'remove members');
    if (member.role === 'owner') await keepAnOwner(tx, ctx, member);
    const keys = await revokeKeysOf(tx, ctx.tenantId, id, ctx.actor.name);
    const sessions = await endSessionsIn(tx, ctx.tenantId, member.userId);
    const invitations = await revokeInvitationsBy(tx, ctx.tenantId, member.userId);
    await deleteMember(tx, ctx.tenantId, id);
    const accounts = await personalConnections(tx, ctx.tenantId, member.userId);
    const details = {
      role: member.role,
      revoked_keys: keys,
      ended_sessions: sessions,
      ...(accounts.length && { ended_connections: accounts.length }),
      ...(invitations.length && { revoked_invitations: invitations }),
    };
    await recordAudit(tx, ctx, { action: 'member.removed', subject: subjectOf(member), details });
    return { member, accounts };
  });
  await endPersonalConnections(
    ctx,
    accounts.map((account) => account.id),
  );
  return member;
}

/**
 * The member, when this actor may decide about them: oneself, or as an admin anybody but owners. What counts is the role of this
 * moment, not the one that the request came with.
 */
async function allowedTarget(tx: Tx, ctx: Ctx, id: string, to: string): Promise<MemberRow> {
  const own = await ownMembership(tx, ctx);
  const role = await roleNow(tx, ctx);
  if (own?.id !== id) requireRole({ ...ctx, actor: { ...ctx.actor, role } }, 'admin', to);
  const member = await findMember(tx, ctx.tenantId, id);
  if (!member) throw notFound('member');
  if (member.role === 'owner' && role !== 'owner') throw ownersOnly('change or remove owners');
  return member;
}

const ownMembership = async (tx: Tx, { tenantId, actor }: Ctx) =>
  actor.id ? holdMembership(tx, tenantId, actor.id) : null;

async function roleNow(tx: Tx, ctx: Ctx): Promise<Role> {
  if (ctx.actor.type === 'system') return ctx.actor.role; // the hub itself belongs to no workspace
  const own = await ownMembership(tx, ctx);
  return own ? lowerRole(own.role, ctx.actor.role) : 'member';
}

async function keepAnOwner(tx: Tx, ctx: Ctx, { name }: MemberRow): Promise<void> {
  if ((await countOwners(tx, ctx.tenantId)) > 1) return;
  throw new AppError(
    'conflict',
    `${name} is the only owner of this workspace, so nothing was changed. Make somebody else an owner first.`,
  );
}

const ownersOnly = (to: string) => new AppError('forbidden', `Only owners can ${to}. Ask one of them.`);

const subjectOf = ({ id, name }: Pick<MemberRow, 'id' | 'name'>) => ({ type: 'member', id, name });
