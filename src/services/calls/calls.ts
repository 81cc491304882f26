import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, noteOnConnection } from '../../db/queries/connections.ts';
import {
  type ExecutionContext,
  type LoadedDriver,
  ServiceError,
  type SideEffect,
  type Values,
} from '../../drivers/driver.ts';
import { unfitForHeader } from '../../lib/header-text.ts';
import { noteLasting } from '../../lib/lasting.ts';
import { messageOf } from '../../lib/outbound/message.ts';
import { OutboundError, type OutboundOptions, type TlsSettings } from '../../lib/outbound/outbound.ts';
import { deadlineIn, firstOf } from '../../lib/signals.ts';
import { dialing } from './dialing.ts';
import { plainRequestId, secretsIn, withoutEchoes } from './echoes.ts';
import { keptAs } from './kept-clients.ts';
import type { OpenedTarget } from './opened-targets.ts';
import { type RateLimit, rateLimitIn } from './rate-limit-headers.ts';
import { resiliently } from './resilience.ts';

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

/** The report of a call that was not made. */
export const nothingCalled = (executionId: string): CallReport => ({
  executionId,
  durationMs: 0,
  attempts: 0,
  rateLimit: null,
  upstreamRequestId: null,
});

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
  const secrets = () => [...secretsIn(target.driver, target.config, target.auth), ...(target.secrets ?? [])];
  const report = (): CallReport => ({
    executionId,
    durationMs: Math.round(performance.now() - started),
    ...seen,
    upstreamRequestId: seen.upstreamRequestId && plainRequestId(seen.upstreamRequestId, secrets()),
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
    connectorId: target.connectorId ? keptAs(ctx, target.connectorId) : null,
    dial: dialing(
      ctx.hub,
      { destinations: target.destinations, signal: deadline, endsAt: started + deadlineMs },
      () => {
        seen.attempts += 1;
      },
    ),
    get log() {
      return ctx.log.child({ execution_id: executionId, catalog_key: target.driver.entry.key });
    },
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
    const told = withoutEchoes(deadline.aborted && !signal?.aborted ? late(known) : known, secrets());
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
  const message = await messageOf(input, init);
  const { method, url } = message;
  const about = {
    tenantId: ctx.tenantId,
    host: url.host,
    repeatable: sideEffect !== 'write' || (getIsSafe && ['GET', 'HEAD'].includes(method)),
    signal: firstOf(deadline, message.signal),
    probing,
    attemptMs,
    attempts,
  };
  return resiliently(about, (signal) => {
    count();
    if (!about.repeatable) noteLasting();
    return ctx.hub.outbound.send({ ...message, signal }, options);
  });
}

/** By connection, when its use was noted last by this process; milliseconds of the clock. */
const noted = new Map<string, number>();
const mostNoted = 10_000;

/**
 * Remembers with the connection that it was used, and what the service said about its limits: once a minute, every few seconds when it
 * says something, and each time when little is left. The call was made, whether that can be noted or not.
 */
export async function noteUse(ctx: Ctx, { id, lastUsedAt }: ConnectionRow, { rateLimit }: CallReport): Promise<void> {
  const now = Date.now();
  const sinceMs = now - Math.max(noted.get(id) ?? 0, lastUsedAt?.getTime() ?? 0);
  const runsOut = rateLimit && rateLimit.remaining * 10 < rateLimit.limit;
  if (!runsOut && sinceMs < (rateLimit ? 5_000 : 60_000)) return;
  if (noted.size >= mostNoted) noted.clear();
  noted.set(id, now);
  const values = { lastUsedAt: new Date(now), ...(rateLimit && { rateLimit }) };
  const note = (tx: Tx) => noteOnConnection(tx, ctx.tenantId, id, values);
  await ctx.hub.db
    .asTenant(ctx.tenantId, note, { quiet: true })
    .catch((err: unknown) => ctx.log.warn({ err }, 'that a connection was used could not be noted'));
}

function tlsOf({ tls }: Values): TlsSettings | undefined {
  return typeof tls === 'object' && tls !== null && Object.keys(tls).length ? (tls as TlsSettings) : undefined;
}

/** The id by which the service's own support finds the request, whatever it calls that header. */
const requestIdIn = (headers: Headers) =>
  [...headers].find(([name]) => /^(x-)?([a-z]+-)?req(uest)?-?id$/.test(name))?.[1] ?? null;
