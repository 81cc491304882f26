import { type Granted, refreshTokens } from '../../auth/oauth2-code.ts';
import { TokenError } from '../../auth/token-error.ts';
import type { Ctx } from '../../context.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { openTokenTarget } from '../authorizations/authorizations.ts';
import { obtainToken } from '../authorizations/obtained-tokens.ts';
import { askTokenEndpoint } from '../authorizations/token-endpoint.ts';
import { bothOf, destinationGuard } from '../calls/destinations.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { connectionName } from '../connections/connections.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import type { Claimed, Renewable } from './refresh-turns.ts';

/**
 * Asks the service for the next credential; after a lost answer only as far as its way with used refresh tokens allows.
 * @throws ServiceError, OutboundError
 */
export async function grantedFor(ctx: Ctx, target: Renewable, { current, interrupted }: Claimed): Promise<Granted> {
  const { connector, driver } = target;
  const name = connectionName(target.connection, connector);
  if (connector.auth.method === 'client_credentials') return obtain(ctx, target, name);
  const tokens = await openTokenTarget(ctx, connector);
  const token = String(current?.value.refresh_token ?? '');
  const own = destinationGuard(destinationsOf(driver, connector), current ? [current.destinations] : []);
  const opened = { ...tokens.opened, destinations: bothOf(tokens.opened.destinations, own) };
  const ask = () => askTokenEndpoint(ctx, { ...tokens, opened }, name, (server) => refreshTokens(server, token), token);
  const { refreshReuse } = tokens.driver.oauth;
  if (interrupted && refreshReuse === 'revokes_family') throw needsPerson(name);
  try {
    return await ask();
  } catch (error) {
    if (!isAnswerLost(error) || refreshReuse === 'safe') throw error;
    if (refreshReuse === 'revokes_family') throw needsPerson(name, error);
    return await ask(); // at once, while the service may still take the same refresh token
  }
}

const needsPerson = (name: string, cause?: unknown) =>
  new ServiceError(
    'credential',
    `${name}: the service’s answer to a renewal was lost, so its refresh token may be used up. Sending it again could end the whole authorisation, so that was not tried. A person has to connect the account again.`,
    { cause },
  );

/** Whether the service may have granted something that never arrived here, or not in one piece. */
function isAnswerLost(error: unknown): boolean {
  const { cause } = error as Error;
  if (cause instanceof OutboundError) return cause.mayHaveArrived;
  return cause instanceof TokenError && cause.fault === 'unreadable' && (cause.status ?? 200) < 300;
}

/** With the client's own credentials: there is nothing to renew, so a new grant takes its place. */
async function obtain(ctx: Ctx, { driver, connector }: Renewable, name: string): Promise<Granted> {
  const { config, client, destinations } = await openTarget(ctx, { driver, connector, connection: null });
  return obtainToken(ctx, { driver, config, client, destinations }, name);
}
