import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { type ConnectionRow, noteOnConnection } from '../db/queries/connections.ts';
import type { ConnectorRow } from '../db/queries/connectors.ts';
import type { CredentialRow } from '../db/queries/credentials.ts';
import {
  type ExecutionContext,
  type LoadedDriver,
  ServiceError,
  type SideEffect,
  type Values,
} from '../drivers/driver.ts';
import { AppError } from '../errors.ts';
import { unfitForHeader } from '../lib/header-text.ts';
import { OutboundError, type OutboundOptions, type TlsSettings } from '../lib/outbound/outbound.ts';
import { deadlineIn, firstOf } from '../lib/signals.ts';
import { destinationsOf } from './connector-input.ts';
import { currentCredential, servesConnector } from './credentials.ts';
import { type Destinations, destinationGuard } from './destinations.ts';
import { dialing } from './dialing.ts';
import { plainRequestId, secretsIn, withoutEchoes } from './echoes.ts';
import { byEnvironment, environmentValues } from './environment-values.ts';
import { existingTenantKeys } from './keyring.ts';
import { type RateLimit, rateLimitIn } from './rate-limit-headers.ts';
import { resiliently } from './resilience.ts';
import { openForCall } from './secrets.ts';

/** What a call goes through: a connector as it is configured, and the account that it acts as. */
export interface CallTarget {
  driver: LoadedDriver;
  connector: ConnectorRow;
  /** Null for a connector without any account yet; then only what the admin typed is there. */
  connection: ConnectionRow | null;
}

/** Everything that a call carries, opened. It lives as long as the call and goes nowhere but to the driver. */
export interface OpenedTarget {
  config: Values;
  auth: Values;
  /** Fields of the client that a token endpoint gets, and nobody else. */
  client: Values;
  destinations: Destinations;
  /** What the service granted, without its contents; null while only what the admin typed is there. */
  credential: OpenedCredential | null;
  connectorId: string;
}

export interface OpenedCredential {
  id: string;
  createdAt: Date;
  /** When the access token ends; null when it does not, or the service does not say. */
  expiresAt: Date | null;
  /** When it first worked. */
  verifiedAt: Date | null;
  /** Whether a refresh token came with it. */
  renewable: boolean;
}

export interface CallOptions {
  sideEffect: SideEffect;
  executionId?: string;
  /** Milliseconds for everything together; 30 s unless told. */
  deadlineMs?: number;
  /** Milliseconds for the first byte of one attempt, for services that think before they answer. */
  attemptMs?: number;
  /** The caller going away. */
  signal?: AbortSignal;
  /** Asked to find out how the service is: also while calls to it pause. */
  probing?: boolean;
  maxBytes?: number;
  /** How often a request is sent at most; 4 times unless told. */
  attempts?: number;
  /** False: not even a GET is repeated, because at this service it may change something. */
  getIsSafe?: boolean;
}

/** What is known about a call afterwards, also when it failed. */
export interface CallReport {
  executionId: string;
  durationMs: number;
  /** Requests that were sent, with repetitions. */
  attempts: number;
  rateLimit: RateLimit | null;
  upstreamRequestId: string | null;
}

export interface CallResult<T> {
  value: T;
  report: CallReport;
}

const defaultDeadlineMs = 30_000;

/**
 * The one wrapper around every call to an outside service: sends the opened secrets only where they were entered for, and repeats what
 * may be repeated. Takes values as they are, such as a form's before it is saved.
 * @throws what the driver throws; `onFailure` gets the report then
 */
