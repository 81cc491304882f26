import type { Ctx } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { usdOf } from '../../lib/money.ts';
import { timeOrderedId } from '../../lib/time-ordered-id.ts';
import { nothingCalled } from '../calls/calls.ts';
import { endExecution, startExecution } from '../tools/executions.ts';
import { prepared, readRequest } from './gateway-request.ts';
import { type Streaming, send } from './gateway-sending.ts';
import { findModelTarget } from './gateway-target.ts';
import { aboutCall, beginModelCall, type ModelCallBegun, meteredCall, seenIn, unexpected } from './model-calls.ts';

export interface ModelRequest {
  operation: 'chat' | 'embeddings';
  text: string;
  /** Of the connector to go through; the only one when left out. */
  handle?: string;
  signal?: AbortSignal;
  /** When the request came; `performance.now()`. */
  startedAt: number;
}

/** The provider's answer, or the list of its models. */
export interface ModelAnswer {
  status: number;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array> | string;
}

/**
 * Sends a request to a language model and hands its answer on, with what it used written down.
 * @throws AppError malformed_request, conflict when nothing usable is connected, quota_exceeded, budget_exceeded, price_unknown, service_failed when no answer came
 */
export async function callModel(ctx: Ctx, request: ModelRequest): Promise<ModelAnswer> {
  const body = readRequest(request.text);
  const executionId = timeOrderedId();
  const { operation, text, startedAt } = request;
  const call = await beginModelCall(ctx, {
    ...{ executionId, tool: `llm.${operation}`, input: body, operation, startedAt },
    named: { handle: request.handle },
    request: () => ({ body, text }),
  });
  const { target, chosen, end } = call;
  const sent = await send(ctx, target, request, prepared(text, body, chosen), executionId).catch(async (error) => {
    await end({ ...unexpected, report: nothingCalled(executionId) }, null).catch(() => {});
    throw error;
  });
  const about = aboutCall(executionId, call);
  if ('stream' in sent) return streamed(ctx, call, startedAt, sent, about);
  const seen = sent.status < 400 && sent.answer ? seenIn(target.provider, sent.answer, sent.answer.choices) : null;
  const cost = await end(sent.ending, seen ?? sent.lost ?? null);
  if (sent.text !== undefined) {
    const headers = {
      ...Object.fromEntries(sent.headers),
      ...about,
      ...(cost !== undefined && { 'patchbay-cost': (cost && usdOf(cost.nano)) ?? 'unknown' }),
      'patchbay-overhead-ms': overhead(startedAt, sent.upstreamMs),
    };
    return { status: sent.status, headers, body: sent.text };
  }
  const { message = '', code = '', retry_after_s: retryAfter } = sent.ending.problem ?? {};
  const fault = code === 'conflict' ? 'conflict' : 'service_failed'; // a secret of ours that does not open is no fault of theirs
  throw new AppError(fault, message, { retryAfter, extra: { code, execution_id: executionId } });
}

/**
 * The provider's list of models, with the tiers among them.
 * @throws as `callModel`
 */
export async function listModels(ctx: Ctx, handle?: string, signal?: AbortSignal): Promise<ModelAnswer> {
  const executionId = timeOrderedId();
  const target = await startExecution(ctx, { id: executionId, tool: 'llm.models', input: {}, changes: false }, (tx) =>
    findModelTarget(tx, ctx, { handle }),
  );
  const request = { operation: 'models' as const, signal };
  const sent = await send(ctx, target, request, null, executionId);
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => endExecution(tx, ctx, executionId, sent.ending), { quiet: true });
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
  return {
    status: sent.status,
    headers: { ...Object.fromEntries(sent.headers), 'patchbay-execution': executionId },
    body,
  };
}

function streamed(
  ctx: Ctx,
  call: ModelCallBegun,
  startedAt: number,
  sent: Streaming,
  about: Record<string, string>,
): ModelAnswer {
  const headers = {
    ...Object.fromEntries(sent.headers),
    ...about,
    'patchbay-overhead-ms': overhead(startedAt, sent.upstreamMs),
  };
  const { stream, hideUsage, ending } = sent;
  const body = meteredCall(ctx, call, { stream, hideUsage, startedAt, report: ending.report });
  return { status: sent.status, headers, body };
}

/** What the hub itself took, in milliseconds. */
const overhead = (startedAt: number, upstreamMs: number) =>
  Math.max(0, performance.now() - startedAt - upstreamMs).toFixed(1);
