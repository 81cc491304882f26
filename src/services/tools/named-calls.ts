import type { Ctx } from '../../context.ts';
import type { Values } from '../../drivers/driver.ts';
import { findNamedTool } from './named-tools.ts';
import { type Executed, executeTool } from './tools.ts';

/** There is no such tool, or none that this caller may know of. */
export class UnknownTool extends Error {
  constructor(name: string) {
    super(`There is no tool “${name.slice(0, 100)}” here. List the tools again: connectors come and go.`);
  }
}

/** Calls a tool by the name that agents know it by. @throws UnknownTool, or AppError as `executeTool` */
export async function callNamedTool(ctx: Ctx, name: string, values: Values, signal?: AbortSignal): Promise<Executed> {
  const found = await findNamedTool(ctx, name);
  if (!found) throw new UnknownTool(name);
  return executeTool(ctx, found.slug, { connectorId: found.connector.id, arguments: values }, signal);
}
