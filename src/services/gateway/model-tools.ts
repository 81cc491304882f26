import type { Ctx } from '../../context.ts';
import { noteOnConnection } from '../../db/queries/connections.ts';
import { type LoadedDriver, type ModelTool, ServiceError, type Tool, type Values } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import type { NamedTarget } from '../calls/call-targets.ts';
import { type CallReport, nothingCalled } from '../calls/calls.ts';
import { callService } from '../calls/connected-calls.ts';
import { type Ending, type ExecutionProblem, problemOf } from '../tools/executions.ts';
import type { Seen } from './llm-stream.ts';
import type { RecordedUsage } from './llm-usage.ts';
import {
  aboutCall,
  beginModelCall,
  type ModelCallBegun,
  meteredCall,
  nothingSeen,
  seenIn,
  unexpected,
} from './model-calls.ts';

/** A tool that asks a language model. */
export type AskingTool = Tool & { llm: ModelTool };

export interface Asked {
  driver: LoadedDriver;
  tool: AskingTool;
  /** With the toolkit in front. */
  name: string;
  /** The checked arguments. */
  values: Values;
  named: NamedTarget;
  executionId: string;
  signal?: AbortSignal;
}

/** How a question ended. */
export interface Answered {
  status: Ending['status'];
  data: unknown;
  error: ExecutionProblem | null;
  report: CallReport;
  /** Null when nothing was used. */
  usage: RecordedUsage | null;
}

export interface AnsweredInPieces {
  headers: Record<string, string>;
  /** Server-sent events of the provider's protocol; the last one is told by `last`. */
  stream: ReadableStream<Uint8Array>;
}

/** Asks by a tool as programs ask directly: with a tier, a budget, and what it used written down. @throws AppError as `beginModelCall` */
export async function askByTool(ctx: Ctx, asked: Asked): Promise<Answered> {
  const begun = await begin(ctx, asked);
  const { tool, executionId } = asked;
  const sent = await send(ctx, asked, begun, (context, request) => tool.run(context, request));
  if (!('value' in sent)) return settled(begun, sent.ending, sent.lost);
  const output = sent.value as Values;
  const { model: _model, usage: _usage, ...written } = output;
  const report = { ...sent.report, executionId };
  return settled(begun, { status: 'succeeded', output, report }, seenIn(begun.call.target.provider, output, written));
}

/**
 * The same, and the answer while it comes.
 * @param last what is told at the very end of the stream
 */
export async function streamByTool(
  ctx: Ctx,
  asked: Asked & { stream: NonNullable<ModelTool['stream']> },
  last: (answered: Answered) => Uint8Array,
): Promise<Answered | AnsweredInPieces> {
  const begun = await begin(ctx, asked);
  const sent = await send(ctx, asked, begun, asked.stream);
  if (!('value' in sent)) return settled(begun, sent.ending, sent.lost);
  const { body, headers } = sent.value;
  if (!body || !/^text\/event-stream/i.test(headers.get('content-type') ?? '')) {
    void body?.cancel().catch(() => {});
    return settled(begun, { ...noStream, report: sent.report }, nothingSeen());
  }
  const stream = meteredCall(ctx, begun.call, {
    ...{ stream: body as ReadableStream<Uint8Array>, report: sent.report, startedAt: begun.startedAt, hideUsage: true },
    last: (ending) => last(answered(begun, ending)),
  });
  return { stream, headers: aboutCall(asked.executionId, begun.call) };
}

interface Begun {
  call: ModelCallBegun;
  startedAt: number;
  usage: RecordedUsage | null;
}

async function begin(ctx: Ctx, { driver, tool, name, values, named, executionId }: Asked): Promise<Begun> {
  const startedAt = performance.now();
  const { operation, request } = tool.llm;
  const recorded: { usage: RecordedUsage | null } = { usage: null };
  const call = await beginModelCall(ctx, {
    ...{ executionId, tool: name, input: values, operation, startedAt },
    once: true,
    named: { ...named, driver },
    request: ({ connector }) => {
      const body = request(connector.config, values);
      return { body, text: JSON.stringify(body) };
    },
    recorded: (usage) => {
      recorded.usage = usage;
    },
  });
  return Object.assign(recorded, { call, startedAt });
}

interface Unsent {
  ending: Ending;
  /** What may have been used all the same. */
  lost: Seen | null;
}

async function send<T>(
  ctx: Ctx,
  { driver, tool, values, executionId, signal }: Asked,
  { call }: Begun,
  ask: (context: Parameters<Tool['run']>[0], request: Values) => Promise<T>,
): Promise<{ value: T; report: CallReport } | Unsent> {
  const { target, chosen } = call;
  const timeoutMs = target.provider.timeoutMs(target.connector.config);
  let report = nothingCalled(executionId);
  // Twice asked is twice paid: only what the provider did not take up is repeated.
  const options = { sideEffect: 'write', executionId, signal, deadlineMs: timeoutMs, attemptMs: timeoutMs } as const;
  try {
    return await callService(
      ctx,
      { ...target, driver },
      { ...options, maxBytes: 100 * 1024 * 1024 },
      (context) => ask(context, tool.llm.request(context.config, { ...values, model: chosen.model })),
      (seen) => {
        report = seen;
      },
    );
  } catch (error) {
    if (error instanceof ServiceError && error.fault === 'credential') await lookAgain(ctx, target.connection.id);
    return { ending: { ...judged(ctx, error), report }, lost: mayHaveCost(error) ? nothingSeen() : null };
  }
}

function judged(ctx: Ctx, error: unknown) {
  try {
    return problemOf(error, false);
  } catch {
    ctx.log.error({ err: error }, 'a question to a model failed by a defect of ours');
    return unexpected;
  }
}

/** The provider may have worked: its answer was lost on the way, or is none. */
const mayHaveCost = (error: unknown): boolean =>
  error instanceof OutboundError
    ? error.mayHaveArrived
    : error instanceof ServiceError && error.fault === 'service' && error.status === undefined;

/** A refused credential is no passing trouble: the next scan checks the connection and says so. */
const lookAgain = (ctx: Ctx, id: string) =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => noteOnConnection(tx, ctx.tenantId, id, { nextCheckAt: new Date() }));

const noStream = {
  status: 'failed',
  problem: { code: 'service_service', message: 'The provider did not answer piece by piece.', retryable: false },
} as const;

async function settled(begun: Begun, ending: Ending, seen: Seen | null): Promise<Answered> {
  await begun.call.end(ending, seen);
  return answered(begun, ending);
}

const answered = ({ usage }: Begun, { status, output, problem, report }: Ending): Answered => ({
  ...{ status, data: output ?? null, error: problem ?? null, report, usage },
});
