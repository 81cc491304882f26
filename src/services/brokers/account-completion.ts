import type { Ctx } from '../../context.ts';
import { findAuthorizationRequest, finishAuthorizationRequest } from '../../db/queries/authorization-requests.ts';
import { findByAuthConfig } from '../../db/queries/brokered-connections.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { type BrokerAccount, ServiceError } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { recordAudit } from '../audit.ts';
import type { Established } from '../authorizations/authorization-settlement.ts';
import { type AuthorizationRequest, Refusal } from '../authorizations/authorization-visit.ts';
import { subject } from '../connectors/connectors.ts';
import { toolkitNameOf } from './account-authorizations.ts';
import { insertInitiated, settleAccount } from './account-settlement.ts';
import { goneStanding, standingOf } from './account-standing.ts';
import type { BrokerTarget } from './brokers.ts';
import { forgetAccount, readAccount } from './connected-accounts.ts';

/**
 * The browser came back. What it brought proves nothing: the broker is asked. While the account is not finished, or the broker cannot be
 * asked, the request stays open and a job asks again.
 * @throws Refusal
 */
export async function completeAccount(
  ctx: Ctx,
  target: BrokerTarget,
  request: AuthorizationRequest,
  name: string,
): Promise<Established> {
  const outcome = await lookAtAccount(ctx, target, request).catch((error: unknown) => {
    if (!(error instanceof ServiceError || error instanceof OutboundError)) throw error;
    throw new Refusal(
      'service_error',
      `${name} could not be asked whether this account is connected. ${error.message} The hub keeps asking; look again in a minute.`,
      { cause: error },
    );
  });
  if (outcome === 'pending')
    throw new Refusal(
      'service_error',
      `${name} says that this account is not connected yet. Finish there what it asks for; the hub keeps asking.`,
    );
  if ('refused' in outcome) throw outcome.refused;
  return outcome;
}

type Outcome = Established | { refused: Refusal } | 'pending';

export async function lookAtAccount(ctx: Ctx, target: BrokerTarget, request: AuthorizationRequest): Promise<Outcome> {
  const broker = target.connector.catalog.name;
  const { providerRequestId } = request;
  if (!providerRequestId) return 'pending';
  const account = await readAccount(ctx, target, providerRequestId);
  if (account?.status === 'active') return establish(ctx, target, request, account);
  if (account?.status === 'initiated') return 'pending';
  const { reason } = account ? standingOf(account, broker) : goneStanding(broker);
  return {
    refused: await endRequest(
      ctx,
      target,
      request,
      account?.status === 'failed' ? 'denied' : 'service_error',
      reason ?? '',
    ),
  };
}

/** Ends a request without a connection, and says why. */
export async function endRequest(
  ctx: Ctx,
  { connector }: BrokerTarget,
  { id }: AuthorizationRequest,
  reason: 'denied' | 'service_error',
  said: string,
): Promise<Refusal> {
  const message = `${connector.name}: ${said} Nothing was changed.`;
  const status = reason === 'denied' ? 'denied' : 'failed';
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    if (!(await finishAuthorizationRequest(tx, ctx.tenantId, id, { status, error: reason, message }))) return;
    const action = status === 'denied' ? 'authorization.denied' : 'authorization.failed';
    await recordAudit(tx, ctx, { action, subject: subject(connector), details: { reason } });
  });
  return new Refusal(reason, message);
}

/** The connection and the request, both or none; whoever comes second finds what is there. */
async function establish(
  ctx: Ctx,
  target: BrokerTarget,
  request: AuthorizationRequest,
  account: BrokerAccount,
): Promise<Outcome> {
  const key = {
    connectorId: request.connectorId,
    userId: request.userId,
    toolkitSlug: request.toolkitSlug ?? '',
    authConfigId: request.authConfigId ?? '',
  };
  const label = await toolkitNameOf(ctx, target, request.toolkitSlug);
  const done = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await findConnector(tx, ctx.tenantId, request.connectorId, { lock: true });
    if (!connector) return null;
    const now = await findAuthorizationRequest(tx, ctx.tenantId, request.id, { lock: true });
    if (now?.status === 'succeeded' && now.connectionId) {
      const connection = await findConnection(tx, ctx.tenantId, now.connectionId);
      return connection && { connection, connector, created: false, before: null };
    }
    if (now?.status !== 'pending') return null;
    const known = request.connectionId
      ? await findConnection(tx, ctx.tenantId, request.connectionId, { lock: true })
      : null;
    const found = known ?? (await findByAuthConfig(tx, ctx.tenantId, key));
    const before = found ?? (await insertInitiated(tx, ctx, key, { label, claim: null }));
    const connection = await settleAccount(tx, ctx, { connector, before, account });
    const values = { status: 'succeeded', connectionId: connection.id, usedAt: new Date() } as const;
    await finishAuthorizationRequest(tx, ctx.tenantId, request.id, values);
    return { connection, connector, created: !found, before: found?.externalAccountId ?? null };
  });
  if (!done) {
    await forgetAccount(ctx, target, account.id);
    return {
      refused: new Refusal('expired', `The authorisation of ${target.connector.name} ended meanwhile. Try again.`),
    };
  }
  if (done.before && done.before !== account.id) await forgetAccount(ctx, target, done.before);
  const { connection, connector, created } = done;
  return { connection, connector, created, gained: [], lost: [], missing: [] };
}
