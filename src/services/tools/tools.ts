import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, noteOnConnection } from '../../db/queries/connections.ts';
import { selectConnectors } from '../../db/queries/connectors.ts';
import { type LoadedDriver, ServiceError, type Tool, type Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { needsApproval } from '../api-keys/key-limits.ts';
import { askApproval } from '../approvals/approval-requests.ts';
import { findTarget, type NamedTarget, type Target } from '../calls/call-targets.ts';
import { type CallReport, noteUse, nothingCalled } from '../calls/calls.ts';
import { callService } from '../calls/connected-calls.ts';
import { type CallTarget, readAhead } from '../calls/opened-targets.ts';
import { getConnector } from '../connectors/installed.ts';
import type { RecordedUsage } from '../gateway/llm-usage.ts';
import { type AnsweredInPieces, type AskingTool, askByTool, streamByTool } from '../gateway/model-tools.ts';
import { writeEnding } from './endings.ts';
import {
  type Ending,
  type ExecutionProblem,
  endExecution,
  type MayKeep,
  problemOf,
  type Resumed,
  startExecution,
} from './executions.ts';
import { checkArguments } from './tool-arguments.ts';
import type { SourcedTool } from './tool-source.ts';
import { countTools, findSourced, pageOfTools, rankedTools, type ToolPageQuery } from './tool-sources.ts';

export type ToolQuery = Omit<ToolPageQuery, 'limit'> & { limit?: number };

/** A page of the tools of the workspace's active connectors, by service. @throws AppError invalid_input */
export async function listTools(ctx: Ctx, { limit = 50, ...query }: ToolQuery) {
  const toolkits = query.toolkits?.flatMap((name) => inFull(ctx, name.toLowerCase()));
  const catalogKeys = toolkits?.map((each) => each.split('.', 1)[0] ?? '');
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => selectConnectors(tx, ctx.tenantId, { status: 'active', catalogKeys, limit: 1_000 }),
    { readOnly: true },
  );
  return (query.search?.trim() ? rankedTools : pageOfTools)(ctx, rows, { ...query, toolkits, limit });
}

/** A toolkit that a broker brings may go by its own name alone, as accounts name it. */
function inFull({ hub }: Ctx, name: string): string[] {
  if (name.includes('.') || hub.drivers.has(name)) return [name];
  return [...hub.drivers.values()].flatMap(({ entry, broker }) => (broker ? `${entry.key}.${name}` : []));
}

export interface ExecuteInput extends NamedTarget {
  arguments: Values;
  /** An id that a form reserved: what was sent twice runs once. */
  executionId?: string;
  /** An admin approved it. */
  resumed?: Resumed;
}

export interface Executed {
  executionId: string;
  /** `awaiting_approval`: nothing was called yet, and somebody has to agree first. */
  status: Ending['status'] | 'awaiting_approval';
  data: unknown;
  error: ExecutionProblem | null;
  report: CallReport;
  /** What it used of language models, where it asked one. */
  usage?: RecordedUsage | null;
  /** Until when somebody can agree, while it waits for that. */
  approvalUntil?: Date;
}

/**
 * Runs a tool of an installed connector. A failure at the service is a result; what is thrown never reached it.
 * @throws AppError not_found, invalid_input with `arguments.…`, conflict when nothing usable is connected, quota_exceeded
 */
export async function executeTool(
  ctx: Ctx,
  name: string,
  input: ExecuteInput,
  signal?: AbortSignal,
): Promise<Executed> {
  const found = await prepare(ctx, name, input);
  const { driver, tool, values, named, executionId } = found;
  if (asksModel(tool)) return { executionId, ...(await askByTool(ctx, { ...found, tool, signal })) };
  const { resumed } = input;
  const effect = { changes: tool.sideEffect !== 'none', adds: tool.adds };
  if (!resumed && needsApproval(ctx, effect)) return waiting(executionId, await askApproval(ctx, found));
  const begun = await startExecution(
    ctx,
    { id: executionId, tool: name, input: values, ...effect, resumed },
    async (tx) => {
      const target = await findTarget(tx, ctx, driver, named, found.account);
      return { ...target, ahead: readAhead(tx, ctx, target) };
    },
  );
  const { connector, connection } = begun;
  const ending = await run(
    ctx,
    { driver, tool: asAccount(found, connection), connector, connection, sealed: await begun.ahead },
    { values, executionId, signal },
  );
  await settle(ctx, begun, executionId, ending, resumed);
  const { status, output, problem, report } = ending;
  return { executionId, status, data: output ?? null, error: problem ?? null, report };
}

const waiting = (executionId: string, approvalUntil: Date): Executed => ({
  executionId,
  status: 'awaiting_approval',
  data: null,
  error: null,
  approvalUntil,
  report: nothingCalled(executionId),
});

/**
 * Runs a tool and hands its answer on while it comes, as server-sent events; at once where there is none to come.
 * @param last what is told at the very end
 * @throws AppError as `executeTool`, and invalid_input for a tool that answers in one piece
 */
