import type { IPolicy } from 'cockatiel';
import { ServiceError } from '../../drivers/execution.ts';
import { retryAfterMs } from '../../drivers/http.ts';
import { once as makeOnce } from '../../lib/once.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { deadlineIn, firstOf } from '../../lib/signals.ts';

export interface Attempting {
  /** Calls of one tenant to one host share their breaker and their places. */
  tenantId: string;
  host: string;
  /** False for what must not happen twice: then only what certainly never left is repeated. */
  repeatable: boolean;
  /** The total deadline, and the caller going away. */
  signal: AbortSignal;
  /** Asked to find out how the host is: also while calls to it pause, and an answer ends the pause. */
  probing?: boolean;
  /** Milliseconds until the first byte of an answer has to be there; 10 s unless told. */
  attemptMs?: number;
  /** How often it is sent at most; 4 times unless told. */
  attempts?: number;
}

const maxAttempts = 4;
const defaultAttemptMs = 10_000;
const longestWaitMs = 20_000;
/** At once, and waiting for their turn, for one tenant at one host. */
const places = { running: 10, waiting: 50 };
const breaker = { failures: 5, pauseMs: 10_000 };
const maxHosts = 5_000;

const cockatiel = makeOnce(() => import('cockatiel'));

type Gate = IPolicy;
/** By tenant and host, the longest unused first. Per replica: each finds out for itself that a host is down. */
const gates = new Map<string, Promise<Gate>>();
/** Until when calls pause, by the same keys; milliseconds of the clock. */
const pauses = new Map<string, number>();

/**
 * Sends until it succeeds, may not be repeated, or the deadline comes: retry → breaker → places → attempt timeout.
 * @param send gets a signal for the attempt, which `about.signal` ends also while the answer's body comes
 * @throws OutboundError or ServiceError (`service` while calls are paused, `rate_limited` when too many wait)
 */
export async function resiliently(
  about: Attempting,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(about, send).then(
      (response) => ({ response, error: undefined }),
      (error: unknown) => ({ response: undefined, error }),
    );
    const wait = attempt < (about.attempts ?? maxAttempts) ? waitFor(outcome, about, attempt) : null;
    if (wait === null || about.signal.aborted) {
      if (outcome.response) return outcome.response;
      throw outcome.error;
    }
    await outcome.response?.body?.cancel();
    if (!(await pause(wait, about.signal))) throw outcome.error ?? timeout();
  }
}

const timeout = () => new OutboundError('timeout', 'The service did not answer in time.', true);

async function once(about: Attempting, send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  if (about.probing) return probe(about, send);
  const gate = await gateOf(about);
  const { isBrokenCircuitError, isBulkheadRejectedError, isTaskCancelledError } = await cockatiel();
  try {
    return await gate.execute(({ signal }) => inTime(about, send, signal), about.signal);
  } catch (error) {
    if (isBrokenCircuitError(error))
      throw new ServiceError(
        'service',
        `${about.host} failed ${breaker.failures} times in a row, so calls to it pause for ten seconds.`,
      );
    if (isBulkheadRejectedError(error))
      throw new ServiceError('rate_limited', `Too many calls to ${about.host} are waiting. Try again shortly.`, {
        retryAfterMs: 2_000,
      });
    if (isTaskCancelledError(error)) throw timeout();
    throw error;
  }
}

/** By the attempt timeout alone; calls that pause go on when the host is well again. */
async function probe(about: Attempting, send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  const response = await inTime(about, send, about.signal);
  if (response.status < 500) forget(keyOf(about));
  return response;
}

/** The clock of one attempt stops with the first byte of its answer; the signal still ends what comes after it. */
async function inTime(
  { attemptMs = defaultAttemptMs }: Attempting,
  send: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  const time = deadlineIn(attemptMs);
  try {
    return await send(firstOf(time.signal, signal));
  } catch (error) {
    throw time.signal.aborted ? timeout() : error;
  } finally {
    time.clear();
  }
}

interface Outcome {
  response?: Response;
  error?: unknown;
}

/** Milliseconds until the next attempt; null when there must be none. */
function waitFor({ response, error }: Outcome, { repeatable }: Attempting, attempt: number): number | null {
  const told = response && retryAfterMs(response.headers);
  if (told !== undefined && told > longestWaitMs) return null;
  // No status but 401 says that a request had no effect (RFC 9110, section 15.5.2), also not 429 (RFC 6585, section 4).
  const again = response
    ? repeatable && [429, 502, 503, 504].includes(response.status)
    : error instanceof OutboundError && mayRepeat(error, repeatable);
  return again ? (told ?? jittered(attempt)) : null;
}

const mayRepeat = ({ code, mayHaveArrived }: OutboundError, repeatable: boolean) =>
  ['unknown_host', 'unreachable', 'connect_timeout', 'timeout', 'broken_off'].includes(code) &&
  (repeatable || !mayHaveArrived);

/** 100 to 300 ms, doubling. */
const jittered = (attempt: number) => (100 + (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0)) * 2 ** (attempt - 1);

function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const done = (went: boolean) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      resolve(went);
    };
    const cancel = done(false);
    const timer = setTimeout(done(true), ms);
    signal.addEventListener('abort', cancel, { once: true });
  });
}

const keyOf = ({ tenantId, host }: Pick<Attempting, 'tenantId' | 'host'>) => `${tenantId} ${host}`;

function gateOf(about: Attempting): Promise<Gate> {
  const key = keyOf(about);
  const gate = gates.get(key) ?? makeGate(key);
  gates.delete(key);
  gates.set(key, gate);
  const [oldest] = gates.keys();
  if (gates.size > maxHosts && oldest !== undefined) forget(oldest);
  return gate;
}

function forget(key: string) {
  gates.delete(key);
  pauses.delete(key);
}

/** A host that calls do not go to for a moment, because it failed again and again. */
export interface Pause {
  host: string;
  until: Date;
}

/** Which of these hosts this replica leaves alone at the moment. */
export const pausesAt = (tenantId: string, hosts: string[]): Pause[] =>
  hosts.flatMap((host) => {
    const until = pauses.get(keyOf({ tenantId, host })) ?? 0;
    return until > Date.now() ? [{ host, until: new Date(until) }] : [];
  });

async function makeGate(key: string): Promise<Gate> {
  const { bulkhead, circuitBreaker, ConsecutiveBreaker, handleWhen, wrap } = await cockatiel();
  /** The host's fault, and not the caller's: an address that may not be called says nothing about it. */
  const failing = handleWhen(
    (error) =>
      !(error instanceof OutboundError) ||
      !['blocked', 'cancelled', 'redirect_refused', 'too_large'].includes(error.code),
  ).orWhenResult((response) => response instanceof Response && response.status >= 500);
  const circuit = circuitBreaker(failing, {
    halfOpenAfter: breaker.pauseMs,
    breaker: new ConsecutiveBreaker(breaker.failures),
  });
  circuit.onBreak(() => void pauses.set(key, Date.now() + breaker.pauseMs));
  circuit.onReset(() => void pauses.delete(key));
  return wrap(circuit, bulkhead(places.running, places.waiting));
}
