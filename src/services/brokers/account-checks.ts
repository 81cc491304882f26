import type { Ctx } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import { type BrokerAccount, type ExecutionContext, ServiceError } from '../../drivers/driver.ts';
import { checkFresh } from '../health/fresh-checks.ts';
import type { CheckOutcome } from '../health/health-steps.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { goneStanding, type Standing, standingOf } from './account-standing.ts';
import type { BrokerTarget } from './brokers.ts';

/** The check of an account that a broker holds: it is read there. The broker’s own troubles say nothing about the account. */
export async function checkAccount(
  ctx: Ctx,
  { driver, connector }: BrokerTarget,
  connection: ConnectionRow,
): Promise<CheckOutcome> {
  const broker = connector.catalog.name;
  let standing: Standing | null = null;
  let account: BrokerAccount | null = null;
  const read = async (context: ExecutionContext) => {
    try {
      account = await driver.broker.getAccount(context, connection.externalAccountId ?? '');
      standing = standingOf(account, broker);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.fault === 'not_found') standing = goneStanding(broker);
      else throw isOfBroker(error) ? new ServiceError('service', error.message, { cause: error }) : error;
    }
    if (standing?.reason) throw new ServiceError('credential', standing.reason);
    return { message: `${broker} holds this account, and it is active.` };
  };
  const whoami = async () => ({
    externalId: account?.id ?? connection.externalAccountId ?? '',
    label: account?.label ?? connection.accountLabel ?? connection.toolkitSlug ?? '',
  });
  const target = { driver: { ...driver, checkHealth: read, whoami }, connector, connection };
  const addresses = driver.destinations(withoutSecrets(connector.config), withoutSecrets(connector.auth));
  return { ...(await checkFresh(ctx, target, addresses)), standing };
}

/** The broker refuses its own key. */
const isOfBroker = ({ fault }: ServiceError) => fault === 'credential' || fault === 'permission';
