import type { Ctx } from '../../context.ts';
import type { ExecutionRow } from '../../db/queries/executions.ts';
import type { Tool, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { getExecution } from './executions.ts';
import { findSourced } from './tool-sources.ts';
import { type Executed, executeTool } from './tools.ts';

/**
 * Why an execution cannot be run again with the same arguments; null when it can.
 * @param found its tool as it is today
 */
export function whyNoReplay(found: Tool | null, { tool, status, input }: ExecutionRow): string | null {
  if (!found) return whyNoTool(tool);
  if (status === 'running') return 'It is still running.';
  if (status === 'awaiting_approval') return 'It waits for approval.';
  if (found.sideEffect === 'write')
    return 'It changes something each time, so it is not replayed. Open the form instead.';
  if (input === null) return 'Its arguments were not kept. Enter them in the form.';
  return isWhole(input) ? null : 'Its arguments were kept masked or cut. Enter them in the form.';
}

function whyNoTool(tool: string): string {
  if (tool === 'proxy') return 'Requests through the proxy cannot be replayed.';
  return tool.startsWith('llm.') ? 'Calls of language models cannot be replayed.' : 'There is no such tool any more.';
}

/** The tool as it is today; null when there is none of this name. */
export const toolOf = async (ctx: Ctx, name: string): Promise<Tool | null> =>
  (await findSourced(ctx, name))?.tool ?? null;

/** Masking leaves marks, and so does cutting. */
const isWhole = (input: unknown): input is Values =>
  typeof input === 'object' && input !== null && !('cut' in input) && !JSON.stringify(input).includes('[redacted]');

/**
 * Runs the same tool with the same arguments through the same connection.
 * @throws AppError not_found, conflict with why not, and what `executeTool` throws
 */
export async function replayExecution(ctx: Ctx, id: string, signal?: AbortSignal): Promise<Executed> {
  const row = await getExecution(ctx, id);
  const why = whyNoReplay(await toolOf(ctx, row.tool), row);
  if (why !== null) throw new AppError('conflict', why);
  const target = row.connectionId ? { connectionId: row.connectionId } : { connectorId: row.connectorId };
  return executeTool(ctx, row.tool, { ...target, arguments: row.input as Values }, signal);
}
