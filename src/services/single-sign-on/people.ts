import { v7 as uuidv7 } from 'uuid';
import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import type { Hub } from '../../context.ts';
import { deleteOtherSessionsOf } from '../../db/queries/account.ts';
import { insertUser, selectUserByEmail } from '../../db/queries/identity.ts';
import { insertLink, lockUser, selectSignInMethods } from '../../db/queries/single-sign-on.ts';
import { AppError } from '../../errors.ts';
import { type Caller, recordAccountEvent } from '../brokers/account-history.ts';
import type { Person } from '../people/sessions.ts';
import type { Vouched } from './provider.ts';

/** Whom the provider means, when nobody here is known by its name for them yet. */
export type Found =
  | { state: 'known'; user: Person }
  /** Somebody with this e-mail address is here, and has to show that the account is theirs. */
  | { state: 'to_connect'; user: Person };

/**
 * An account with the address that the provider vouches for, or a new one. An account that somebody else may hold the password of is
 * never handed over: whoever comes shows the password first.
 * @throws AppError forbidden
 */
export async function findOrMakePerson(
  hub: Hub,
  settings: SingleSignOnConfig,
  vouched: Vouched,
  caller: Caller,
): Promise<Found> {
  const { email } = vouched;
  if (!email) throw unverified(settings, vouched);
  const user = await selectUserByEmail(hub.db.system, email);
  if (!user && !settings.createPeople) throw stranger(settings, email);
  if (!user) return { state: 'known', user: await makePerson(hub, settings, { ...vouched, email }, caller) };
  const methods = await selectSignInMethods(hub.db.system, user.id, settings.issuer);
  if (methods.linked) {
    await recordAccountEvent(hub.db.system, user.id, 'provider_refused', caller);
    throw otherName(settings, email);
  }
  if (methods.password || methods.secondFactor) return { state: 'to_connect', user };
  await connect(hub, settings, vouched.sub, user, caller);
  return { state: 'known', user };
}

/** Lets the person sign in by the provider's name for them from now on. @throws AppError conflict */
export async function connect(
  hub: Hub,
  { issuer, name }: SingleSignOnConfig,
  sub: string,
  user: Person,
  caller: Caller,
  { keepSessions = false } = {},
): Promise<void> {
  await hub.db.system.transaction(async (tx) => {
    await lockUser(tx, user.id);
    const { linked } = await selectSignInMethods(tx, user.id, issuer);
    if (linked || !(await insertLink(tx, { issuer, sub }, { id: uuidv7(), userId: user.id }))) throw meanwhile(name);
    // Whoever was in the account without a password of theirs is out.
    if (!keepSessions) await deleteOtherSessionsOf(tx, user.id, null);
    await recordAccountEvent(tx, user.id, 'provider_connected', caller);
  });
}

async function makePerson(
  hub: Hub,
  { issuer, name: provider }: SingleSignOnConfig,
  { sub, email, name }: Vouched & { email: string },
  caller: Caller,
): Promise<Person> {
  const user = { id: uuidv7(), name, email };
  await hub.db.system.transaction(async (tx) => {
    if (!(await insertUser(tx, user))) throw meanwhile(provider);
    if (!(await insertLink(tx, { issuer, sub }, { id: uuidv7(), userId: user.id }))) throw meanwhile(provider);
    await recordAccountEvent(tx, user.id, 'provider_connected', caller);
  });
  hub.log.info({ user_id: user.id }, 'an account was made for somebody from single sign-on');
  return user;
}

const unverified = ({ name }: SingleSignOnConfig, { claimedEmail }: Vouched) =>
  new AppError(
    'forbidden',
    `${name} does not vouch for ${claimedEmail ? `the e-mail address ${claimedEmail}` : 'your e-mail address'}, so this hub cannot tell who you are. Confirm the address there, then sign in again.`,
  );

const stranger = ({ name }: SingleSignOnConfig, email: string) =>
  new AppError(
    'forbidden',
    `Nobody here has the e-mail address ${email} that ${name} gave. Ask an owner or admin of your workspace for an invitation.`,
  );

const otherName = ({ name }: SingleSignOnConfig, email: string) =>
  new AppError(
    'forbidden',
    `The account of ${email} belongs to somebody whom ${name} knows by another name. If both are you, ask your operator.`,
  );

const meanwhile = (name: string) =>
  new AppError('conflict', `You signed in with ${name} from somewhere else at the same moment. Start again.`);
