import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import type { Hub } from '../../context.ts';
import { findLinkedUser } from '../../db/queries/single-sign-on.ts';
import { AppError } from '../../errors.ts';
import { recordAccountEvent } from '../brokers/account-history.ts';
import type { Person, SessionDesk, SignedIn } from '../people/sessions.ts';
import { awaitPassword } from './connecting.ts';
import { enter, noted, type Step } from './entrance.ts';
import { findOrMakePerson } from './people.ts';
import type { Vouched } from './provider.ts';
import { applyRoles, type GrantedRoles, grantedRoles } from './roles.ts';

export type Arrival =
  | (SignedIn & { state: 'signed_in'; next: string })
  /** The account has a password, which is asked for once. */
  | { state: 'to_connect'; setCookies: string[] };

/**
 * Whoever the provider vouches for, by its name for them or else by e-mail address, with the roles that their groups give them.
 * @throws AppError forbidden
 */
export async function admit(
  hub: Hub,
  settings: SingleSignOnConfig,
  desk: SessionDesk,
  vouched: Vouched,
  { next, ...step }: Step & { next: string },
): Promise<Arrival> {
  const known = await findLinkedUser(hub.db.system, { issuer: settings.issuer, sub: vouched.sub });
  const granted = await requireRoles(hub, settings, vouched, known, step);
  const found = known ? { state: 'known' as const, user: known } : await find(hub, settings, vouched, step);
  if (found.state === 'known')
    return { state: 'signed_in', next, ...(await enter(hub, desk, found.user, granted, step)) };
  const { issuer } = settings;
  const waiting = { issuer, sub: vouched.sub, userId: found.user.id, granted: [...granted], next };
  return { state: 'to_connect', setCookies: [await awaitPassword(hub, desk, waiting)] };
}

const find = (hub: Hub, settings: SingleSignOnConfig, vouched: Vouched, step: Step) =>
  findOrMakePerson(hub, settings, vouched, step).catch((error) => {
    throw error instanceof AppError && error.status < 500 ? noted(hub, step, error, 'not_admitted') : error;
  });

/** Somebody who has lost all groups loses their roles with the sign-in that is refused. A provider that says nothing takes nothing. */
async function requireRoles(
  hub: Hub,
  settings: SingleSignOnConfig,
  { groups }: Vouched,
  known: Person | null,
  step: Step,
): Promise<GrantedRoles> {
  if (!settings.roles) return new Map();
  const granted = grantedRoles(settings.roles, groups ?? []);
  if (granted.size) return granted;
  if (known && groups) await applyRoles(hub, granted, { person: known, requestId: step.requestId, ip: step.ip });
  if (known) await recordAccountEvent(hub.db.system, known.id, 'provider_refused', step);
  const [error, reason] = groups ? [inNoGroup(settings), 'no_mapped_group'] : [noGroups(settings), 'no_groups_claim'];
  throw noted(hub, step, error, reason, { user_id: known?.id });
}

const inNoGroup = ({ name }: SingleSignOnConfig) =>
  new AppError(
    'forbidden',
    `You are in no group of ${name} that may use this hub. Ask whoever runs ${name} to add you to one, then sign in again.`,
  );

const noGroups = ({ name }: SingleSignOnConfig) =>
  new AppError(
    'forbidden',
    `${name} did not say which groups you are in, and this hub decides by them. Tell your operator.`,
  );
