import type { Ctx } from '../../context.ts';
import { noteOnConnection } from '../../db/queries/connections.ts';
import {
  type ExecutionContext,
  type LlmProvider,
  ServiceError,
  serviceError,
  type Values,
} from '../../drivers/driver.ts';
import { OutboundError, textOf } from '../../lib/outbound/outbound.ts';
import { bodyWithoutTexts, streamWithoutTexts } from '../../lib/passed-bodies.ts';
import { headersForCaller, withoutTexts } from '../../lib/passed-headers.ts';
import type { Target } from '../calls/call-targets.ts';
import { type CallReport, nothingCalled } from '../calls/calls.ts';
import { callService } from '../calls/connected-calls.ts';
import { type Ending, problemOf } from '../tools/executions.ts';
import type { PreparedRequest } from './gateway-request.ts';
import type { ModelTarget } from './gateway-target.ts';
import type { Seen } from './llm-stream.ts';
import { nothingSeen } from './model-calls.ts';

const maxBytes = 100 * 1024 * 1024;

interface Whole {
  status: number;
  headers: Headers;
  /** Undefined when no answer came. */
  text?: string;
  answer?: Values;
  ending: Ending;
  upstreamMs: number;
  /** Nothing came back, but the provider may have worked. */
  lost?: Seen;
}

export interface Streaming {
  stream: ReadableStream<Uint8Array>;
  status: number;
  headers: Headers;
  ending: Ending;
  upstreamMs: number;
  hideUsage: boolean;
}

type Raw = Pick<Whole, 'status' | 'headers' | 'text' | 'upstreamMs'> & { stream?: ReadableStream<Uint8Array> };

/** A refused credential, with the answer: the caller gets that when it cannot be renewed. */
class Refused extends ServiceError {
  readonly raw: Raw;
  constructor(raw: Raw) {
    super('credential', 'The provider does not accept the credential of this connector.', { status: raw.status });
    this.raw = raw;
  }
}

/** Sends it once and says what came back: a whole answer, a stream, or why there is none. */
export async function send(
  ctx: Ctx,
  target: ModelTarget,
  { operation, signal }: { operation: 'chat' | 'embeddings' | 'models'; signal?: AbortSignal },
  request: PreparedRequest | null,
  executionId: string,
): Promise<Whole | Streaming> {
  const timeoutMs = target.provider.timeoutMs(target.connector.config);
  let failed: CallReport | undefined;
  try {
    const { value, report } = await callService(
      ctx,
      target,
      // Twice asked is twice paid: only what the provider did not take up is repeated.
      {
        sideEffect: request ? 'write' : 'none',
        executionId,
        signal,
        deadlineMs: timeoutMs,
        attemptMs: timeoutMs,
        maxBytes,
      },
      (context) => ask(context, target.provider, operation, request),
      (seen) => {
        failed = seen;
      },
    );
    return judged(value, report, request);
  } catch (error) {
    const report = failed ?? nothingCalled(executionId);
    if (error instanceof Refused) {
      await lookAgain(ctx, target);
      return judged(error.raw, report, request);
    }
    const lost = error instanceof OutboundError && error.mayHaveArrived ? nothingSeen() : undefined;
    const ending = { ...problemOf(error, false), report };
    return { status: 502, headers: new Headers(), ending, upstreamMs: report.durationMs, lost };
  }
}

async function ask(
  { config, auth, fetch, signal }: ExecutionContext,
  provider: LlmProvider,
  operation: 'chat' | 'embeddings' | 'models',
  request: PreparedRequest | null,
): Promise<Raw> {
  const started = performance.now();
  const proof = provider.headers(config, auth);
  const headers = {
    ...proof,
    accept: request?.streams ? 'text/event-stream' : 'application/json',
    ...(request && { 'content-type': 'application/json' }),
  };
  const init = { method: request ? 'POST' : 'GET', headers, body: request?.text, redirect: 'manual' as const, signal };
  const response = await fetch(provider.url(config, operation), init);
  const secrets = Object.values(proof).flatMap((value) => [value, value.split(' ').at(-1) ?? '']);
  const about = { status: response.status, headers: headersForCaller(response.headers, secrets) };
  const isStream = /^text\/event-stream/i.test(response.headers.get('content-type') ?? '');
  // A key that a provider, or what stands in front of it, says back; the names beside it are no secrets in an answer.
  const keys = [auth.api_key, auth.access_token].filter((each) => typeof each === 'string');
  if (response.ok && isStream && response.body) {
    const stream = streamWithoutTexts(response.body as ReadableStream<Uint8Array>, keys);
    return { ...about, stream, upstreamMs: performance.now() - started };
  }
  const said = await textOf(response);
  const text = response.ok ? bodyWithoutTexts(said, keys) : withoutTexts(said, secrets);
  const raw = { ...about, text, upstreamMs: performance.now() - started };
  if (response.status === 401) throw new Refused(raw);
  return raw;
}

/** A refused key is no passing trouble: the next scan checks the connection and says so. */
const lookAgain = (ctx: Ctx, { connection }: Target) =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    noteOnConnection(tx, ctx.tenantId, connection.id, { nextCheckAt: new Date() }),
  );

function judged(raw: Raw, report: CallReport, request: PreparedRequest | null): Whole | Streaming {
  if (raw.stream)
    return {
      ...raw,
      stream: raw.stream,
      hideUsage: request?.hideUsage ?? false,
      ending: { status: 'succeeded', report },
    };
  const answer = parsed(raw.text ?? '');
  if (raw.status >= 400) {
    const error = serviceError(new Response(null, { status: raw.status, headers: raw.headers }));
    const problem = { code: `service_${error.fault}`, message: error.message, retryable: !error.permanent };
    const shaped = answer?.error ? raw : { ...raw, text: undefined };
    return { ...shaped, ending: { status: 'failed', problem, report } };
  }
  if (answer && raw.status < 300) return { ...raw, answer, ending: { status: 'succeeded', output: answer, report } };
  const message = 'The provider answered something that is not JSON. Check the address of the connector.';
  const problem = { code: 'service_service', message, retryable: true };
  return { ...raw, text: undefined, ending: { status: 'failed', problem, report }, lost: nothingSeen() };
}

function parsed(text: string): Values | null {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
