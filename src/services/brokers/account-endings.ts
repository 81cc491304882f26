import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectMadeAuthConfigs } from '../../db/queries/auth-configs.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import type { Revocation } from '../credentials/revocation-outcome.ts';
import { type BrokerTarget, callBroker } from './brokers.ts';

const isExpected = (error: unknown): error is Error =>
  [AppError, ServiceError, OutboundError].some((kind) => error instanceof kind);

/** Ends at the service, through the broker, what was granted. It never throws for what the broker does: the result tells it. */
export async function revokeAccount(
  ctx: Ctx,
  target: BrokerTarget,
  { externalAccountId }: ConnectionRow,
): Promise<Revocation> {
  const broker = target.connector.catalog.name;
  if (!externalAccountId) return { outcome: 'none', message: `Nothing was connected at ${broker}.` };
  const options = { operation: 'revoke_account', sideEffect: 'idempotent' } as const;
  try {
    const ended = await callBroker(ctx, target, options, (it, context) => it.revokeAccount(context, externalAccountId));
    if (ended) return { outcome: 'revoked', message: `${broker} has ended the access at the service.` };
    return {
      outcome: 'not_possible',
      message: `${broker} cannot end this access at the service. End it in the account’s settings there.`,
    };
  } catch (error) {
    if (error instanceof ServiceError && error.fault === 'not_found')
      return { outcome: 'none', message: `The account was deleted at ${broker} already.` };
    if (!isExpected(error)) throw error;
    return {
      outcome: 'failed',
      message: `${broker} did not end the access: ${error.message} End it in the account’s settings there.`,
    };
  }
}

/** The same, and the broker forgets the account. */
export async function endAccount(ctx: Ctx, target: BrokerTarget, connection: ConnectionRow): Promise<Revocation> {
  const { externalAccountId } = connection;
  const revocation = await revokeAccount(ctx, target, connection);
  if (!externalAccountId) return revocation;
  const broker = target.connector.catalog.name;
  const options = { operation: 'delete_account', sideEffect: 'idempotent' } as const;
  try {
    await callBroker(ctx, target, options, (it, context) => it.deleteAccount(context, externalAccountId));
    return { ...revocation, message: `${revocation.message} ${broker} has deleted the account.` };
  } catch (error) {
    if (!isExpected(error)) throw error;
    return {
      outcome: 'failed',
      message: `${revocation.message} ${broker} did not delete the account: ${error.message} Delete it there.`,
    };
  }
}

/** Switches the account at its broker. @throws ServiceError, OutboundError */
export const switchAccount = (ctx: Ctx, target: BrokerTarget, accountId: string, enabled: boolean): Promise<void> =>
  callBroker(ctx, target, { operation: 'switch_account', sideEffect: 'idempotent' }, (it, context) =>
    it.setAccountEnabled(context, accountId, enabled),
  );

/** Deletes at the broker how accounts were connected, once those are gone; what is left behind is in the log. */
export async function endAuthConfigs(ctx: Ctx, target: BrokerTarget): Promise<void> {
  const read = (tx: Tx) => selectMadeAuthConfigs(tx, ctx.tenantId, target.connector.id);
  const ids = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  const options = { operation: 'delete_auth_config', sideEffect: 'idempotent' } as const;
  await eachAtOnce(ids, 4, (id) =>
    callBroker(ctx, target, options, (it, context) => it.deleteAuthConfig(context, id)).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
      ctx.log.warn({ err: error, auth_config_id: id }, 'an auth config was left behind at its broker');
    }),
  );
}
