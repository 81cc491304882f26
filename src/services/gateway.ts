import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { noteOnConnection } from '../db/queries/connections.ts';
import { selectConnectors } from '../db/queries/connectors.ts';
import {
  type ExecutionContext,
  type LlmProvider,
  type LoadedDriver,
  ServiceError,
  serviceError,
  type Values,
} from '../drivers/driver.ts';
import { AppError } from '../errors.ts';
import { OutboundError } from '../lib/outbound/outbound.ts';
import { headersForCaller, withoutTexts } from '../lib/passed-headers.ts';
import { findTarget, type Target } from './call-targets.ts';
import { type CallReport, noteUse } from './calls.ts';
import { callService } from './connected-calls.ts';
import { type Ending, endExecution, problemOf, startExecution } from './executions.ts';
import { type PreparedRequest, prepared, readRequest } from './gateway-request.ts';
import { brokenOff, lengthOf, metered, type Seen } from './llm-stream.ts';
import { type CountUsage, type ModelCall, recordUsage } from './llm-usage.ts';
import { chooseModel } from './model-tiers.ts';

export interface ModelRequest {
  operation: 'chat' | 'embeddings';
  text: string;
  /** Of the connector to go through; the only one when left out. */
  handle?: string;
  signal?: AbortSignal;
  /** When the request came; `performance.now()`. */
  startedAt: number;
  count: CountUsage;
}

/** The provider's answer, or the list of its models. */
export interface ModelAnswer {
  status: number;
  headers: Headers;
  body: ReadableStream<Uint8Array> | string;
}

interface ModelTarget extends Target {
  driver: LoadedDriver;
  provider: LlmProvider;
}

const maxBytes = 100 * 1024 * 1024;

/**
 * Sends a request to a language model and hands its answer on, with what it used written down.
 * @throws AppError malformed_request, conflict when nothing usable is connected, quota_exceeded, service_failed when no answer came
 */
export async function callModel(ctx: Ctx, request: ModelRequest): Promise<ModelAnswer> {
  const body = readRequest(request.text);
  const executionId = uuidv7();
  const tool = `llm.${request.operation}`;
  const { target, chosen } = await startExecution(ctx, { id: executionId, tool, input: body }, async (tx) => {
    const target = await findModelTarget(tx, ctx, request.handle);
    const chosen = chooseModel(request.operation, body, target.provider.models(target.connector.config));
    return { ...target, target, chosen };
  });
  const call: ModelCall = {
    ...{ executionId, operation: request.operation, startedAt: request.startedAt, count: request.count },
    ...{ connectorId: target.connector.id, priceList: target.provider.priceList },
    ...{ model: chosen.model, tier: chosen.tier, promptCharacters: request.text.length },
  };
  const sent = await send(ctx, target, request, prepared(request.text, body, chosen), executionId);
  const about = {
    'patchbay-execution': executionId,
    'patchbay-connector': target.connector.handle,
    'patchbay-model': chosen.model,
    ...(chosen.tier && { 'patchbay-tier': chosen.tier, 'patchbay-tier-reason': chosen.reason ?? '' }),
  };
  if ('stream' in sent) return streamed(ctx, target, call, sent, about);
  const seen = sent.status < 400 && sent.answer ? seenIn(target.provider, sent.answer, performance.now()) : null;
  const cost = await settle(ctx, target, call, sent.ending, seen ?? sent.lost ?? null);
  const headers = withAbout(sent.headers, about);
  if (cost !== undefined) headers.set('patchbay-cost', cost ?? 'unknown');
  headers.set('patchbay-overhead-ms', overhead(request.startedAt, sent.upstreamMs));
  if (sent.text !== undefined) return { status: sent.status, headers, body: sent.text };
  const { message = '', code = '', retry_after_s: retryAfter } = sent.ending.problem ?? {};
  throw new AppError('service_failed', message, { retryAfter, extra: { code, execution_id: executionId } });
}

/**
 * The provider's list of models, with the tiers among them.
 * @throws as `callModel`
 */
