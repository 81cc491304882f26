import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { LlmProvider, Values } from '../drivers/driver.ts';
import { AppError } from '../errors.ts';
import { usdOf } from '../lib/money.ts';
import { OutboundError } from '../lib/outbound/outbound.ts';
import { insistently, prolonging, type Reserved, reserve, settle, tellingRefusals } from './budgets.ts';
import { noteUse } from './calls.ts';
import { type Ending, endExecution, problemOf, startExecution } from './executions.ts';
import { prepared, readRequest } from './gateway-request.ts';
import { nothingDone, type Streaming, send } from './gateway-sending.ts';
import { findModelTarget, type ModelTarget } from './gateway-target.ts';
import { brokenOff, lengthOf, metered, type Seen } from './llm-stream.ts';
import type { CountUsage } from './llm-usage.ts';
import { worstCaseOf } from './llm-worst-case.ts';
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

/**
 * Sends a request to a language model and hands its answer on, with what it used written down.
 * @throws AppError malformed_request, conflict when nothing usable is connected, quota_exceeded, budget_exceeded, price_unknown, service_failed when no answer came
 */
export async function callModel(ctx: Ctx, request: ModelRequest): Promise<ModelAnswer> {
  const body = readRequest(request.text);
  const executionId = uuidv7();
  const tool = `llm.${request.operation}`;
  const begin = () =>
    startExecution(ctx, { id: executionId, tool, input: body }, async (tx) => {
      const target = await findModelTarget(tx, ctx, request.handle);
      const chosen = chooseModel(request.operation, body, target.provider.models(target.connector.config));
      const reserved = await reserve(tx, ctx, {
        ...{ executionId, operation: request.operation, startedAt: request.startedAt, count: request.count },
        ...{ connectorId: target.connector.id, priceList: target.provider.priceList },
        ...{ model: chosen.model, tier: chosen.tier, promptCharacters: request.text.length },
        worst: worstCaseOf(request.operation, request.text, body, chosen.model),
      });
      return { ...target, target, chosen, reserved };
    });
  const { target, chosen, reserved } = await tellingRefusals(ctx, begin);
  const end = ending(ctx, target, reserved);
  const sent = await send(ctx, target, request, prepared(request.text, body, chosen), executionId).catch(
    async (error) => {
      await end({ ...unexpected, report: nothingDone(executionId) }, null).catch(() => {});
      throw error;
    },
  );
  const about = {
    'patchbay-execution': executionId,
    'patchbay-connector': target.connector.handle,
    'patchbay-model': chosen.model,
    ...(chosen.tier && { 'patchbay-tier': chosen.tier, 'patchbay-tier-reason': chosen.reason ?? '' }),
  };
  if ('stream' in sent) return streamed(ctx, target, request.startedAt, sent, about, end);
  const seen = sent.status < 400 && sent.answer ? seenIn(target.provider, sent.answer, performance.now()) : null;
  const cost = await end(sent.ending, seen ?? sent.lost ?? null);
  const headers = withAbout(sent.headers, about);
  if (cost !== undefined) headers.set('patchbay-cost', (cost && usdOf(cost.nano)) ?? 'unknown');
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

const seenIn = ({ tokensOf }: LlmProvider, answer: Values, at: number): Seen => ({
  model: typeof answer.model === 'string' ? answer.model : null,
  tokens: tokensOf(answer),
  firstAt: at,
  characters: lengthOf(answer.choices),
});

function streamed(
  ctx: Ctx,
  target: ModelTarget,
  startedAt: number,
  sent: Streaming,
  about: Record<string, string>,
  end: ReturnType<typeof ending>,
): ModelAnswer {
  const headers = withAbout(sent.headers, about);
  headers.set('patchbay-overhead-ms', overhead(startedAt, sent.upstreamMs));
  const body = metered(sent.stream, {
    tokensOf: target.provider.tokensOf,
    hideUsage: sent.hideUsage,
    idleMs: target.provider.timeoutMs(target.connector.config),
    ended: async (seen, error) => {
      const durationMs = Math.round(performance.now() - startedAt);
      const report = { ...sent.ending.report, durationMs };
      const outcome =
        error === null ? sent.ending : problemOf(error instanceof OutboundError ? error : brokenOff(error), false);
      // The answer has been handed on; that it cannot be written down is no reason to break it off.
      await end({ ...outcome, report }, seen).catch((err: unknown) =>
        ctx.log.error({ err, execution_id: report.executionId }, 'the usage of a stream was not recorded'),
      );
    },
  });
  return { status: sent.status, headers, body };
}

const unexpected = {
  status: 'failed',
  problem: { code: 'internal', message: 'The hub itself failed before the call was made.', retryable: true },
} as const;

/** What writes how the call ended and what it used, at once. The cost; null when unknown, undefined when nothing was used. */
function ending(ctx: Ctx, target: ModelTarget, reserved: Reserved) {
  const { executionId } = reserved.call;
  const stop = prolonging(ctx, executionId);
  return async (outcome: Ending, seen: Seen | null) => {
    stop();
    const write = () =>
      ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
        await endExecution(tx, ctx, executionId, outcome);
        return settle(tx, ctx, reserved, seen);
      });
    const cost = await insistently(ctx, write);
    await noteUse(ctx, target.connection, outcome.report);
    return cost;
  };
}

function withAbout(headers: Headers, about: Record<string, string>): Headers {
  for (const [name, value] of Object.entries(about)) headers.set(name, value);
  return headers;
}

/** What the hub itself took, in milliseconds. */
const overhead = (startedAt: number, upstreamMs: number) =>
  Math.max(0, performance.now() - startedAt - upstreamMs).toFixed(1);
