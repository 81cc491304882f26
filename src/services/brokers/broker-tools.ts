import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type BrokerTool, ServiceError, type Tool } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { decodeCursor, encodeCursor } from '../../lib/pagination.ts';
import type { SourcedTool, SourceQuery, ToolSource } from '../tools/tool-source.ts';
import { observeBroker, outcomeOf } from './broker-metrics.ts';
import { brokerKeysOf, toolNameIn } from './broker-tool-names.ts';
import {
  asBroker,
  type BrokerDriver,
  type BrokerTarget,
  brokerProblem,
  brokerUserId,
  lookSoon,
  readBrokers,
} from './brokers.ts';
import { askBroker } from './toolkit-cache.ts';
import { connectedToolkits } from './toolkits.ts';

/** Pages of a broker that one request reads at most: of thousands of tools nobody reads more at a time. */
const mostPages = 5;

/**
 * The tools of a broker’s toolkits. Without a toolkit that is named: of those of which an account is connected, because the others cannot
 * be called anyway.
 */
export const brokerTools: ToolSource = {
  name: 'broker',
  serves: ({ broker }) => Boolean(broker),

  async list(ctx, driver, query) {
    const target = targetOf(ctx, query.connectors);
    if (!target) return [];
    const toolkits = query.groups ?? (await connectedToolkits(ctx, idsOf(query.connectors)));
    return listFrom(ctx, target, toolkits, query).catch((error: unknown) => {
      // What can be called otherwise is not taken along, unless it is these that are asked for.
      if (query.groups || !isExpected(error)) throw brokerProblem(error, target, { unknown: 'toolkit' });
      ctx.log.warn({ err: error, catalog_key: driver.entry.key }, 'the tools of a broker are left out');
      return [];
    });
  },

  async count(ctx, _driver, connectors) {
    const target = targetOf(ctx, connectors);
    if (!target) return 0;
    const toolkits = await connectedToolkits(ctx, idsOf(connectors));
    const counts = await Promise.all(
      toolkits.map((toolkit) =>
        askBroker(ctx, target, { kind: 'toolkit', toolkit }).then(
          ({ value }) => value.toolsCount ?? 0,
          () => 0,
        ),
      ),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  },

  async find(ctx, driver, slug) {
    const wanted = brokerKeysOf(slug);
    const [target] = wanted ? await readBrokers(ctx, driver.entry.key) : [];
    if (!wanted || !target) return null;
    const { value } = await askBroker(ctx, target, { kind: 'named_tools', ...wanted }).catch((error: unknown) => {
      throw brokerProblem(error, target, { unknown: 'tool' });
    });
    const tool = value.find((each) => toolNameIn(each) === slug);
    if (!tool) return null;
    if (tool.unusable)
      throw new AppError('conflict', `“${driver.entry.key}.${slug}” cannot be called. ${tool.unusable}`);
    const named = await askBroker(ctx, target, { kind: 'toolkit', toolkit: tool.toolkit }).catch(() => null);
    return sourced(ctx, target.driver, tool, named?.value);
  },
};

const isExpected = (error: unknown) => [ServiceError, OutboundError, AppError].some((kind) => error instanceof kind);

/** Of several connectors of one broker the first that works: they bring the same. */
function targetOf(ctx: Ctx, connectors: ConnectorRow[]): BrokerTarget | null {
  const connector = connectors.find(({ status }) => status === 'active') ?? connectors[0];
  return connector ? asBroker(ctx, connector) : null;
}

const idsOf = (connectors: ConnectorRow[]) => connectors.map(({ id }) => id);

/** Goes on behind a place: in which toolkit, in which of the broker’s pages, behind which tool. */
async function listFrom(
  ctx: Ctx,
  target: BrokerTarget,
  toolkits: string[],
  { words, after, limit }: SourceQuery,
): Promise<SourcedTool[]> {
  const [from = '', page = '', last = ''] = after ? decodeCursor(after, 3) : [];
  const found: SourcedTool[] = [];
  let pages = 0;
  for (const toolkit of toolkits.slice(Math.max(0, toolkits.indexOf(from)))) {
    const named = await askBroker(ctx, target, { kind: 'toolkit', toolkit });
    let cursor = toolkit === from ? page : '';
    let skipTo = toolkit === from ? last : '';
    for (;;) {
      const { value } = await askBroker(ctx, target, { kind: 'tools', toolkit, cursor: cursor || undefined });
      const start = skipTo ? value.items.findIndex(({ slug }) => slug === skipTo) + 1 : 0;
      skipTo = '';
      for (const tool of value.items.slice(start)) {
        if (tool.unusable || tool.deprecated || !matches(tool, words)) continue;
        const place = encodeCursor([toolkit, cursor, tool.slug]);
        found.push({ ...sourced(ctx, target.driver, tool, named.value), place });
        if (found.length >= limit) return found;
      }
      pages += 1;
      if (!value.nextCursor || pages > mostPages * 20) break;
      cursor = value.nextCursor;
    }
  }
  return found;
}

const matches = (tool: BrokerTool, words: string[]) =>
  words.every((word) =>
    [toolNameIn(tool), tool.title, tool.description].some((text) => text.toLowerCase().includes(word)),
  );

function sourced(
  ctx: Ctx,
  driver: BrokerDriver,
  tool: BrokerTool,
  toolkit?: { name: string; noAuth: boolean },
): SourcedTool {
  const name = toolkit?.name ?? tool.toolkit;
  const noAuth = tool.noAuth || (toolkit?.noAuth ?? false);
  return {
    tool: asTool(tool),
    toolkit: { key: `${driver.entry.key}.${tool.toolkit}`, name },
    account: { slug: tool.toolkit, name, noAuth },
    async runAs(connection, context, input) {
      const { version } = tool;
      if (!version) throw new ServiceError('input', tool.unusable ?? 'This tool has no version.');
      const accountId = connection.authConfigId ? (connection.externalAccountId ?? undefined) : undefined;
      const owner = brokerUserId(connection, connection.connectorId, connection.userId);
      const run = { tool: tool.key, version, accountId, brokerUserId: owner, arguments: input };
      return measuredRun(ctx, driver, () => driver.broker.executeTool(context, run).then(({ data }) => data)).catch(
        async (error: unknown) => {
          await lookSoon(ctx, connection.connectorId, error);
          throw error;
        },
      );
    },
  };
}

const asTool = (tool: BrokerTool): Tool => ({
  slug: toolNameIn(tool),
  title: tool.title,
  description: tool.description,
  input: tool.input,
  output: tool.output,
  sideEffect: tool.sideEffect,
  foreign: true,
  run: () => Promise.reject(new Error('A tool of a broker is run as an account.')),
});

async function measuredRun<T>({ hub }: Ctx, { entry }: BrokerDriver, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const told = (outcome: string) =>
    observeBroker(hub, {
      ...{ broker: entry.key, operation: 'execute_tool', outcome },
      seconds: (performance.now() - started) / 1000,
    });
  try {
    const value = await run();
    told('ok');
    return value;
  } catch (error) {
    told(outcomeOf(error));
    throw error;
  }
}
