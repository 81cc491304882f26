import type { Ctx } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { ExecutionContext, LoadedDriver, Tool, Values } from '../../drivers/driver.ts';
import type { NeededToolkit } from '../calls/call-targets.ts';

/** A tool as a source gives it. */
export interface SourcedTool {
  /** What a source brings at run time has a slug of two parts, `<handle>.<operation>` or `<toolkit>.<tool>`, so that nothing collides. */
  tool: Tool;
  /** The only connector that it can be called through; without it any one of the driver’s. */
  connectorId?: string;
  /** Where it belongs, when that is not the catalog entry itself; the key as callers name it, e.g. `composio.gmail`. */
  toolkit?: { key: string; name: string };
  /** Whose account it needs, when that is another service than the driver’s own. */
  account?: NeededToolkit;
  /** Where it stands among the source’s tools, when its slug does not say it. */
  place?: string;
  /** Takes the place of the tool’s own `run` where that needs to know the account. */
  runAs?(connection: ConnectionRow, context: ExecutionContext, input: Values): Promise<unknown>;
}

export interface SourceQuery {
  /** Connectors of the driver: only tools that can be called through one of them. */
  connectors: ConnectorRow[];
  /** In lower case; each has to occur in the slug, the title or the description. */
  words: string[];
  /** Only slugs whose first part is one of these; null for all. */
  groups: string[] | null;
  /** The slug, or the place, that the page before ended with. */
  after: string | null;
  limit: number;
}

/** Where tools come from: the driver itself, or what a connector brings at run time. */
export interface ToolSource {
  /** Stands in cursors. */
  name: string;
  /** Whether connectors of this driver can have such tools; no other method is asked about others. */
  serves(driver: LoadedDriver): boolean;
  /** At most `limit` tools, always in the same order. */
  list(ctx: Ctx, driver: LoadedDriver, query: SourceQuery): Promise<SourcedTool[]>;
  /** How many `list` would give altogether, without words. */
  count(ctx: Ctx, driver: LoadedDriver, connectors: ConnectorRow[]): Promise<number>;
  /** By its slug, whatever the state of connectors; null when there is none in this workspace. */
  find(ctx: Ctx, driver: LoadedDriver, slug: string): Promise<SourcedTool | null>;
}
