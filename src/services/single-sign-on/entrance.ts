import type { Hub } from '../../context.ts';
import type { AppError } from '../../errors.ts';
import type { Caller } from '../brokers/account-history.ts';
import type { Person, SessionDesk, SignedIn } from '../people/sessions.ts';
import { applyRoles, type GrantedRoles } from './roles.ts';

/** The request that a step of a sign-in comes with. */
export interface Step extends Caller {
  headers: Headers;
  requestId: string;
}

/** Lets somebody in whom the provider vouches for: roles first, then a session like any other. */
export async function enter(
  hub: Hub,
  desk: SessionDesk,
  user: Person,
  granted: GrantedRoles,
  step: Step,
): Promise<SignedIn> {
  await applyRoles(hub, granted, { person: user, requestId: step.requestId, ip: step.ip });
  const started = await desk.start(user, step);
  await desk.noteSignIn(user.id, step, step.headers, 'signed_in_by_provider');
  return started;
}

/** The refusal, after it was logged. @param reason one word for it, for whoever reads the log */
export function noted(hub: Hub, { requestId, ip }: Step, error: AppError, reason: string, more: object = {}): AppError {
  hub.log.warn({ request_id: requestId, ip, reason, ...more }, 'single sign-on refused');
  return error;
}
