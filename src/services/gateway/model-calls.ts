import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { LlmProvider, Values } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { type CallReport, noteUse } from '../calls/calls.ts';
import { type Ending, endExecution, problemOf, startExecution } from '../tools/executions.ts';
import { insistently, prolonging, type Reserved, reserve, settle, tellingRefusals } from '../usage/budgets.ts';
import type { ModelTarget } from './gateway-target.ts';
import type { Cost } from './llm-prices.ts';
import { brokenOff, lengthOf, metered, type Seen } from './llm-stream.ts';
import type { RecordedUsage } from './llm-usage.ts';
import { worstCaseOf } from './llm-worst-case.ts';
import { type ChosenModel, chooseModel } from './model-tiers.ts';

/** A question to a language model, before anything leaves the hub. */
export interface Question {
  executionId: string;
  /** As executions call it. */
  tool: string;
  /** What executions keep of it, where they keep anything. */
  input: unknown;
  operation: 'chat' | 'embeddings';
  /** What is asked through: `text` is the request as far as it is known before the model is. */
  find(tx: Tx): Promise<{ target: ModelTarget; body: Values; text: string }>;
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
 * Finds what to ask through, chooses the model, takes the worst case from the budgets, and writes that it has begun; in one transaction.
 * @throws what `find` throws, AppError malformed_request, quota_exceeded, budget_exceeded, price_unknown, conflict when it was begun already
 */
export async function beginModelCall(ctx: Ctx, question: Question): Promise<ModelCallBegun> {
  const { executionId, operation, startedAt, recorded } = question;
  const begin = () =>
    startExecution(ctx, { id: executionId, tool: question.tool, input: question.input, changes: false }, async (tx) => {
      const { target, body, text } = await question.find(tx);
      const chosen = chooseModel(operation, body, target.provider.models(target.connector.config));
      const reserved = await reserve(tx, ctx, {
        ...{ executionId, operation, startedAt, recorded },
        ...{ connectorId: target.connector.id, priceList: target.provider.priceList },
        ...{ model: chosen.model, tier: chosen.tier, promptCharacters: text.length },
        worst: worstCaseOf(operation, text, body, chosen.model),
      });
      return { ...target, target, chosen, reserved };
    });
  const { target, chosen, reserved } = await tellingRefusals(ctx, begin);
  return { target, chosen, end: ending(ctx, target, reserved) };
}

function ending(ctx: Ctx, target: ModelTarget, reserved: Reserved): ModelCallBegun['end'] {
  const { executionId } = reserved.call;
  const stop = prolonging(ctx, executionId);
  return async (outcome, seen) => {
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
