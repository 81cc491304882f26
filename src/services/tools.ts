import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { type ConnectionRow, noteOnConnection } from '../db/queries/connections.ts';
import { type ConnectorRow, selectConnectors } from '../db/queries/connectors.ts';
import { type LoadedDriver, ServiceError, type Tool, type Values } from '../drivers/driver.ts';
import { AppError, invalid, notFound } from '../errors.ts';
import { compileSchema } from '../lib/schema/compile.ts';
import { defaultsOf } from '../lib/schema/walk.ts';
import { type CallReport, callService, noteUse } from './calls.ts';
import { connectionName, defaultConnection, ensureOwnConnection, mustFindConnection } from './connections.ts';
import { mustFind } from './connectors.ts';
import { beginExecution, type Ending, type ExecutionProblem, endExecution, problemOf } from './executions.ts';
import { requireExecutionRoom } from './quotas.ts';
import { withoutSecrets } from './secrets.ts';

/** The full name of a tool: its driver's key and its slug. */
export const toolName = (driver: LoadedDriver, tool: Tool): string => `${driver.entry.key}.${tool.slug}`;

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
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return [...ctx.hub.drivers.values()].flatMap((driver) => {
    const connectors = rows.filter(({ catalog }) => catalog.key === driver.entry.key);
    if (!connectors.length) return [];
    return (driver.tools ?? [])
      .filter((tool) => matches(words, [toolName(driver, tool), tool.title, tool.description, driver.entry.name]))
      .map((tool) => ({ name: toolName(driver, tool), tool, toolkit: driver.entry, connectors }));
  });
}

const matches = (words: string[], texts: string[]) =>
  words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));

export interface ExecuteInput {
  /** The account to act as. */
  connectionId?: string;
  /** The connector to go through; its usual connection is taken. */
  connectorId?: string;
  arguments: Values;
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
  const executionId = uuidv7();
  const { connector, connection } = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    await requireExecutionRoom(tx, ctx.tenantId);
    const target = await findTarget(tx, ctx, driver, input);
    const ids = { connectorId: target.connector.id, connectionId: target.connection.id };
    await beginExecution(tx, ctx, { id: executionId, tool: name, ...ids, input: values });
    return target;
  });
  const ending = await run(ctx, { driver, tool, connector, connection }, { values, executionId, signal });
  await settle(ctx, connection, executionId, ending);
  const { status, output, problem, report } = ending;
  return { executionId, status, data: output ?? null, error: problem ?? null, report };
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

function checkArguments(tool: Tool, given: Values): Values {
  const values = { ...defaultsOf(tool.input), ...given };
  const errors = compileSchema(tool.input, { prefix: 'arguments' })(values);
  if (Object.keys(errors).length) throw invalid(errors);
  return values;
}

interface Target {
  connector: ConnectorRow;
  connection: ConnectionRow;
}

async function findTarget(tx: Tx, ctx: Ctx, driver: LoadedDriver, input: ExecuteInput): Promise<Target> {
  const named = input.connectionId ? await mustFindConnection(tx, ctx, input.connectionId) : null;
  const connectorId = named?.connectorId ?? input.connectorId;
  if (named && input.connectorId && input.connectorId !== named.connectorId) throw notFound('connection');
  const connector = connectorId ? await mustFind(tx, ctx, connectorId) : await onlyConnector(tx, ctx, driver);
  if (connector.catalog.key !== driver.entry.key)
    throw invalid({
      connector_id: [`${connector.name} is a connector of ${connector.catalog.name}, not of ${driver.entry.name}.`],
    });
  requireActive(connector);
  const connection = named ?? (await usualConnection(tx, ctx, driver, connector));
  requireUsable(connection, connector);
  return { connector, connection };
}

async function onlyConnector(tx: Tx, ctx: Ctx, driver: LoadedDriver): Promise<ConnectorRow> {
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKey: driver.entry.key, status: 'active', limit: 50 });
  const [only, ...others] = rows;
  if (!only)
    throw new AppError('conflict', `No connector of ${driver.entry.name} is active. Install one, or activate it.`);
  if (!others.length) return only;
  const choices = rows.map(({ handle, id }) => `${handle} (${id})`).join(', ');
  throw invalid({ connector_id: [`Say which connector of ${driver.entry.name} is meant: ${choices}.`] });
}

function requireActive({ name, status, statusReason }: ConnectorRow) {
  if (status === 'inactive') throw new AppError('conflict', `${name} is inactive. Activate it first.`);
  if (status === 'error')
    throw new AppError('conflict', `${name} does not work at the moment. ${statusReason ?? ''}`.trim());
}

async function usualConnection(tx: Tx, ctx: Ctx, driver: LoadedDriver, connector: ConnectorRow) {
  const found = await defaultConnection(tx, ctx, connector.id);
  if (found) return found;
  if (!driver.needsConnection(withoutSecrets(connector.auth))) return ensureOwnConnection(tx, ctx, connector);
  throw new AppError('conflict', `No account is connected to ${connector.name}. Connect one first.`);
}

function requireUsable(connection: ConnectionRow, connector: ConnectorRow) {
  if (connection.status === 'active') return;
  const name = connectionName(connection, connector);
  const way = connection.status === 'inactive' ? 'Switch it on first.' : 'Connect the account again.';
  throw new AppError(
    'conflict',
    `The connection of ${name} is ${connection.status}. ${connection.statusReason ?? ''} ${way}`.replace(/ {2,}/g, ' '),
  );
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

async function settle(ctx: Ctx, connection: ConnectionRow, executionId: string, ending: Ending) {
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => endExecution(tx, ctx, executionId, ending));
  await noteUse(ctx, connection, ending.report);
}
