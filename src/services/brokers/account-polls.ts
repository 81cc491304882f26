import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import { claimPoll, dueAuthorizationPolls, findAuthorizationRequest } from '../../db/queries/authorization-requests.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { holdMembership } from '../../db/queries/members.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import type { AuthorizationRequest } from '../authorizations/authorization-visit.ts';
import { withMembers } from '../people/with-members.ts';
import { endRequest, lookAtAccount } from './account-completion.ts';
import { asBroker, type BrokerTarget } from './brokers.ts';
import { forgetAccount } from './connected-accounts.ts';

/** Asks the brokers what became of what people began and did not bring back, of all tenants; returns how many have ended. */
export async function pollAuthorizations(hub: Hub): Promise<number> {
  const due = await dueAuthorizationPolls(hub.db.system, 200);
  const ended = await eachAtOnce(due, 8, ({ tenantId, id }) => pollAuthorization(hub, tenantId, id));
  return ended.filter(Boolean).length;
}

/** Whether the person whose account it would become, or who began it for the workspace, is no member any more. */
async function hasLeft(ctx: Ctx, request: AuthorizationRequest): Promise<boolean> {
  const { userId, createdBy, createdByType, linkHash } = request;
  const person = userId ?? (createdByType === 'user' && !linkHash ? createdBy : null);
  return person !== null && !(await withMembers(ctx, (tx) => holdMembership(tx, ctx.tenantId, person)));
}

async function endForLeaver(ctx: Ctx, target: BrokerTarget, request: AuthorizationRequest): Promise<true> {
  await endRequest(ctx, target, request, 'service_error', 'Whoever began this has left the workspace.');
  if (request.providerRequestId && !request.connectionId) await forgetAccount(ctx, target, request.providerRequestId);
  return true;
}

/** Seconds until a broker is asked again, by how often it was asked. */
const pauses = [5, 10, 20, 40, 60, 120];

/** Asks the broker about one, if that is due; true when it has ended. It acts as who began. */
export async function pollAuthorization(hub: Hub, tenantId: string, id: string): Promise<boolean> {
  const found = await hub.db.asTenant(tenantId, async (tx) => {
    const request = await findAuthorizationRequest(tx, tenantId, id);
    const pause = pauses[Math.min(request?.polls ?? 0, pauses.length - 1)] ?? 120;
    if (!request || !(await claimPoll(tx, tenantId, id, pause))) return null;
    const connector = await findConnector(tx, tenantId, request.connectorId);
    return connector && { request, connector };
  });
  if (!found) return false;
  const { request, connector } = found;
  const { createdByType, createdBy, createdByName } = request;
  const actor = {
    type: createdByType as 'user',
    id: createdBy,
    name: createdByName ?? 'Somebody',
    role: 'member' as const,
  };
  const requestId = `poll-${uuidv7()}`;
  const ctx: Ctx = {
    hub,
    tenantId,
    actor,
    requestId,
    ip: null,
    log: hub.log.child({ request_id: requestId, tenant_id: tenantId }),
  };
  const target = asBroker(ctx, connector);
  if (!target) return false;
  try {
    if (await hasLeft(ctx, request)) return await endForLeaver(ctx, target, request);
    return (await lookAtAccount(ctx, target, request)) !== 'pending';
  } catch (error) {
    ctx.log.warn({ err: error, connection_request_id: id }, 'a broker could not be asked about an account');
    return false;
  }
}
