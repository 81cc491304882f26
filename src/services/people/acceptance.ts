import { v7 as uuidv7 } from 'uuid';
import { type Ctx, type Hub, lowerRole } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import { insertMember, insertPassword, insertUser, selectUserByEmail } from '../../db/queries/identity.ts';
import { claimInvitation, findByToken, type LinkedInvitation } from '../../db/queries/invitations.ts';
import { lockMembers } from '../../db/queries/members.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { addressBucket } from '../../lib/client-address.ts';
import { hashPassword } from '../../lib/passwords.ts';
import { recordAudit } from '../audit.ts';
import { limit } from '../rate-limits.ts';
import { requireRunning, requireRunningIn } from '../tenants/suspension.ts';
import { hashToken } from './invitations.ts';
import { cleaned, nameProblem, passwordProblem } from './person-input.ts';
import { withMembers } from './with-members.ts';

/** Who is at the link: nobody yet, or a person who is signed in. */
export interface Guest {
  user: { id: string; name: string; email: string } | null;
  ip: string | null;
  requestId: string;
}

export interface OpenInvitation extends LinkedInvitation {
  /** What the person has to do: sign up, sign in first, sign out first because it is for another address, or just join. */
  next: 'sign-up' | 'sign-in' | 'sign-out' | 'join';
}

/**
 * The invitation behind a link, while it is good.
 * @throws AppError not_found, suspended, conflict when it was used, taken back or ran out, rate_limited
 */
export async function readInvitation(hub: Hub, token: string, guest: Guest): Promise<OpenInvitation> {
  const { allowed, retryAfter } = await limit(hub, { key: `accept:${addressBucket(guest.ip)}`, rate: 30, per: 60 });
  if (!allowed)
    throw new AppError('rate_limited', `Too many tries. Try again in ${retryAfter} seconds.`, { retryAfter });
  const found = await findByToken(hub.db.system, hashToken(token));
  if (!found) throw noInvitation();
  assertOpen(found);
  await requireRunning(hub, found.tenantId);
  const { user } = guest;
  if (user) return { ...found, next: user.email === found.email ? 'join' : 'sign-out' };
  return { ...found, next: (await selectUserByEmail(hub.db.system, found.email)) ? 'sign-in' : 'sign-up' };
}

function assertOpen({ status, expired, inviterRole, role, tenantName }: LinkedInvitation): void {
  if (status === 'accepted')
    throw new AppError('conflict', 'This invitation was used already; each works once. Sign in instead.');
  const mayInvite = inviterRole && inviterRole !== 'member' && lowerRole(inviterRole, role) === role;
  if (status !== 'pending' || !mayInvite)
    throw new AppError('conflict', `This invitation was taken back. Ask an admin of ${tenantName} for a new one.`);
  if (expired)
    throw new AppError('conflict', `This invitation has run out. Ask an admin of ${tenantName} for a new one.`);
}

/**
 * Takes the person into the workspace, once; a new person gets an account with the name and password that they chose.
 * @throws AppError like `readInvitation`, not_signed_in for an address that has an account, forbidden for another one than the person’s, invalid_input by field
 */
export async function acceptInvitation(
  hub: Hub,
  token: string,
  guest: Guest,
  input: { name: unknown; password: unknown },
): Promise<{ tenantId: string; tenantName: string; email: string }> {
  const invitation = await readInvitation(hub, token, guest);
  if (invitation.next === 'sign-in') throw signInFirst(invitation.email);
  if (invitation.next === 'sign-out') throw signOutFirst(invitation.email, guest.user?.email ?? '');
  const newcomer = guest.user ? null : await checkedNewcomer(input);
  const { tenantId, role } = invitation;
  try {
    await withMembers({ hub, tenantId }, async (tx) => {
      await lookAgain(tx, token, tenantId);
      if (!(await claimInvitation(tx, tenantId, invitation.id))) throw usedMeanwhile();
      const person = guest.user ?? (await insertNewcomer(tx, invitation.email, newcomer));
      const id = uuidv7();
      await insertMember(tx, { id, organizationId: tenantId, userId: person.id, role });
      const actor: Ctx['actor'] = { type: 'user', id: person.id, name: person.name, role };
      await recordAudit(
        tx,
        { tenantId, actor, requestId: guest.requestId, ip: guest.ip },
        {
          action: 'invitation.accepted',
          subject: { type: 'member', id, name: person.name },
          details: { role, invitation: invitation.id },
        },
      );
    });
  } catch (error) {
    if (uniqueViolation(error)) throw new AppError('conflict', 'You belong to this workspace already.');
    throw error;
  }
  return invitation;
}

/** Choosing a password takes a while, in which whoever invited may have been removed, or the workspace suspended. */
async function lookAgain(tx: Tx, token: string, tenantId: string): Promise<void> {
  await lockMembers(tx, tenantId);
  const found = await findByToken(tx, hashToken(token));
  if (!found) throw noInvitation();
  assertOpen(found);
  await requireRunningIn(tx, tenantId);
}

async function checkedNewcomer(input: { name: unknown; password: unknown }) {
  const name = cleaned(input.name);
  const password = typeof input.password === 'string' ? input.password : '';
  const errors: FieldErrors = {};
  const [wrongName, wrongPassword] = [nameProblem(name, 'your name'), passwordProblem(password)];
  if (wrongName) errors.name = [wrongName];
  if (wrongPassword) errors.password = [wrongPassword];
  if (Object.keys(errors).length) throw invalid(errors);
  return { name, hash: await hashPassword(password) };
}

async function insertNewcomer(tx: Tx, email: string, newcomer: { name: string; hash: string } | null) {
  const id = uuidv7();
  // Whoever invited has seen the link, and may be the one who signs up: that the address is theirs has not been shown.
  const user = newcomer && { id, name: newcomer.name, email, emailVerified: false };
  if (!user || !(await insertUser(tx, user))) throw signInFirst(email);
  await insertPassword(tx, { id: uuidv7(), userId: id, password: newcomer.hash });
  return { id, name: newcomer.name };
}

const signOutFirst = (invited: string, signedIn: string) =>
  new AppError(
    'forbidden',
    `This invitation is for ${invited}, but you are signed in as ${signedIn}. Sign out, then open the link again.`,
  );

const signInFirst = (email: string) =>
  new AppError('not_signed_in', `There is an account for ${email} already. Sign in first, then open the link again.`);

const noInvitation = () => new AppError('not_found', 'There is no such invitation. Check that the link is complete.');

const usedMeanwhile = () =>
  new AppError('conflict', 'This invitation was used already; each works once. Sign in instead.');
