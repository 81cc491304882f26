import type { AuthorizationServer, Granted, OAuthClient } from '../../auth/oauth2-code.ts';
import { TokenError, type TokenFault } from '../../auth/token-error.ts';
import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type LoadedDriver, type OAuthProvider, ServiceError, type ServiceFault } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { oneLine } from '../../lib/one-line.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { textsOf } from '../../lib/passed-headers.ts';
import { callOpened } from '../calls/calls.ts';
import { destinationGuard } from '../calls/destinations.ts';
import type { OpenedTarget } from '../calls/opened-targets.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { openApplication, scopesFor } from './oauth-applications.ts';

/** The application that the hub is at the service: the tenant's own, or the one that the operator registered for all. */
export interface Registration {
  client: OAuthClient;
  scopes: string[];
  owner: 'tenant' | 'hub';
  /** Whether the client's secret is for this origin. */
  mayReceive(origin: string): boolean;
}

/** Everything that a call to a connector's token endpoint needs. It lives as long as the call. */
export interface TokenTarget {
  driver: LoadedDriver & { oauth: OAuthProvider };
  connector: ConnectorRow;
  opened: OpenedTarget;
  registration: Registration;
}

const deadlineMs = 20_000;
const maxBytes = 1024 * 1024;

/**
 * The tenant's own application goes before the operator's.
 * @throws AppError conflict when there is neither, VaultError
 */
export async function registrationOf(
  ctx: Ctx,
  driver: LoadedDriver,
  connector: ConnectorRow,
  opened: OpenedTarget,
): Promise<Registration> {
  const { client_id, client_secret, scopes } = opened.client;
  if (typeof client_id === 'string' && typeof client_secret === 'string')
    return {
      client: { id: client_id, secret: client_secret },
      scopes: scopesFor(driver, scopes),
      owner: 'tenant',
      mayReceive: opened.destinations.allowsTokens,
    };
  const application = await openApplication(ctx, driver);
  if (!application)
    throw new AppError(
      'conflict',
      `${connector.name} has no OAuth application yet. Enter a client ID and a client secret in its settings.`,
    );
  return {
    client: { id: application.clientId, secret: application.clientSecret },
    scopes: Array.isArray(scopes) ? scopesFor(driver, scopes) : application.scopes,
    owner: 'hub',
    mayReceive: destinationGuard(destinationsOf(driver, connector), [application.destinations]).allowsTokens,
  };
}

/**
 * Asks the connector's token endpoint; nothing else of the connector's goes there, and the client's secret nowhere else.
 * @param name what people know the connection by
 * @param presented the code or token that it is asked with
 * @throws ServiceError with a sentence that names it
 */
export async function askTokenEndpoint(
  ctx: Ctx,
  { driver, opened, registration }: TokenTarget,
  name: string,
  ask: (server: AuthorizationServer) => Promise<Granted>,
  ...presented: string[]
): Promise<Granted> {
  const endpoints = driver.oauth.endpoints(opened.config);
  const allows = (origin: string) => opened.destinations.allowsTokens(origin) && registration.mayReceive(origin);
  const secrets = [registration.client.secret, ...presented];
  const endpoint = { driver, config: opened.config, address: endpoints.token, allows, secrets };
  return callTokenEndpoint(ctx, endpoint, name, (fetch) =>
    ask({ provider: driver.oauth, endpoints, client: registration.client, fetch }),
  );
}

interface TokenEndpoint {
  driver: LoadedDriver;
  config: OpenedTarget['config'];
  address: string;
  allows(origin: string): boolean;
  /** What the request carries and nobody may read. */
  secrets: string[];
  /** How often it is sent at most, and milliseconds until it is given up, where that is the caller's affair. */
  limits?: { attempts: number; deadlineMs: number };
}

/** The same for a request that needs no registration. @throws ServiceError */
export async function callTokenEndpoint(
  ctx: Ctx,
  { driver, config, address, allows, secrets, limits }: TokenEndpoint,
  name: string,
  ask: (fetch: typeof globalThis.fetch) => Promise<Granted>,
): Promise<Granted> {
  const carried = [...secrets];
  const target = { driver, config, auth: {}, destinations: { allows, allowsTokens: allows }, secrets: carried };
  try {
    const options = { sideEffect: 'write', deadlineMs, maxBytes, ...limits } as const;
    return (await callOpened(ctx, target, options, ({ fetch }) => ask(noting(carried, fetch)))).value;
  } catch (error) {
    throw asServiceError(error, name, URL.parse(address)?.host ?? 'the service');
  }
}

/** The client's ID and secret go into one header together, encoded, and a service may say that back. */
const noting =
  (carried: string[], fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (url, init) => {
    const authorization = new Headers(init?.headers).get('authorization');
    if (authorization) carried.push(...textsOf({ headers: { authorization } }));
    return fetch(url, init);
  };

const faults: Record<TokenFault, ServiceFault> = {
  grant: 'credential',
  client: 'credential',
  refused: 'input',
  rate_limited: 'rate_limited',
  unreadable: 'service',
  failed: 'service',
};

const advice: Record<TokenFault, string> = {
  grant: 'Connect it again.',
  client: 'Check the client ID and the client secret.',
  refused: 'Check the application’s settings at the service.',
  rate_limited: 'Try again later.',
  unreadable: 'Check the addresses in its settings, or try again later.',
  failed: 'Try again later.',
};

function asServiceError(error: unknown, name: string, host: string): unknown {
  if (error instanceof TokenError)
    return new ServiceError(
      faults[error.fault],
      `${name}: the token endpoint of ${host} ${oneLine(error.message, 400)}. ${advice[error.fault]}`,
      { status: error.status, serviceCode: codeOf(error), retryAfterMs: error.retryAfterMs, cause: error },
    );
  if (error instanceof OutboundError)
    return new ServiceError('service', `${name}: the token endpoint of ${host} gave no tokens. ${error.message}`, {
      cause: error,
    });
  if (error instanceof ServiceError)
    return new ServiceError(error.fault, `${name}: ${error.message}`, {
      retryAfterMs: error.retryAfterMs,
      cause: error,
    });
  return error;
}

/** In the words of RFC 6749, whatever the service calls it. */
const codeOf = ({ fault, code }: TokenError) =>
  fault === 'grant' ? 'invalid_grant' : fault === 'client' ? 'invalid_client' : code;

const week = 7 * 24 * 3600;
/** No service means more, and no calendar holds it. */
const longest = 100 * 365 * 24 * 3600;

/** When the access token ends, and when to ask for the next one: well before, while there is time to try again. */
export function lifetimeOf(
  { expiresIn: told, value }: Granted,
  now = new Date(),
): { expiresAt: Date | null; refreshAfter: Date | null } {
  if (told === null) return { expiresAt: null, refreshAfter: null };
  const expiresIn = Math.min(Math.max(told, 0), longest);
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  const lead = Math.min(expiresIn / 4, week);
  return { expiresAt: at(expiresIn), refreshAfter: value.refresh_token ? at(expiresIn - lead) : null };
}
