import { setTimeout as sleep } from 'node:timers/promises';
import { type Ctx, type Hub, mayActAs, personOf } from '../../context.ts';
import {
  type AuthorizationRequestRow,
  dueAuthorizationExpiries,
  findAuthorizationRequest,
  finishAuthorizationRequest,
  forgetAuthorizationRequests,
} from '../../db/queries/authorization-requests.ts';
import { type ConnectionRow, findConnection } from '../../db/queries/connections.ts';
import type { AuthorizationStatus } from '../../db/schema/index.ts';
import { notFound } from '../../errors.ts';
import { pollAuthorization } from '../brokers/account-polls.ts';

export interface AuthorizationState {
  status: AuthorizationStatus;
  /** Why it came to nothing: a code and a sentence. */
  error: string | null;
  message: string | null;
  connection: ConnectionRow | null;
}

const pollMs = 500;
const longestMs = 30_000;

/**
 * What became of an authorisation, as soon as that is known and `timeoutS` seconds later at the latest; no transaction is open meanwhile.
 * @throws AppError not_found, also for a request of somebody else
 */
export async function waitForConnection(
  ctx: Ctx,
  id: string,
  { timeoutS = 0, signal }: { timeoutS?: number; signal?: AbortSignal } = {},
): Promise<AuthorizationState> {
  const until = performance.now() + Math.min(timeoutS * 1000, longestMs);
  const person = personOf(ctx.actor);
  for (;;) {
    const { due, ...state } = await lookAtRequest(ctx, id, person);
    if (due && (await pollAuthorization(ctx.hub, ctx.tenantId, id))) continue;
    const left = until - performance.now();
    if (state.status !== 'pending' || left <= 0 || signal?.aborted) return state;
    await sleep(Math.min(pollMs, left), undefined, { signal }).catch(() => {});
  }
}

/** `due` when a broker has to be asked how it went. */
const lookAtRequest = (ctx: Ctx, id: string, person: string | null): Promise<AuthorizationState & { due: boolean }> =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const request = await findAuthorizationRequest(tx, ctx.tenantId, id);
      if (!request || !maySee(ctx, request, person)) throw notFound('authorisation');
      const over = request.status === 'pending' && request.over && !request.usedAt;
      const connectionId = request.status === 'succeeded' ? request.connectionId : null;
      return {
        due: request.status === 'pending' && request.nextPollAt !== null && request.nextPollAt <= new Date(),
        status: over ? 'expired' : request.status,
        error: over ? 'expired' : request.error,
        message: over ? inTime : request.message,
        connection: connectionId ? await findConnection(tx, ctx.tenantId, connectionId) : null,
      };
    },
    { readOnly: true },
  );

const inTime = 'Nobody finished it in time. Begin again.';

const maySee = ({ actor }: Ctx, { createdBy, userId }: AuthorizationRequestRow, person: string | null) =>
  mayActAs(actor, 'admin') || createdBy === actor.id || [createdBy, userId].includes(person);

const batch = 200;
const keptDays = 30;

/**
 * Ends authorisations whose time is up. One that was used and never finished is an interruption of the hub; what the service granted
 * then is lost with it. For a job.
 */
export async function expireAuthorizations(hub: Hub): Promise<number> {
  let ended = 0;
  for (const { tenantId, id } of await dueAuthorizationExpiries(hub.db.system, batch))
    ended += await hub.db.asTenant(tenantId, async (tx) => {
      const request = await findAuthorizationRequest(tx, tenantId, id, { lock: true });
      await forgetAuthorizationRequests(tx, tenantId, keptDays);
      if (!request?.over) return 0;
      const outcome = request.usedAt
        ? ({
            status: 'failed',
            error: 'interrupted',
            message: 'The hub was interrupted while it finished this. Begin again.',
          } as const)
        : ({ status: 'expired', error: 'expired', message: inTime } as const);
      return (await finishAuthorizationRequest(tx, tenantId, id, outcome)) ? 1 : 0;
    });
  return ended;
}