export async function listModels(ctx: Ctx, handle?: string, signal?: AbortSignal): Promise<ModelAnswer> {
  const executionId = uuidv7();
  const target = await startExecution(ctx, { id: executionId, tool: 'llm.models', input: {} }, (tx) =>
    findModelTarget(tx, ctx, handle),
  );
  const request = { operation: 'models' as const, signal };
  const sent = await send(ctx, target, request, null, executionId);
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => endExecution(tx, ctx, executionId, sent.ending));
  if ('stream' in sent || sent.text === undefined)
    throw new AppError('service_failed', sent.ending.problem?.message ?? '', { extra: { execution_id: executionId } });
  const { data, ...rest } = sent.answer ?? {};
  const tiers = ['low', 'medium', 'high', 'auto'].map((tier) => ({
    id: `tier:${tier}`,
    object: 'model',
    created: 0,
    owned_by: 'patchbay',
  }));
  const body = Array.isArray(data) ? JSON.stringify({ ...rest, data: [...tiers, ...data] }) : sent.text;
  return { status: sent.status, headers: withAbout(sent.headers, { 'patchbay-execution': executionId }), body };
}

/** @throws AppError malformed_request that lists the connectors to choose from */
async function findModelTarget(tx: Tx, ctx: Ctx, handle?: string): Promise<ModelTarget> {
  const drivers = [...ctx.hub.drivers.values()].filter(({ entry }) => entry.capabilities.llm);
  const catalogKeys = drivers.map(({ entry }) => entry.key);
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKeys, status: 'active', limit: 200 });
  const wanted = handle ? rows.filter((row) => row.handle === handle) : rows;
  const [connector, ...others] = wanted;
  if (!connector || others.length) throw whichConnector(rows.map((row) => row.handle));
  const driver = drivers.find(({ entry }) => entry.key === connector.catalog.key) as LoadedDriver;
  const target = await findTarget(tx, ctx, driver, { connectorId: connector.id });
  return { ...target, driver, provider: driver.llm as LlmProvider };
}

const whichConnector = (handles: string[]) =>
  new AppError(
    'malformed_request',
    handles.length
      ? `Say which connector is meant, in the header X-Patchbay-Connector: ${handles.join(', ')}.`
      : 'No connector to language models is active. Install one, or activate it.',
    { extra: { code: 'connector_required', param: 'X-Patchbay-Connector' } },
  );

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

interface Streaming {
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

async function send(
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
    const report = failed ?? { executionId, durationMs: 0, attempts: 0, rateLimit: null, upstreamRequestId: null };
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
  if (response.ok && response.body && isStream)
    return { ...about, stream: response.body as ReadableStream<Uint8Array>, upstreamMs: performance.now() - started };
  const text = withoutTexts(await response.text(), response.ok ? [] : secrets);
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

const nothingSeen = (): Seen => ({ model: null, tokens: null, firstAt: null, characters: 0 });

const seenIn = ({ tokensOf }: LlmProvider, answer: Values, at: number): Seen => ({
  model: typeof answer.model === 'string' ? answer.model : null,
  tokens: tokensOf(answer),
  firstAt: at,
  characters: lengthOf(answer.choices),
});

function streamed(
  ctx: Ctx,
  target: ModelTarget,
  call: ModelCall,
  sent: Streaming,
  about: Record<string, string>,
): ModelAnswer {
  const headers = withAbout(sent.headers, about);
  headers.set('patchbay-overhead-ms', overhead(call.startedAt, sent.upstreamMs));
  const body = metered(sent.stream, {
    tokensOf: target.provider.tokensOf,
    hideUsage: sent.hideUsage,
    idleMs: target.provider.timeoutMs(target.connector.config),
    ended: async (seen, error) => {
      const durationMs = Math.round(performance.now() - call.startedAt);
      const report = { ...sent.ending.report, durationMs };
      const outcome =
        error === null ? sent.ending : problemOf(error instanceof OutboundError ? error : brokenOff(error), false);
      // The answer has been handed on; that it cannot be written down is no reason to break it off.
      await settle(ctx, target, call, { ...outcome, report }, seen).catch((err: unknown) =>
        ctx.log.error({ err, execution_id: call.executionId }, 'the usage of a stream was not recorded'),
      );
    },
  });
  return { status: sent.status, headers, body };
}

/** Writes how it ended and what it used, at once. The cost; null when unknown, undefined when nothing was used. */
async function settle(ctx: Ctx, target: ModelTarget, call: ModelCall, ending: Ending, seen: Seen | null) {
  const cost = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    await endExecution(tx, ctx, call.executionId, ending);
    return seen ? recordUsage(tx, ctx, call, seen) : undefined;
  });
  await noteUse(ctx, target.connection, ending.report);
  return cost;
}

function withAbout(headers: Headers, about: Record<string, string>): Headers {
  for (const [name, value] of Object.entries(about)) headers.set(name, value);
  return headers;
}

/** What the hub itself took, in milliseconds. */
const overhead = (startedAt: number, upstreamMs: number) =>
  Math.max(0, performance.now() - startedAt - upstreamMs).toFixed(1);
