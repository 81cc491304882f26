import type { Ctx, Hub } from '../../context.ts';
import { mayActAs } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type AuthorizationRequestRow,
  findAuthorizationRequest,
  tenantOfAuthorization,
} from '../../db/queries/authorization-requests.ts';
import { notFound } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import type { Session } from '../people/sessions.ts';
import { requireRunning } from '../tenants/suspension.ts';

/** A browser that comes to one of the pages of an authorisation, signed in or not. */
export interface Visit extends Pick<Ctx, 'hub' | 'requestId' | 'ip' | 'log'> {
  session: Session | null;
  /** The Cookie header. */
  cookies: string;
}

export type AuthorizationRequest = AuthorizationRequestRow & { over: boolean };

export type RefusalReason =
  /** The person, or the service on behalf of them, said no. */
  | 'denied'
  | 'expired'
  | 'replayed'
  /** Another person of the workspace, or somebody who is none of it. */
  | 'foreign_session'
  | 'signed_out'
  | 'foreign_browser'
  /** The answer fits no authorisation that was started here. */
  | 'mismatch'
  /** The service answered with an error, or the token endpoint or whoami did. */
  | 'service_error'
  | 'other_account'
  | 'deleted';

/** What can be begun again after a refusal. */
export interface Retry {
  tenantId: string;
  connectorId: string;
  connectionId: string | null;
  personal: boolean;
  /** Of a broker. */
  toolkitSlug: string | null;
}

/** Begins the same again; not for a guest, who has no way to. */
export function retryOf(request: AuthorizationRequestRow): Retry | null {
  const { tenantId, connectorId, connectionId, userId, linkHash, toolkitSlug, authConfigId } = request;
  if (linkHash) return null;
  return { tenantId, connectorId, connectionId, personal: userId !== null, toolkitSlug: authConfigId && toolkitSlug };
}

/** An authorisation that came to nothing. The message is for people; `said` are the service's own words. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly reason: RefusalReason;
  readonly said: string;
  readonly retry: Retry | null;

  constructor(reason: RefusalReason, message: string, { said = '', retry = null, cause }: RefusalDetails = {}) {
    super(message, { cause });
    this.reason = reason;
    this.said = said;
    this.retry = retry;
  }
}

interface RefusalDetails {
  said?: string;
  retry?: Retry | null;
  cause?: unknown;
}

/** The request of this id, whoever asks; null for none. @throws AppError suspended */
export async function findRequest(hub: Hub, id: string): Promise<AuthorizationRequest | null> {
  const tenantId = await tenantOfAuthorization(hub.db.system, id);
  if (!tenantId) return null;
  await requireRunning(hub, tenantId);
  return inTenant(hub, tenantId, (tx) => findAuthorizationRequest(tx, tenantId, id));
}

const inTenant = <T>(hub: Hub, tenantId: string, read: (tx: Tx) => Promise<T>) =>
  hub.db.asTenant(tenantId, read, { readOnly: true });

/** The visitor's context in the request's workspace, with what they may do there now; null for somebody who is none of it. */
function memberCtx({ session, ...visit }: Visit, tenantId: string): Ctx | null {
  const membership = session?.tenants.find(({ id }) => id === tenantId);
  if (!session || !membership) return null;
  const { id, name } = session.user;
  return { ...base(visit), tenantId, actor: { type: 'user', id, name, role: membership.role } };
}

/** The context of somebody without an account whom an admin gave a link; the name says so wherever it is shown. */
const guestCtx = ({ session: _nobody, ...visit }: Visit, request: AuthorizationRequestRow): Ctx => ({
  ...base(visit),
  tenantId: request.tenantId,
  actor: { type: 'system', id: null, name: `${request.guestLabel ?? 'Somebody'} (connect link)`, role: 'member' },
});

const base = ({ hub, requestId, ip, log }: Omit<Visit, 'session'>) => ({ hub, requestId, ip, log });

/** Whether this person is the one to go on: the owner of a personal connection, else who began, or an admin when a program began. */
function isTheirs({ actor }: Ctx, request: AuthorizationRequestRow): boolean {
  if (request.userId) return request.userId === actor.id;
  if (!mayActAs(actor, 'admin' satisfies Role)) return false;
  return request.createdByType === 'api_key' || request.createdBy === actor.id;
}

/**
 * Who goes on with the request. For a link that is whoever has it.
 * @throws Refusal signed_out or foreign_session, AppError not_found for somebody of another workspace
 */
export function requireRightPerson(visit: Visit, request: AuthorizationRequestRow): Ctx {
  if (request.linkHash) return guestCtx(visit, request);
  if (!visit.session)
    throw new Refusal('signed_out', 'You are not signed in any more. Sign in, and start again. Nothing was connected.');
  const ctx = memberCtx(visit, request.tenantId);
  if (!ctx) throw notFound('authorisation');
  if (isTheirs(ctx, request)) return ctx;
  const whose = request.userId
    ? 'This authorisation is for another person’s own connection.'
    : `${request.createdByName ?? 'Somebody else'} started this authorisation${request.createdByType === 'api_key' ? ', and only owners and admins can go on with it' : ''}.`;
  throw new Refusal('foreign_session', `${whose} You are signed in as ${ctx.actor.name}. Nothing was connected.`);
}
