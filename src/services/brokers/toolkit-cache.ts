import { createHash } from 'node:crypto';
import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import {
  boundCache,
  type CachedRow,
  claimCached,
  dropCached,
  dropOtherVersions,
  findCached,
  noteCacheUse,
  storeCached,
} from '../../db/queries/toolkit-cache.ts';
import {
  type BrokerCategory,
  type BrokerPage,
  type BrokerTool,
  ServiceError,
  type ToolkitDetails,
  type ToolkitSummary,
} from '../../drivers/driver.ts';
import { getAt } from '../../lib/schema/walk.ts';
import { deadlineIn } from '../../lib/signals.ts';
import { storedSecretPaths, withoutSecrets } from '../secrets/secrets.ts';
import type { BrokerOperation } from './broker-metrics.ts';
import { type BrokerTarget, callBroker } from './brokers.ts';

/** What can be asked about a broker's offer, and what is answered. */
interface Answers {
  toolkits: BrokerPage<ToolkitSummary>;
  categories: BrokerCategory[];
  toolkit: ToolkitDetails;
  tools: BrokerPage<BrokerTool>;
  /** Those of these keys that there are. */
  named_tools: BrokerTool[];
}

type Kind = keyof Answers;

export type Question<K extends Kind = Kind> = {
  kind: K;
  toolkit?: string;
  search?: string;
  category?: string;
  cursor?: string;
  keys?: string[];
};

export interface Cached<K extends Kind> {
  value: Answers[K];
  fetchedAt: Date;
  /** True when it is older than it should be and the broker gave nothing newer. */
  stale: boolean;
}

/** Rows that are asked for at a time: always the same, because cursors of some brokers count pages. */
const brokerPageSize = 50;

const asked: Record<Kind, { operation: BrokerOperation; seconds: number }> = {
  toolkits: { operation: 'list_toolkits', seconds: 10 * 60 },
  categories: { operation: 'list_toolkits', seconds: 10 * 60 },
  tools: { operation: 'list_tools', seconds: 10 * 60 },
  toolkit: { operation: 'get_toolkit', seconds: 60 * 60 },
  named_tools: { operation: 'list_tools', seconds: 60 * 60 },
};

/** For one connector; an answer that is larger than `value` bytes is given and not kept. */
const most = { rows: 400, bytes: 16_000_000, value: 2_000_000 };

/** Milliseconds that whoever asks for something old waits for something newer. */
const patienceMs = 1_500;

/** Seconds in which nobody tries again to read what somebody else is reading, or failed to read. */
const pauseSeconds = 30;

/**
 * What a broker says, from the cache while it is fresh. Something older is given when nothing newer is to be had soon; asking goes on
 * meanwhile. What is missing is asked for once, however many want it.
 * @throws ServiceError, OutboundError when there is nothing in the cache either
 */
export async function askBroker<K extends Kind>(
  ctx: Ctx,
  target: BrokerTarget,
  question: Question<K>,
): Promise<Cached<K>> {
  const key = keyOf(target.connector, question);
  const row = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const found = await findCached(tx, ctx.tenantId, target.connector.id, key);
    if (found && Date.now() - found.usedAt.getTime() > 5 * 60_000) await noteCacheUse(tx, ctx.tenantId, found.id);
    return found;
  });
  if (row && !row.stale) return fromRow(row);
  if (!row) {
    const value = await together(ctx.hub, `${target.connector.id} ${key}`, () => fetchNow(ctx, target, question, key));
    return { value, fetchedAt: new Date(), stale: false };
  }
  return (await inTime(refresh(ctx, target, row, question))) ?? fromRow(row);
}

/** What a broker said last, however old, without asking it; null when it was never asked that. */
export async function rememberedAnswer<K extends Kind>(
  ctx: Ctx,
  { connector }: BrokerTarget,
  question: Question<K>,
): Promise<Cached<K> | null> {
  const key = keyOf(connector, question);
  const read = (tx: Tx) => findCached(tx, ctx.tenantId, connector.id, key);
  const row = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  return row && fromRow(row);
}

const fromRow = <K extends Kind>({ value, fetchedAt, stale }: CachedRow): Cached<K> => ({
  value: JSON.parse(value) as Answers[K],
  fetchedAt,
  stale,
});

