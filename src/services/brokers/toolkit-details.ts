import type { Ctx } from '../../context.ts';
import type { BrokerTool, LoadedDriver, Tool, ToolkitDetails, ToolkitScheme } from '../../drivers/driver.ts';
import { notFound } from '../../errors.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { getCatalogEntry } from '../connectors/catalog.ts';
import { toolNameIn } from './broker-tool-names.ts';
import { type BrokerTarget, brokerProblem } from './brokers.ts';
import { askBroker } from './toolkit-cache.ts';
import { findToolkit } from './toolkit-lookup.ts';
import { brokered, type Freshness, own, type Toolkit } from './toolkits.ts';

export interface ToolkitTool {
  name: string;
  title: string;
  description: string;
  sideEffect: Tool['sideEffect'];
  unusable: string | null;
}

export interface DetailedToolkit {
  toolkit: Toolkit;
  schemes: ToolkitScheme[];
  tools: ToolkitTool[];
  /** True when there are more tools than are told here. */
  moreTools: boolean;
  freshness: Freshness | null;
}

/** Tools that the details name at most; GET /api/tools has all, with their schemas. */
const mostTools = 50;

/**
 * One toolkit with its ways to authenticate, their fields, and its first tools.
 * @param slug as lists name it; a broker’s toolkit also without the broker’s name when it is no catalog entry
 * @throws AppError not_found, unavailable when the broker cannot be asked and was not asked before
 */
export async function getToolkitDetails(ctx: Ctx, slug: string, connectorId?: string): Promise<DetailedToolkit> {
  const found = await findToolkit(ctx, slug, connectorId);
  if (!found.target) return ownDetails(ctx, found.driver);
  const { target, toolkit } = found;
  const details = await brokeredDetails(ctx, target, toolkit);
  const tools = await askBroker(ctx, target, { kind: 'tools', toolkit }).catch(() => null);
  const items = tools?.value.items ?? [];
  return {
    toolkit: brokered(target, details.value),
    schemes: details.value.authSchemes,
    tools: items.slice(0, mostTools).map((each) => brokeredTool(target, each)),
    moreTools: items.length > mostTools || Boolean(tools?.value.nextCursor),
    freshness: details,
  };
}

/** A broker’s toolkit as it is known. @throws AppError not_found, unavailable */
export async function brokeredDetails(
  ctx: Ctx,
  target: BrokerTarget,
  toolkit: string,
): Promise<Freshness & { value: ToolkitDetails }> {
  try {
    if (!isSlug(toolkit)) throw notFound('toolkit');
    return await askBroker(ctx, target, { kind: 'toolkit', toolkit });
  } catch (error) {
    throw brokerProblem(error, target, { unknown: 'toolkit' });
  }
}

const isSlug = (text: string) => /^[a-z0-9][a-z0-9_-]{0,99}$/.test(text);

const brokeredTool = ({ driver }: BrokerTarget, tool: BrokerTool): ToolkitTool => ({
  name: `${driver.entry.key}.${toolNameIn(tool)}`,
  title: tool.title,
  description: tool.description.slice(0, 500),
  sideEffect: tool.sideEffect,
  unusable: tool.unusable,
});

async function ownDetails(ctx: Ctx, driver: LoadedDriver): Promise<DetailedToolkit> {
  const item = await getCatalogEntry(ctx, driver.entry.key);
  return {
    toolkit: own(item, driver),
    schemes: (item.authSchema.oneOf ?? []).map((each: JsonSchema) => ownScheme(each)),
    tools: (driver.tools ?? []).slice(0, mostTools).map(({ slug, title, description, sideEffect }) => ({
      ...{ name: `${driver.entry.key}.${slug}`, title, description, sideEffect, unusable: null },
    })),
    moreTools: (driver.tools?.length ?? 0) > mostTools,
    freshness: null,
  };
}

/** The auth of our own entries stands in their connectors: there is nothing to make beside. */
function ownScheme(schema: JsonSchema): ToolkitScheme {
  const scheme = String((schema.properties?.method as { const?: unknown } | undefined)?.const ?? '');
  const connects = scheme === 'oauth2' ? 'link' : scheme === 'none' ? 'none' : 'values';
  const empty = { type: 'object', properties: {} } as JsonSchema;
  const title = typeof schema.title === 'string' ? schema.title : scheme;
  return {
    scheme,
    title,
    connects,
    managed: false,
    configFields: schema,
    accountFields: empty,
    helpUrl: null,
    unusable: null,
  };
}