export async function callOpened<T>(
  ctx: Ctx,
  target: Pick<OpenedTarget, 'config' | 'auth' | 'destinations'> & {
    driver: LoadedDriver;
    connectorId?: string;
    /** What the call carries beside the secrets of its settings, and nobody may read. */
    secrets?: string[];
  },
  { executionId = uuidv7(), deadlineMs = defaultDeadlineMs, signal, maxBytes, ...manner }: CallOptions,
  run: (context: ExecutionContext) => Promise<T>,
  onFailure?: (report: CallReport, error: unknown) => void,
): Promise<CallResult<T>> {
  const started = performance.now();
  const time = deadlineIn(deadlineMs);
  const deadline = firstOf(time.signal, signal);
  const tls = tlsOf(target.config);
  const seen = { attempts: 0, rateLimit: null as RateLimit | null, upstreamRequestId: null as string | null };
  const secrets = [...secretsIn(target.driver, target.config, target.auth), ...(target.secrets ?? [])];
  const report = (): CallReport => ({
    ...{ executionId, durationMs: Math.round(performance.now() - started), ...seen },
    upstreamRequestId: seen.upstreamRequestId && plainRequestId(seen.upstreamRequestId, secrets),
  });
  const note = (response: Response) => {
    seen.rateLimit = rateLimitIn(response.headers, target.driver.rateLimit) ?? seen.rateLimit;
    seen.upstreamRequestId = requestIdIn(response.headers) ?? seen.upstreamRequestId;
    return response;
  };
  const send = { tls, maxBytes, mayCall: target.destinations.allows };
  const context: ExecutionContext = {
    executionId,
    config: target.config,
    auth: target.auth,
    tls,
    signal: deadline,
    connectorId: target.connectorId ?? null,
    dial: dialing(
      ctx.hub,
      { destinations: target.destinations, signal: deadline, endsAt: started + deadlineMs },
      () => {
        seen.attempts += 1;
      },
    ),
    log: ctx.log.child({ execution_id: executionId, catalog_key: target.driver.entry.key }),
    noteRequestId: (id) => {
      seen.upstreamRequestId = id;
    },
    fetch: (input, init) =>
      resilientFetch(ctx, { ...manner, input, init, deadline, options: send }, () => {
        seen.attempts += 1;
      }).then(note),
  };
  try {
    return { value: await run(context), report: report() };
  } catch (error) {
    const known = isUnfitHeader(error) ? unfit(error) : error;
    const told = withoutEchoes(deadline.aborted && !signal?.aborted ? late(known) : known, secrets);
    onFailure?.(report(), told);
    throw told;
  } finally {
    time.clear();
  }
}

/** Clients wrap an abort in errors of their own; what people need to know is that the time was up. */
const late = (cause: unknown) =>
  cause instanceof OutboundError && cause.code !== 'cancelled'
    ? cause
    : new OutboundError('timeout', 'The service did not answer in time.', true, cause);

/** What was saved before such credentials were refused. The platform quotes the value in its message. */
const isUnfitHeader = (error: unknown) =>
  error instanceof TypeError && /invalid header value|Cannot convert argument to a ByteString/i.test(error.message);
const unfit = (cause: unknown) =>
  new ServiceError('credential', `The saved credential ${unfitForHeader}. Enter it again.`, { cause });

interface Sending {
  input: string | URL | Request;
  init?: RequestInit;
  sideEffect: SideEffect;
  getIsSafe?: boolean;
  probing?: boolean;
  attemptMs?: number;
  attempts?: number;
  deadline: AbortSignal;
  options: OutboundOptions;
}

async function resilientFetch(ctx: Ctx, sending: Sending, count: () => void) {
  const { input, init, sideEffect, getIsSafe = true, probing, attemptMs, attempts, deadline, options } = sending;
  const request = new Request(input, init);
  const body = request.body ? await request.arrayBuffer() : undefined;
  const { method, headers, redirect, url } = request;
  const about = {
    tenantId: ctx.tenantId,
    host: new URL(url).host,
    repeatable: sideEffect !== 'write' || (getIsSafe && ['GET', 'HEAD'].includes(method)),
    signal: firstOf(deadline, request.signal),
    probing,
    attemptMs,
    attempts,
  };
  return resiliently(about, (signal) => {
    count();
    // The attempt's own signal says nothing any more once there are headers; the body still has to come in time.
    const within = firstOf(signal, about.signal);
    return ctx.hub.outbound.fetch(url, { method, headers, redirect, body }, { ...options, signal: within });
  });
}

