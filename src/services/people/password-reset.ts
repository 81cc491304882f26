import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import { deleteOtherSessionsOf, setPassword } from '../../db/queries/account.ts';
import { noteAddressShown, selectUserByEmail } from '../../db/queries/identity.ts';
import { AppError, invalid } from '../../errors.ts';
import { addressBucket } from '../../lib/client-address.ts';
import { sendMail } from '../../lib/mail.ts';
import { hashPassword } from '../../lib/passwords.ts';
import { type Caller, recordAccountEvent } from '../brokers/account-history.ts';
import { type Limit, limit } from '../rate-limits.ts';
import { endTokensOf, issueToken, lookAtToken, useToken } from './one-time-tokens.ts';
import { cleaned, emailProblem, passwordProblem } from './person-input.ts';

const purpose = 'password-reset';
/** How long a link works. */
export const resetMinutes = 30;

export interface ResetLink {
  url: string;
  person: { name: string; email: string };
}

/**
 * A link with which whoever holds it sets a new password for this person, once. Links from before stop working.
 * @throws AppError not_found when nobody has this address
 */
export async function makeResetLink(hub: Hub, email: string, caller: Caller): Promise<ResetLink> {
  const address = cleaned(email).toLowerCase();
  return hub.db.system.transaction(async (tx) => {
    const person = await selectUserByEmail(tx, address);
    if (!person) throw new AppError('not_found', `Nobody on this hub has the e-mail address ${address}.`);
    const token = await issueToken(tx, purpose, person.id, resetMinutes);
    await recordAccountEvent(tx, person.id, 'reset_link_made', caller);
    return { url: `${hub.config.baseUrl}/reset-password/${token}`, person };
  });
}

/**
 * Sends a link to whoever has this address. What is found out about the address happens after this has returned, so that
 * neither the answer nor its time tells whether somebody has it.
 * @throws AppError invalid_input for `email`, rate_limited, unavailable when the hub sends no mail
 */
export async function requestPasswordReset(hub: Hub, email: unknown, caller: Caller): Promise<void> {
  if (!hub.config.mail) throw new AppError('unavailable', 'This hub sends no e-mail. Ask your operator for a link.');
  const address = cleaned(email).toLowerCase();
  const problem = emailProblem(address);
  if (problem) throw invalid({ email: [problem] });
  const key = `password-reset:${addressBucket(caller.ip)}`;
  await slowDown(hub, { key, rate: 10, per: 600 }, 'Too many links were asked for.');
  void mailLink(hub, address, caller).catch((error) => hub.log.error({ err: error }, 'a reset link was not sent'));
}

/**
 * For the page that asks for the new password.
 * @throws AppError not_found when the link was used, replaced or has expired
 */
export async function requireResetToken({ db }: Pick<Hub, 'db'>, token: string): Promise<{ userId: string }> {
  const userId = await lookAtToken(db.system, purpose, token);
  if (!userId) throw deadLink();
  return { userId };
}

/**
 * Sets a new password and ends all sessions of the person; the link has then been used.
 * @throws AppError not_found for a link that does not work any more, invalid_input for `new_password`, rate_limited: every hash that
 * is made for one link keeps somebody else waiting for theirs
 */
export async function resetPassword(
  hub: Hub,
  input: { token: string; new_password: unknown },
  caller: Caller,
): Promise<void> {
  const { db } = hub;
  const { userId: expected } = await requireResetToken(hub, input.token);
  const password = typeof input.new_password === 'string' ? input.new_password : '';
  const problem = passwordProblem(password);
  if (problem) throw invalid({ new_password: [problem] });
  await slowDown(hub, { key: `password-reset-use:${expected}`, rate: 5, per: 60 }, 'Too many tries with this link.');
  const hash = await hashPassword(password); // before the transaction: it takes 100 ms
  await db.system.transaction(async (tx) => {
    const userId = await useToken(tx, purpose, input.token);
    if (!userId) throw deadLink();
    await setPassword(tx, { id: uuidv7(), userId, password: hash });
    await noteAddressShown(tx, userId);
    await deleteOtherSessionsOf(tx, userId, null);
    await endTokensOf(tx, userId);
    await recordAccountEvent(tx, userId, 'password_reset', caller);
  });
}

async function slowDown(hub: Hub, each: Limit, what: string): Promise<void> {
  const { allowed, retryAfter } = await limit(hub, each);
  if (!allowed) throw new AppError('rate_limited', `${what} Try again in ${retryAfter} seconds.`, { retryAfter });
}

async function mailLink(hub: Hub, address: string, caller: Caller): Promise<void> {
  const { mail, baseUrl } = hub.config;
  const person = await selectUserByEmail(hub.db.system, address);
  if (!person || !mail) return;
  const account = createHash('sha256').update(address).digest('base64url');
  // Nobody's mailbox is filled by somebody else; whoever asks is not told.
  if (!(await limit(hub, { key: `password-reset-mail:${account}`, rate: 3, per: 900 })).allowed) return;
  const { url } = await makeResetLink(hub, address, caller);
  await sendMail(mail, { to: person.email, subject: 'Set a new password for Patchbay', text: letter(url, baseUrl) });
}

const letter = (url: string, baseUrl: string) => `Somebody asked for a new password for your account at ${baseUrl}.

If it was you, open this link within ${resetMinutes} minutes. It works once:

${url}

If it was not you, do nothing: your password stays as it is.
`;

const deadLink = () =>
  new AppError(
    'not_found',
    `This link does not work any more: it works once, for ${resetMinutes} minutes. Ask for a new one.`,
  );