export async function streamTool(
  ctx: Ctx,
  name: string,
  input: ExecuteInput,
  last: (executed: Executed) => Uint8Array,
  signal?: AbortSignal,
): Promise<Executed | AnsweredInPieces> {
  const found = await prepare(ctx, name, input);
  const { tool, executionId } = found;
  if (!asksModel(tool) || !tool.llm.stream)
    throw invalid({ stream: [`“${name}” answers in one piece. Leave this out.`] });
  const asked = { ...found, tool, signal, stream: tool.llm.stream };
  const given = await streamByTool(ctx, asked, (answered) => last({ executionId, ...answered }));
  return 'stream' in given ? given : { executionId, ...given };
}

const asAccount = ({ tool, runAs }: Pick<SourcedTool, 'tool' | 'runAs'>, connection: ConnectionRow): Tool =>
  runAs ? { ...tool, run: (context, values) => runAs(connection, context, values) } : tool;

const asksModel = (tool: Tool): tool is AskingTool => tool.llm !== undefined;

/** What is run, with its arguments checked. */
async function prepare(ctx: Ctx, name: string, input: ExecuteInput) {
  const { driver, tool, connectorId, account, runAs } = await findTool(ctx, name);
  const values = await checkArguments(tool, input.arguments);
  const named = throughOwn(name, input, connectorId);
  return { driver, tool, account, runAs, name, values, named, executionId: input.executionId ?? uuidv7() };
}

/** A tool that one connector brought is called through that one. @throws AppError invalid_input */
function throughOwn(name: string, { connectionId, connectorId }: NamedTarget, own?: string): NamedTarget {
  if (own && connectorId && connectorId !== own)
    throw invalid({ connector_id: [`“${name}” belongs to another connector. Leave this out, or name that one.`] });
  return { connectionId, connectorId: own ?? connectorId };
}

/** A page of the tools of one connector, whatever its state, as far as the words match. @throws AppError not_found, invalid_input */
export async function toolsOf(ctx: Ctx, connectorId: string, search = '', cursor?: string) {
  const { connector } = await getConnector(ctx, connectorId);
  const { data, nextCursor } = await pageOfTools(ctx, [connector], { search, cursor, limit: 50 });
  return {
    connector,
    total: await countTools(ctx, [connector]),
    /** Whether operations can be imported as further ones. */
    imports: ctx.hub.drivers.get(connector.catalog.key)?.runOperation !== undefined,
    tools: data.map(({ tool }) => tool),
    nextCursor,
  };
}

/** @throws AppError not_found */
export async function findTool(ctx: Ctx, name: string): Promise<SourcedTool & { driver: LoadedDriver }> {
  const found = await findSourced(ctx, name);
  if (found) return found;
  throw new AppError('not_found', `There is no tool “${name.slice(0, 100)}”. GET /api/tools lists them.`);
}

async function run(
  ctx: Ctx,
  { tool, ...target }: Target & Pick<CallTarget, 'driver' | 'sealed'> & { tool: Tool },
  { values, executionId, signal }: { values: Values; executionId: string; signal?: AbortSignal },
): Promise<Ending> {
  const { driver, connector, connection } = target;
  const patience = driver.broker?.timeoutMs(connector.config);
  const options = {
    sideEffect: tool.sideEffect,
    executionId,
    signal,
    ...(patience && { deadlineMs: patience, attemptMs: patience }),
  };
  let failed: CallReport | undefined;
  try {
    const { value, report } = await callService(
      ctx,
      target,
      options,
      (context) => tool.run(context, values),
      (report) => {
        failed = report;
      },
    );
    return { status: 'succeeded', output: value, report };
  } catch (error) {
    const report = failed ?? nothingCalled(executionId);
    if (error instanceof ServiceError && error.fault === 'credential') await lookAgain(ctx, connection);
    return { ...judged(ctx, error, tool), report };
  }
}

/** A defect of ours is told as one, but the execution ends all the same. */
function judged(ctx: Ctx, error: unknown, tool: Tool) {
  try {
    return problemOf(error, tool.sideEffect === 'write');
  } catch {
    ctx.log.error({ err: error, tool: tool.slug }, 'a tool failed by a defect of ours');
    const status = tool.sideEffect === 'write' ? 'outcome_unknown' : 'failed';
    return {
      status,
      problem: { code: 'internal', message: 'The tool itself failed. The log has the reason.', retryable: false },
    } as const;
  }
}

/** A refused credential is no passing trouble: the next scan checks the connection and says so. */
const lookAgain = (ctx: Ctx, { id }: ConnectionRow) =>
  ctx.hub.db.asTenant(ctx.tenantId, (tx) => noteOnConnection(tx, ctx.tenantId, id, { nextCheckAt: new Date() }));

/** Writes how it ended, and with the connection that it was used. @throws AppError outcome_unknown while the database is away */
export async function settle(
  ctx: Ctx,
  begun: Pick<Target, 'connection'> & MayKeep,
  executionId: string,
  ending: Ending,
  resumed?: Resumed,
) {
  const write = async (tx: Tx) => {
    await endExecution(tx, ctx, executionId, ending, begun);
    await resumed?.end(tx, ending);
  };
  await writeEnding(executionId, () => ctx.hub.db.asTenant(ctx.tenantId, write, { quiet: true }));
  await noteUse(ctx, begun.connection, ending.report);
}
