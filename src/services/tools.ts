import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import { type ConnectionRow, noteOnConnection } from '../db/queries/connections.ts';
import { type ConnectorRow, selectConnectors } from '../db/queries/connectors.ts';
import { type LoadedDriver, ServiceError, type Tool, type Values } from '../drivers/driver.ts';
import { AppError, type FieldErrors, invalid } from '../errors.ts';
import { compileSchema } from '../lib/schema/compile.ts';
import { defaultsOf } from '../lib/schema/walk.ts';
import { findTarget, type NamedTarget, type Target } from './call-targets.ts';
import { type CallReport, noteUse } from './calls.ts';
import { callService } from './connected-calls.ts';
import { type Ending, type ExecutionProblem, endExecution, problemOf, startExecution } from './executions.ts';
import { getConnector } from './installed.ts';

/** The full name of a tool: its driver's key and its slug. */
const toolName = (driver: LoadedDriver, tool: Tool): string => `${driver.entry.key}.${tool.slug}`;

export interface OfferedTool {
  name: string;
  tool: Tool;
  toolkit: { key: string; name: string };
  /** The connectors through which it can be called. */
  connectors: Pick<ConnectorRow, 'id' | 'name' | 'handle'>[];
}

export interface ToolQuery {
  toolkits?: string[];
  search?: string;
}

/** The tools of the workspace's active connectors, by name. */
export async function listTools(ctx: Ctx, { toolkits, search }: ToolQuery): Promise<OfferedTool[]> {
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => selectConnectors(tx, ctx.tenantId, { status: 'active', catalogKeys: toolkits, limit: 1_000 }),
    { readOnly: true },
  );
  const words = wordsOf(search);
  return [...ctx.hub.drivers.values()].flatMap((driver) => {
    const connectors = rows.filter(({ catalog }) => catalog.key === driver.entry.key);
    if (!connectors.length) return [];
    return (driver.tools ?? [])
      .filter((tool) => matches(words, [toolName(driver, tool), tool.title, tool.description, driver.entry.name]))
      .map((tool) => ({ name: toolName(driver, tool), tool, toolkit: driver.entry, connectors }));
  });
}

const wordsOf = (search = '') => search.toLowerCase().split(/\s+/).filter(Boolean);

const matches = (words: string[], texts: string[]) =>
  words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));

export interface ExecuteInput extends NamedTarget {
  arguments: Values;
  /** An id that a form reserved: what was sent twice runs once. */
  executionId?: string;
}

export interface Executed {
  executionId: string;
  status: Ending['status'];
  data: unknown;
  error: ExecutionProblem | null;
  report: CallReport;
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
  const { driver, tool } = findTool(ctx, name);
  const values = checkArguments(tool, input.arguments);
  const executionId = input.executionId ?? uuidv7();
  const { connector, connection } = await startExecution(ctx, { id: executionId, tool: name, input: values }, (tx) =>
    findTarget(tx, ctx, driver, input),
  );
  const ending = await run(ctx, { driver, tool, connector, connection }, { values, executionId, signal });
  await settle(ctx, connection, executionId, ending);
  const { status, output, problem, report } = ending;
  return { executionId, status, data: output ?? null, error: problem ?? null, report };
}

/** The tools of one connector whatever its state, as far as the words match. @throws AppError not_found */
export async function toolsOf(ctx: Ctx, connectorId: string, search = '') {
  const { connector } = await getConnector(ctx, connectorId);
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  const words = wordsOf(search);
  const tools = driver?.tools ?? [];
  return {
    connector,
    total: tools.length,
    tools: tools.filter(({ slug, title, description }) => matches(words, [slug, title, description])),
  };
}

/** @throws AppError not_found */
export function findTool(ctx: Ctx, name: string): { driver: LoadedDriver; tool: Tool } {
  const [key = '', slug] = name.split('.');
  const driver = ctx.hub.drivers.get(key);
  const tool = driver?.tools?.find((each) => each.slug === slug && toolName(driver, each) === name);
  if (!driver || !tool)
    throw new AppError('not_found', `There is no tool “${name.slice(0, 100)}”. GET /api/tools lists them.`);
  return { driver, tool };
}

/**
 * The arguments with the defaults of what is missing.
 * @param found what was wrong with them already when they were read
 * @throws AppError invalid_input with `arguments.…`
 */
export function checkArguments(tool: Tool, given: Values, found: FieldErrors = {}): Values {
  const values = { ...defaultsOf(tool.input), ...given };
  const errors = { ...compileSchema(tool.input, { prefix: 'arguments' })(values), ...found };
  if (Object.keys(errors).length) throw invalid(errors);
  return values;
}

async function run(
  ctx: Ctx,
  { driver, tool, connector, connection }: Target & { driver: LoadedDriver; tool: Tool },
  { values, executionId, signal }: { values: Values; executionId: string; signal?: AbortSignal },
): Promise<Ending> {
  const options = { sideEffect: tool.sideEffect, executionId, signal };
  let failed: CallReport | undefined;
  try {
    const { value, report } = await callService(
      ctx,
      { driver, connector, connection },
      options,
      (context) => tool.run(context, values),
      (report) => {
        failed = report;
      },
    );
    return { status: 'succeeded', output: value, report };
  } catch (error) {
    const report = failed ?? { executionId, durationMs: 0, attempts: 0, rateLimit: null, upstreamRequestId: null };
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

/** Writes how it ended, and with the connection that it was used. */
export async function settle(ctx: Ctx, connection: ConnectionRow, executionId: string, ending: Ending) {
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => endExecution(tx, ctx, executionId, ending));
  await noteUse(ctx, connection, ending.report);
}
