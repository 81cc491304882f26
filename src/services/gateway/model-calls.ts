import type { Ctx } from '../../context.ts';
import type { CallEntry } from '../../db/queries/model-calls.ts';
import type { LlmProvider, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { whyLimited } from '../api-keys/key-limits.ts';
import { type CallReport, noteUse } from '../calls/calls.ts';
import { isDatabaseAway, notWritten } from '../tools/endings.ts';
import { type Ending, problemOf, startExecution } from '../tools/executions.ts';
import { masked } from '../tools/payloads.ts';
import { giveBack, type Reserved, reserve, settle } from '../usage/budgets.ts';
import { recordCall } from '../usage/call-batches.ts';
import type { ModelTarget, NamedModelTarget } from './gateway-target.ts';
import type { Cost } from './llm-prices.ts';
import { brokenOff, lengthOf, metered, type Seen } from './llm-stream.ts';
import { apiKeyOf, type ModelCall, type RecordedUsage } from './llm-usage.ts';
import { worstCaseOf } from './llm-worst-case.ts';
import { type ChosenModel, chooseModel } from './model-tiers.ts';
import { type Standing, standingOf } from './standing.ts';

/** A question to a language model, before anything leaves the hub. */
export interface Question {
  executionId: string;
  /** Somebody else may have asked under this id before: then it is not asked again. */
  once?: boolean;
  /** As executions call it. */
  tool: string;
  /** What executions keep of it, where they keep anything. */
  input: unknown;
  operation: 'chat' | 'embeddings';
  /** What it is to be asked through. */
  named: NamedModelTarget;
  /** The request as far as it is known before the model is. */
  request(target: ModelTarget): { body: Values; text: string };
  /** When it came; `performance.now()`. */
  startedAt: number;
  recorded?(usage: RecordedUsage): void;
}

/** A call that may leave the hub. */
export interface ModelCallBegun {
  target: ModelTarget;
  chosen: ChosenModel;
  /**
   * Writes how the call ended and what it used, at once.
   * @param seen null when nothing was used
   * @returns the cost; null when unknown, undefined when nothing was used
   */
  end(outcome: Ending, seen: Seen | null): Promise<Cost | null | undefined>;
}

/**
 * Finds what to ask through, chooses the model, and takes the worst case from the budgets.
 * @throws what `findModelTarget` throws, AppError forbidden by a limit of the key, malformed_request, quota_exceeded, budget_exceeded,
 * price_unknown, conflict when it was begun already
 */
export async function beginModelCall(ctx: Ctx, question: Question): Promise<ModelCallBegun> {
  const { executionId, operation, startedAt, recorded } = question;
  const standing = await standingOf(ctx, question.named);
  const { target, prices, budgeted } = standing;
  const { body, text } = question.request(target);
  const chosen = chooseModel(operation, body, target.provider.models(target.connector.config));
  const call: ModelCall = {
    ...{ executionId, operation, startedAt, recorded },
    ...{ connectorId: target.connector.id, priceList: target.provider.priceList },
    ...{ model: chosen.model, tier: chosen.tier, promptCharacters: text.length },
    worst: worstCaseOf(operation, text, body, chosen.model),
  };
  const why = whyLimited(ctx, { tool: question.tool, connector: target.connector, changes: false });
  if (why) throw new AppError('forbidden', `${why} Ask who made it for another one.`);
  const reserved = budgeted ? await reserve(ctx, call, prices) : { call, prices, held: null };
  const stop = await begun(ctx, question, standing).catch(async (error) => {
    await giveBack(ctx, reserved).catch(() => {});
    throw error;
  });
  return { target, chosen, end: ending(ctx, { question, standing, reserved, stop }) };
}

/** A call that lasts is written down while it runs; most of those that are over sooner never need that. */
const lastingMs = 100;

/** Where others count on the record it is there before the call leaves. Returns what ends the waiting for a lasting one. */
async function begun(ctx: Ctx, question: Question, standing: Standing): Promise<() => void> {
  const { executionId: id, tool, input } = question;
  if (question.once || standing.counted) {
    await startExecution(ctx, { id, tool, input, changes: false }, async () => standing.target);
    return () => {};
  }
  const write = () => {
    const record = { id, ...entryOf(ctx, question, standing, null), api_key_id: apiKeyOf(ctx) };
    recordCall(ctx.hub, ctx.tenantId, record).catch((err) =>
      ctx.log.warn({ err, execution_id: id }, 'that a call is under way was not recorded'),
    );
  };
  const timer = setTimeout(write, lastingMs).unref();
  return () => clearTimeout(timer);
}

function entryOf(ctx: Ctx, question: Question, { target, keepPayloads }: Standing, ending: Ending | null): CallEntry {
  const { status = 'running', output, problem, report } = ending ?? {};
  return {
    tool: question.tool,
    connector_id: target.connector.id,
    connection_id: target.connection.id,
    status,
    duration_ms: report?.durationMs ?? null,
    attempts: report?.attempts ?? 0,
    error_code: problem?.code ?? null,
    error_message: problem?.message ?? null,
    upstream_request_id: report?.upstreamRequestId ?? null,
    ...(keepPayloads && { input: masked(question.input), ...(output !== undefined && { output: masked(output) }) }),
    actor_type: ctx.actor.type,
    actor_id: ctx.actor.id,
    actor_name: ctx.actor.name,
    request_id: ctx.requestId,
    elapsed_s: (performance.now() - question.startedAt) / 1000,
  };
}

interface Begun {
  question: Question;
  standing: Standing;
  reserved: Reserved;
  stop(): void;
}

function ending(ctx: Ctx, { question, standing, reserved, stop }: Begun): ModelCallBegun['end'] {
  return async (outcome, seen) => {
    stop();
    const cost = await settle(ctx, reserved, entryOf(ctx, question, standing, outcome), seen).catch((error) => {
      // Something was used: who is told to try again pays twice.
      throw seen && isDatabaseAway(error) ? notWritten(question.executionId, error) : error;
    });
    await noteUse(ctx, standing.target.connection, outcome.report);
    return cost;
  };
}

/** What a call comes to that failed by a defect of ours. */
export const unexpected = {
  status: 'failed',
  problem: { code: 'internal', message: 'The hub itself failed before the call was made.', retryable: true },
} as const;

/** What a whole answer tells of its use. */
export const seenIn = ({ tokensOf }: LlmProvider, answer: Values, written: unknown): Seen => ({
  model: typeof answer.model === 'string' ? answer.model : null,
  tokens: tokensOf(answer),
  firstAt: performance.now(),
  characters: lengthOf(written),
});

/** Where nothing came back, but the provider may have worked. */
export const nothingSeen = (): Seen => ({ model: null, tokens: null, firstAt: null, characters: 0 });

interface StreamToMeter {
  stream: ReadableStream<Uint8Array>;
  report: CallReport;
  hideUsage: boolean;
  startedAt: number;
  /** What is told at the very end, when all is written down. */
  last?(outcome: Ending): Uint8Array;
}

/** The stream as the caller gets it; what it used is written down when it ends, however it ends. */
export function meteredCall(ctx: Ctx, { target, end }: ModelCallBegun, answer: StreamToMeter) {
  return metered(answer.stream, {
    tokensOf: target.provider.tokensOf,
    hideUsage: answer.hideUsage,
    idleMs: target.provider.timeoutMs(target.connector.config),
    ended: async (seen, error) => {
      const report = { ...answer.report, durationMs: Math.round(performance.now() - answer.startedAt) };
      const broken = error instanceof OutboundError || error === null ? error : brokenOff(error);
      const outcome = broken ? { ...problemOf(broken, false), report } : { status: 'succeeded' as const, report };
      // The answer has been handed on; that it cannot be written down is no reason to break it off.
      await end(outcome, seen).catch((err: unknown) =>
        ctx.log.error({ err, execution_id: report.executionId }, 'the usage of a stream was not recorded'),
      );
      return answer.last?.(outcome);
    },
  });
}

/** What headers tell of a call. */
export const aboutCall = (executionId: string, { target, chosen }: ModelCallBegun): Record<string, string> => ({
  'patchbay-execution': executionId,
  'patchbay-connector': target.connector.handle,
  'patchbay-model': chosen.model,
  ...(chosen.tier && { 'patchbay-tier': chosen.tier, 'patchbay-tier-reason': chosen.reason ?? '' }),
});
