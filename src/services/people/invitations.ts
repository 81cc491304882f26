import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, lowerRole, requirePerson, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  findInvitation,
  type InvitationRow,
  isMemberByEmail,
  renewPending,
  replaceInvitation,
  revokePending,
  selectInvitations,
} from '../../db/queries/invitations.ts';
import { holdMembership } from '../../db/queries/members.ts';
import { AppError, type FieldErrors, invalid, notFound } from '../../errors.ts';
import { isRole, type Role } from '../../lib/role.ts';
import { recordAudit } from '../audit.ts';
import { limit } from '../rate-limits.ts';
import { mailInvitation } from './invitation-mail.ts';
import { cleaned, emailProblem } from './person-input.ts';
import { withMembers } from './with-members.ts';

/** What is stored of a link's token. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** An invitation with its link, which is told here and nowhere else. */
export interface SentInvitation extends InvitationRow {
  link: string;
  /** Whether the mail server took the link; otherwise it has to be passed on by hand. */
  emailed: boolean;
}

/**
 * Invites a person by their address, for seven days and one use; the link goes to them if the hub sends mail.
 * @throws AppError forbidden, invalid_input by field, rate_limited
 */
export async function inviteMember(ctx: Ctx, input: { email: unknown; role: unknown }): Promise<SentInvitation> {
  requirePerson(ctx, 'invite people');
  requireRole(ctx, 'admin', 'invite people');
  const { email, role } = checked(input);
  await slowDown(ctx, email);
  const [id, token] = [uuidv7(), newToken()];
  const row = await withMembers(ctx, async (tx) => {
    const own = await roleNow(tx, ctx, 'invite people');
    if (lowerRole(own, role) !== role)
      throw invalid({ role: [`You cannot give a higher role than your own, which is ${own}.`] });
    if (await isMemberByEmail(tx, ctx.tenantId, email))
      throw invalid({ email: [`${email} belongs to this workspace already.`] });
    const inviterId = ctx.actor.id ?? '';
    const tokenHash = hashToken(token);
    await replaceInvitation(tx, { id, organizationId: ctx.tenantId, inviterId, email, role, tokenHash });
    const subject = { type: 'invitation', id, name: email };
    await recordAudit(tx, ctx, { action: 'invitation.created', subject, details: { role } });
    return requireInvitation(tx, ctx, id);
  });
  return send(ctx, row, token);
}

/**
 * Gives an invitation a new link, for another seven days, and sends it again; the link from before stops working. Whoever does
 * this is the one who invites from then on.
 * @throws AppError forbidden, not_found also when it was used or ran out, rate_limited
 */
export async function renewInvitation(ctx: Ctx, id: string): Promise<SentInvitation> {
  requirePerson(ctx, 'send invitations again');
  requireRole(ctx, 'admin', 'send invitations again');
  const { email } = await withMembers(ctx, (tx) => requireInvitation(tx, ctx, id));
  await slowDown(ctx, email);
  const token = newToken();
  const row = await withMembers(ctx, async (tx) => {
    const { role } = await requireInvitation(tx, ctx, id);
    if (lowerRole(await roleNow(tx, ctx, 'send invitations again'), role) !== role)
      throw new AppError('forbidden', 'Only owners can invite somebody as an owner. Ask one of them.');
    const link = { inviterId: ctx.actor.id ?? '', tokenHash: hashToken(token) };
    if (!(await renewPending(tx, ctx.tenantId, id, link))) throw notFound('invitation');
    const subject = { type: 'invitation', id, name: email };
    await recordAudit(tx, ctx, { action: 'invitation.renewed', subject, details: { role } });
    return requireInvitation(tx, ctx, id);
  });
  return send(ctx, row, token);
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
    await roleNow(tx, ctx, 'take invitations back');
    const gone = await revokePending(tx, ctx.tenantId, id);
    if (!gone) throw notFound('invitation');
    const subject = { type: 'invitation', id, name: gone.email };
    await recordAudit(tx, ctx, { action: 'invitation.revoked', subject });
    return gone;
  });
}

function checked({ email: given, role }: { email: unknown; role: unknown }): { email: string; role: Role } {
  const email = cleaned(given).toLowerCase();
  const errors: FieldErrors = {};
  const problem = emailProblem(email);
  if (problem) errors.email = [problem];
  if (!isRole(role)) errors.role = ['Choose a role: member, admin or owner.'];
  if (Object.keys(errors).length) throw invalid(errors);
  return { email, role: role as Role };
}

/** What counts is the role of this moment, not the one that the request came with. @throws AppError forbidden below admin */
async function roleNow(tx: Tx, ctx: Ctx, to: string): Promise<Role> {
  const own = await holdMembership(tx, ctx.tenantId, ctx.actor.id ?? '');
  const role = own ? lowerRole(own.role, ctx.actor.role) : 'member';
  requireRole({ ...ctx, actor: { ...ctx.actor, role } }, 'admin', to);
  return role;
}

async function requireInvitation(tx: Tx, ctx: Ctx, id: string): Promise<InvitationRow> {
  const row = await findInvitation(tx, ctx.tenantId, id);
  if (!row) throw notFound('invitation');
  return row;
}

/** After the transaction: a mail server that is slow or away holds no lock and undoes nothing. */
async function send(ctx: Ctx, row: InvitationRow, token: string): Promise<SentInvitation> {
  const link = `${ctx.hub.config.baseUrl}/invitations/${token}`;
  return { ...row, link, emailed: await mailInvitation(ctx.hub, { ...row, link }) };
}

const newToken = () => randomBytes(32).toString('base64url');

/** Each workspace may invite so often, and nobody’s mailbox is filled. */
async function slowDown(ctx: Ctx, email: string): Promise<void> {
  const address = createHash('sha256').update(email).digest('base64url');
  for (const each of [
    { key: `invite:${ctx.tenantId}:${address}`, rate: 5, per: 3600 },
    { key: `invite:${ctx.tenantId}`, rate: 60, per: 3600 },
  ]) {
    const { allowed, retryAfter } = await limit(ctx.hub, each);
    if (!allowed)
      throw new AppError('rate_limited', `Too many invitations. Try again in ${retryAfter} seconds.`, { retryAfter });
  }
}
