import { type Ctx, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  anyUsage,
  countTimes,
  rolledUntil,
  sumUsage,
  type TimeCount,
  type UsageFilter,
  type UsageGroup,
  type UsageSpan,
  type UsageSums,
  usageFacets,
  usageFacts,
} from '../../db/queries/usage-facts.ts';
import { selectConnectorNames, selectKeyNames } from '../../db/queries/usage-names.ts';
import { type Histogram, merged, percentile } from '../../lib/histogram.ts';

export type { UsageFilter, UsageGroup, UsageSpan } from '../../db/queries/usage-facts.ts';

/** In milliseconds, of the calls that used something; null when there are none. */
export interface UsageTimes {
  p50: number | null;
  p95: number | null;
  firstTokenP50: number | null;
  firstTokenP95: number | null;
}

export interface UsageGroupRow extends UsageSums, UsageTimes {
  group: string | null;
  /** What people call a key or connector; null for other groups, and for what is gone. */
  name: string | null;
}

interface UsageQuery {
  from?: Date;
  until?: Date;
  filter?: Omit<UsageFilter, 'apiKeyIds'>;
}

/** What the workspace used of language models, summed up by group; the last 30 days unless told. */
export function getUsage(ctx: Ctx, by: UsageGroup, { from, until, filter = {} }: UsageQuery): Promise<UsageGroupRow[]> {
  const span = spanOf(from, until);
  return reading(ctx, async (tx) => {
    const allowed = await allowedTo(tx, ctx, filter, by === 'key');
    const facts = usageFacts(ctx.tenantId, span, allowed, await rolledUntil(tx, ctx.tenantId));
    const [sums, times] = [
      await sumUsage(tx, facts, by),
      histogramsOf(await countTimes(tx, facts, by), ({ group }) => group),
    ];
    const names = await namesOf(tx, ctx, by, sums);
    return sums.map(({ at: _all, ...row }) => ({
      ...row,
      name: names.get(row.group ?? '') ?? null,
      ...timesOf(times.get(row.group)),
    }));
  });
}

function namesOf(tx: Tx, { tenantId }: Ctx, by: UsageGroup, rows: { group: string | null }[]) {
  const ids = rows.flatMap(({ group }) => group ?? []);
  if (by === 'key') return selectKeyNames(tx, tenantId, ids);
  return by === 'connector' ? selectConnectorNames(tx, tenantId, ids) : new Map<string, string>();
}

export const spanOf = (from: Date | undefined, until = new Date()): UsageSpan => ({
  from: from ?? new Date(until.getTime() - 30 * 24 * 3_600_000),
  until,
});

/** Names of what usage is split by. */
export interface UsageNames {
  keys: Map<string, string>;
  connectors: Map<string, string>;
}

export interface UsageReport {
  /** By group, and within it by stretches of time: `at` is where one begins. */
  sums: (UsageSums & { group: string | null; at: number })[];
  groupTimes: Map<string | null, UsageTimes>;
  /** By where the stretch begins. */
  stretchTimes: Map<number, UsageTimes>;
  allTimes: UsageTimes;
  /** What there is to choose from within the span, whatever is chosen. */
  facets: { models: string[]; tiers: string[]; keys: string[]; connectors: string[] };
  names: UsageNames;
  /** Keys of others are left out. */
  ownKeysOnly: boolean;
  /** Whether anything was ever called. */
  ever: boolean;
}

/**
 * Everything that the page of usage shows.
 * @param hours how long each stretch of time is
 */
export function getUsageReport(
  ctx: Ctx,
  by: Exclude<UsageGroup, 'day'>,
  { span, hours, filter }: { span: UsageSpan; hours: number; filter: Omit<UsageFilter, 'apiKeyIds'> },
): Promise<UsageReport> {
  return reading(ctx, async (tx) => {
    const rolled = await rolledUntil(tx, ctx.tenantId);
    const allowed = await allowedTo(tx, ctx, filter, by === 'key');
    const facts = usageFacts(ctx.tenantId, span, allowed, rolled);
    const sums = await sumUsage(tx, facts, by, hours);
    const times = Map.groupBy(await countTimes(tx, facts, by, hours), ({ stretch }) => stretch);
    const groupTimes = histogramsOf(times.get(false) ?? [], ({ group }) => group);
    const stretchTimes = histogramsOf(times.get(true) ?? [], ({ at }) => at);
    const facets = await usageFacets(tx, usageFacts(ctx.tenantId, span, {}, rolled));
    const of = (kind: string) => facets.filter((facet) => facet.kind === kind).map(({ name }) => name);
    const own = await ownKeys(tx, ctx);
    const keys = own ? of('key').filter((id) => own.includes(id)) : of('key');
    return {
      sums,
      groupTimes: new Map([...groupTimes].map(([group, own]) => [group, timesOf(own)])),
      stretchTimes: new Map([...stretchTimes].map(([at, own]) => [at, timesOf(own)])),
      allTimes: timesOf(together([...stretchTimes.values()])),
      facets: { models: of('model'), tiers: of('tier'), keys, connectors: of('connector') },
      names: {
        keys: await selectKeyNames(tx, ctx.tenantId, keys),
        connectors: await selectConnectorNames(tx, ctx.tenantId, of('connector')),
      },
      ownKeysOnly: own !== null,
      ever: facets.length > 0 || (await anyUsage(tx, ctx.tenantId)),
    };
  });
}

const reading = <T>(ctx: Ctx, work: (tx: Tx) => Promise<T>): Promise<T> =>
  ctx.hub.db.asTenant(ctx.tenantId, work, { readOnly: true });

/** Members see what the workspace used, but of single keys only their own. */
async function allowedTo(tx: Tx, ctx: Ctx, filter: UsageFilter, byKey: boolean): Promise<UsageFilter> {
  const own = byKey || filter.apiKeyId ? await ownKeys(tx, ctx) : null;
  return own ? { ...filter, apiKeyIds: own } : filter;
}

/** The keys that the person behind this actor made; null for those who see all. */
export async function ownKeys(tx: Tx, ctx: Ctx): Promise<string[] | null> {
  if (mayActAs(ctx.actor, 'admin')) return null;
  const person = personOf(ctx.actor);
  return person ? [...(await selectKeyNames(tx, ctx.tenantId, { madeBy: person })).keys()] : [];
}

interface Times {
  total: Histogram;
  first: Histogram;
}

function histogramsOf<K>(rows: TimeCount[], keyOf: (row: TimeCount) => K): Map<K, Times> {
  const byGroup = Map.groupBy(rows, keyOf);
  const of = (own: TimeCount[], kind: TimeCount['kind']) =>
    new Map(own.filter((row) => row.kind === kind).map(({ bucket, n }) => [bucket, n]));
  return new Map([...byGroup].map(([group, own]) => [group, { total: of(own, 0), first: of(own, 1) }]));
}

const together = (all: Times[]): Times => ({
  total: merged(all.map(({ total }) => total)),
  first: merged(all.map(({ first }) => first)),
});

const timesOf = ({ total, first }: Times = { total: new Map(), first: new Map() }): UsageTimes => ({
  p50: percentile(total, 0.5),
  p95: percentile(total, 0.95),
  firstTokenP50: percentile(first, 0.5),
  firstTokenP95: percentile(first, 0.95),
});