/** By what was asked and with what: another key or address has answers of its own. */
export function keyOf(connector: ConnectorRow, question: Question): string {
  const { config, auth } = connector;
  const ages = [config, auth].map((part) =>
    storedSecretPaths(part).map((path) => [path, getAt(part, `${path}.updated_at`)]),
  );
  const { kind, toolkit = '', search = '', category = '', cursor = '', keys = [] } = question;
  const all = [kind, toolkit, search, category, cursor, keys, withoutSecrets(config), withoutSecrets(auth), ages];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

const running = new WeakMap<Hub['db'], Map<string, Promise<unknown>>>();

/** One call for all who ask for the same at the same time, in this process. */
function together<T>({ db }: Hub, key: string, work: () => Promise<T>): Promise<T> {
  const calls = running.get(db) ?? new Map<string, Promise<unknown>>();
  running.set(db, calls);
  const mine = calls.get(key) ?? work().finally(() => calls.delete(key));
  calls.set(key, mine);
  return mine as Promise<T>;
}

async function inTime<T>(work: Promise<T | null>): Promise<T | null> {
  const time = deadlineIn(patienceMs);
  const late = new Promise<null>((resolve) => time.signal.addEventListener('abort', () => resolve(null)));
  return Promise.race([work, late]).finally(time.clear);
}

/** Reads it again unless somebody else does; null when there is nothing newer. What the broker knows no more is dropped. */
export async function refresh<K extends Kind>(
  ctx: Ctx,
  target: BrokerTarget,
  { id, key }: CachedRow,
  question: Question<K>,
): Promise<Cached<K> | null> {
  const { db } = ctx.hub;
  try {
    if (!(await db.asTenant(ctx.tenantId, (tx) => claimCached(tx, ctx.tenantId, id, pauseSeconds)))) return null;
    const work = () => fetchNow(ctx, target, question, key);
    const value = await together(ctx.hub, `${target.connector.id} ${key}`, work);
    return { value, fetchedAt: new Date(), stale: false };
  } catch (error) {
    if (!(error instanceof ServiceError && error.fault === 'not_found')) {
      ctx.log.warn({ err: error, kind: question.kind }, 'what a broker offers could not be read again');
      return null;
    }
    await db.asTenant(ctx.tenantId, (tx) => dropCached(tx, ctx.tenantId, id)).catch(() => {});
    throw error;
  }
}

async function fetchNow<K extends Kind>(
  ctx: Ctx,
  target: BrokerTarget,
  question: Question<K>,
  key: string,
): Promise<Answers[K]> {
  const value = await ask(ctx, target, question);
  if (question.kind === 'named_tools' && !(value as BrokerTool[]).length) return value; // nobody fills the cache with what is not there
  await ctx.hub.db
    .asTenant(ctx.tenantId, (tx) => keep(tx, ctx, target.connector.id, question, key, value))
    .catch((error) => ctx.log.warn({ err: error }, 'an answer of a broker could not be kept'));
  return value;
}

async function ask<K extends Kind>(ctx: Ctx, target: BrokerTarget, question: Question<K>): Promise<Answers[K]> {
  const { kind, toolkit, search, category, cursor, keys } = question;
  const limit = brokerPageSize;
  const options = { operation: asked[kind].operation };
  const answer = await callBroker(ctx, target, options, async (broker, context): Promise<Answers[Kind]> => {
    if (kind === 'toolkits') return broker.listToolkits(context, { search, category, cursor, limit });
    if (kind === 'categories') return broker.listCategories(context);
    if (kind === 'toolkit') return broker.getToolkit(context, toolkit ?? '');
    if (kind === 'tools') return broker.listTools(context, { toolkit, search, cursor, limit });
    return (await broker.listTools(context, { keys, limit })).items;
  });
  return answer as Answers[K];
}

/** What describes a version that is no longer the newest goes with it. */
async function keep(tx: Tx, ctx: Ctx, connectorId: string, question: Question, key: string, value: Answers[Kind]) {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  const { tenantId } = ctx;
  const versions = versionsIn(question.kind, value);
  if (Object.keys(versions).length) await dropOtherVersions(tx, tenantId, connectorId, versions);
  if (bytes > most.value) return;
  const about = { tenantId, connectorId, key, question: { ...question } as Record<string, unknown> };
  await storeCached(
    tx,
    { ...about, value: text, bytes, version: versionOf(question.kind, value) },
    asked[question.kind].seconds,
  );
  await boundCache(tx, tenantId, connectorId, most);
}

function versionsIn(kind: Kind, value: Answers[Kind]): Record<string, string> {
  if (kind !== 'toolkits' && kind !== 'toolkit') return {};
  const toolkits = kind === 'toolkit' ? [value as ToolkitDetails] : (value as BrokerPage<ToolkitSummary>).items;
  return Object.fromEntries(toolkits.flatMap(({ slug, version }) => (version ? [[slug, version]] : [])));
}

function versionOf(kind: Kind, value: Answers[Kind]): string | null {
  if (kind === 'toolkit') return (value as ToolkitDetails).version;
  if (kind === 'tools') return (value as BrokerPage<BrokerTool>).items[0]?.version ?? null;
  if (kind === 'named_tools') return (value as BrokerTool[])[0]?.version ?? null;
  return null;
}