/**
 * Opens what the connector and its connection hold.
 * @throws AppError conflict when a secret does not open any more
 */
export async function openTarget(ctx: Ctx, { driver, connector, connection }: CallTarget): Promise<OpenedTarget> {
  const { vault, db } = ctx.hub;
  const described = describedFor(ctx, driver, connector);
  const read = async (tx: Tx): Promise<OpenedTarget> => {
    const keys = await existingTenantKeys(tx, vault, ctx.tenantId).catch(() => null);
    const open = (part: 'config' | 'auth') => {
      if (described) return { value: described[part], destinations: [described.destinations] };
      if (!keys) return { value: connector[part], destinations: [] };
      return openForCall(vault, keys, { tenantId: ctx.tenantId, connectorId: connector.id, part }, connector[part]);
    };
    const config = open('config');
    const typed = open('auth');
    const current = connection && (await currentCredential(tx, ctx, connection.id));
    const granted = current && servesConnector(current.row, connector) ? current : null;
    const sealed = [...config.destinations, ...typed.destinations, ...(granted ? [granted.destinations] : [])];
    const { method } = typed.value;
    const waiting = !granted && (driver.needsConnection(typed.value) || method === 'client_credentials');
    const { refresh_token, ...value } = granted?.value ?? {};
    const auth = granted ? { method, ...value, scopes: granted.row.scopes } : waiting ? { method } : typed.value;
    return {
      config: config.value,
      auth,
      client: typed.value,
      destinations: destinationGuard(destinationsOf(driver, connector), sealed),
      credential: granted && { ...stampsOf(granted.row), renewable: typeof refresh_token === 'string' },
      connectorId: connector.id,
    };
  };
  try {
    return await db.asTenant(ctx.tenantId, read, { readOnly: true });
  } catch (error) {
    if ((error as Error).name !== 'VaultError') throw error;
    throw new AppError(
      'conflict',
      `A saved secret of ${connector.name} cannot be opened any more. Enter it again in its settings.`,
      { cause: error },
    );
  }
}

/** What the environment says about a connector that it manages; null for all others. @throws AppError conflict when it says nothing */
function describedFor({ hub }: Ctx, driver: LoadedDriver, { managedBy, name, status }: ConnectorRow) {
  if (managedBy !== byEnvironment) return null;
  // An inactive one was taken away, perhaps because the variables are another workspace's by now.
  const values = status === 'inactive' ? null : environmentValues(hub.config, driver);
  if (values) return values;
  throw new AppError('conflict', `The environment of this hub does not describe ${name} any more.`);
}

/** Whether `openTarget` found something that does not open: no later call will fare better. */
export const isUnreadable = (error: unknown): error is AppError =>
  error instanceof AppError && (error.cause as Error | undefined)?.name === 'VaultError';

const stampsOf = ({ id, createdAt, expiresAt, verifiedAt }: CredentialRow) => ({
  id,
  createdAt,
  expiresAt,
  verifiedAt,
});

/** Remembers with the connection that it was used, and what the service said about its limits; once a minute is enough. */
export async function noteUse(ctx: Ctx, connection: ConnectionRow, { rateLimit }: CallReport): Promise<void> {
  const fresh = connection.lastUsedAt && Date.now() - connection.lastUsedAt.getTime() < 60_000;
  if (fresh && !rateLimit) return;
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    noteOnConnection(tx, ctx.tenantId, connection.id, { lastUsedAt: new Date(), ...(rateLimit && { rateLimit }) }),
  );
}

function tlsOf({ tls }: Values): TlsSettings | undefined {
  return typeof tls === 'object' && tls !== null && Object.keys(tls).length ? (tls as TlsSettings) : undefined;
}

/** The id by which the service's own support finds the request, whatever it calls that header. */
const requestIdIn = (headers: Headers) =>
  [...headers].find(([name]) => /^(x-)?([a-z]+-)?req(uest)?-?id$/.test(name))?.[1] ?? null;
