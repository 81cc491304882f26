import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, lowerRole, type Role, requirePerson, requireRole } from '../context.ts';
import { isMemberByEmail, replaceInvitation, revokePending, selectInvitations } from '../db/queries/invitations.ts';
import { holdMembership } from '../db/queries/members.ts';
import { AppError, type FieldErrors, invalid, notFound } from '../errors.ts';
import { recordAudit } from './audit.ts';
import { cleaned, emailProblem } from './person-input.ts';
import { limit } from './rate-limits.ts';
import { withMembers } from './with-members.ts';

/** What is stored of a link's token. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * Invites a person by their address, for seven days and one use. The token is in this answer and nowhere else.
 * @throws AppError forbidden, invalid_input by field, rate_limited
 */
export async function inviteMember(ctx: Ctx, input: { email: unknown; role: unknown }) {
  requirePerson(ctx, 'invite people');
  requireRole(ctx, 'admin', 'invite people');
  const { email, role } = checked(input);
  await slowDown(ctx);
  const [id, token] = [uuidv7(), randomBytes(32).toString('base64url')];
  return withMembers(ctx, async (tx) => {
    const inviterId = ctx.actor.id ?? '';
    const own = await holdMembership(tx, ctx.tenantId, inviterId);
    if (!own || lowerRole(own.role, role) !== role)
      throw invalid({ role: [`You cannot give a higher role than your own, which is ${own?.role ?? 'none'}.`] });
    if (await isMemberByEmail(tx, ctx.tenantId, email))
      throw invalid({ email: [`${email} belongs to this workspace already.`] });
    await replaceInvitation(tx, {
      id,
      organizationId: ctx.tenantId,
      inviterId,
      email,
      role,
      tokenHash: hashToken(token),
    });
    const subject = { type: 'invitation', id, name: email };
    await recordAudit(tx, ctx, { action: 'invitation.created', subject, details: { role } });
    return { id, email, token };
  });
}

/** Invitations that can still be accepted, newest first. @throws AppError forbidden */
export async function listInvitations(ctx: Ctx) {
  requirePerson(ctx, 'read invitations');
  requireRole(ctx, 'admin', 'see invitations');
  return withMembers(ctx, (tx) => selectInvitations(tx, ctx.tenantId));
}

/** Takes an invitation back: its link no longer works. @throws AppError forbidden, not_found also when it was used */
export async function revokeInvitation(ctx: Ctx, id: string): Promise<{ email: string }> {
  requirePerson(ctx, 'take invitations back');
  requireRole(ctx, 'admin', 'take invitations back');
  return withMembers(ctx, async (tx) => {
    const gone = await revokePending(tx, ctx.tenantId, id);
    if (!gone) throw notFound('invitation');
    const subject = { type: 'invitation', id, name: gone.email };
    await recordAudit(tx, ctx, { action: 'invitation.revoked', subject });
    return gone;
  });
}

const roles: readonly unknown[] = ['member', 'admin', 'owner'] satisfies Role[];

function checked({ email: given, role }: { email: unknown; role: unknown }): { email: string; role: Role } {
  const email = cleaned(given).toLowerCase();
  const errors: FieldErrors = {};
  const problem = emailProblem(email);
  if (problem) errors.email = [problem];
  if (!roles.includes(role)) errors.role = ['Choose a role: member, admin or owner.'];
  if (Object.keys(errors).length) throw invalid(errors);
  return { email, role: role as Role };
}

async function slowDown(ctx: Ctx): Promise<void> {
  const { allowed, retryAfter } = await limit(ctx.hub, { key: `invite:${ctx.tenantId}`, rate: 60, per: 3600 });
  if (allowed) return;
  throw new AppError('rate_limited', `Too many invitations. Try again in ${retryAfter} seconds.`, { retryAfter });
}
