import { type SQL, sql } from 'drizzle-orm';
import { bucketsPerOctave, lastBucket } from '../../lib/histogram.ts';
import type { Tx } from '../client.ts';

/** What is summed up: [from, until). */
export interface UsageSpan {
  from: Date;
  until: Date;
}

export interface UsageFilter {
  model?: string;
  tier?: string;
  apiKeyId?: string;
  connectorId?: string;
  /** Only calls with one of these keys. */
  apiKeyIds?: string[];
}

export const instantOf = (date: Date): SQL => sql`${date.toISOString()}::timestamptz`;

const hourMs = 3_600_000;
const later = (a: Date, b: Date) => (a > b ? a : b);
const earlier = (a: Date, b: Date) => (a < b ? a : b);
const down = (date: Date) => new Date(Math.floor(date.getTime() / hourMs) * hourMs);
const up = (date: Date) => new Date(Math.ceil(date.getTime() / hourMs) * hourMs);

/** The moment before which all hours are in the rollups; null when none is. */
export async function rolledUntil(tx: Tx, tenantId: string): Promise<Date | null> {
  const [row] = await tx.execute<{ at: number | null }>(
    sql`select extract(epoch from max(hour) + interval '1 hour')::float8 * 1000 as at
        from usage_rollups where tenant_id = ${tenantId}`,
  );
  return row?.at ? new Date(row.at) : null;
}

/**
 * A subquery of everything within the span, each row the sum of one or more calls: whole hours from the rollups, as far as there
 * are any, and the rest call by call. So sums are exact at any moment.
 * @param rolled what `rolledUntil` says; null leaves the rollups out
 */
export function usageFacts(tenantId: string, span: UsageSpan, filter: UsageFilter, rolled: Date | null): SQL {
  const first = up(span.from);
  const last = later(first, earlier(down(span.until), rolled ?? first));
  if (first >= last) return rawFacts(tenantId, [span], filter);
  const edges = [
    { from: span.from, until: first },
    { from: last, until: span.until },
  ].filter(({ from, until }) => from < until);
  const hours = sql`
    select hour as at, model, tier, api_key_id, connector_id, calls, attempts, failures, estimated, unknown_cost,
      tokens_in, tokens_cached, tokens_out, cost_usd, latency, first_token
    from usage_rollups
    where tenant_id = ${tenantId} and hour >= ${instantOf(first)} and hour < ${instantOf(last)}
      ${matching(filter, sql`model`, sql`tier`, sql`api_key_id`, sql`connector_id`)}`;
  return edges.length ? sql`${hours} union all ${rawFacts(tenantId, edges, filter)}` : hours;
}

/** The same, call by call. */
export const rawFacts = (tenantId: string, spans: UsageSpan[], filter: UsageFilter = {}): SQL =>
  sql.join(
    spans.flatMap((span) => [usedFacts(tenantId, span, filter), failedFacts(tenantId, span, filter)]),
    sql` union all `,
  );

const bucket = (ms: SQL) =>
  sql`jsonb_build_object(least(${sql.raw(`${lastBucket}`)}, floor(${sql.raw(`${bucketsPerOctave}`)}
    * ln(greatest(${ms}, 1)::float8) / ln(2::float8) + 1e-9)::int)::text, 1)`;

/** Calls that used something. */
const usedFacts = (tenantId: string, { from, until }: UsageSpan, filter: UsageFilter) => sql`
  select u.created_at as at, u.model, u.tier, u.api_key_id, u.connector_id, 1 as calls, 1 as attempts,
    coalesce(e.status in ('failed', 'outcome_unknown'), false)::int as failures, u.estimated::int as estimated,
    (u.cost_usd is null)::int as unknown_cost, u.tokens_in::bigint, u.tokens_cached::bigint, u.tokens_out::bigint,
    u.cost_usd::numeric(30, 9), ${bucket(sql`u.total_ms`)} as latency,
    case when u.first_token_ms is not null then ${bucket(sql`u.first_token_ms`)} end as first_token
  from llm_usage u left join executions e on e.tenant_id = u.tenant_id and e.id = u.id
  where u.tenant_id = ${tenantId} and u.created_at >= ${instantOf(from)} and u.created_at < ${instantOf(until)}
    ${matching(filter, sql`u.model`, sql`u.tier`, sql`u.api_key_id`, sql`u.connector_id`)}`;

/** Calls that failed before anything was used; they end in the transaction that would have written what was. */
const failedFacts = (tenantId: string, { from, until }: UsageSpan, filter: UsageFilter) => {
  const key = sql`case when e.actor_type = 'api_key' then e.actor_id end`;
  return sql`
  select e.finished_at, null, null, ${key}, e.connector_id, 0, 1, 1, 0, 0, 0, 0, 0, null, null, null
  from executions e
  where e.tenant_id = ${tenantId} and e.finished_at >= ${instantOf(from)} and e.finished_at < ${instantOf(until)}
    and e.status in ('failed', 'outcome_unknown') and e.tool in ('llm.chat', 'llm.embeddings')
    and not exists (select from llm_usage u where u.tenant_id = e.tenant_id and u.id = e.id)
    ${matching(filter, sql`null::text`, sql`null::text`, key, sql`e.connector_id`)}`;
};

function matching({ apiKeyIds, ...filter }: UsageFilter, model: SQL, tier: SQL, key: SQL, connector: SQL): SQL {
  const one = (column: SQL, value: string | undefined) => (value ? sql` and ${column}::text = ${value}` : sql``);
  const among = apiKeyIds && sql` and ${key}::text in (select jsonb_array_elements_text(${JSON.stringify(apiKeyIds)}))`;
  return sql`${one(model, filter.model)}${one(tier, filter.tier)}${one(key, filter.apiKeyId)}${one(connector, filter.connectorId)}${among ?? sql``}`;
}

/** What sums are made by; days are those of UTC. */
const groups = {
  day: sql`to_char(at at time zone 'UTC', 'YYYY-MM-DD')`,
  model: sql`model`,
  tier: sql`tier`,
  key: sql`api_key_id::text`,
  connector: sql`connector_id::text`,
  none: sql`null::text`,
};

export type UsageGroup = Exclude<keyof typeof groups, 'none'>;

/** Beginning of the stretch of so many hours that a fact lies in, in milliseconds; weeks begin on Mondays. */
const binOf = (hours: number) =>
  sql`extract(epoch from date_bin(make_interval(hours => ${hours}), at, '2024-01-01T00:00:00Z'))::float8 * 1000`;

export interface UsageSums {
  calls: number;
  attempts: number;
  failures: number;
  estimated: number;
  unknownCost: number;
  tokensIn: number;
  tokensCached: number;
  tokensOut: number;
  /** US dollars, the sum of the costs that are known; null when none is. */
  costUsd: string | null;
}

/** Sums by group, and by stretches of time of so many hours when told; in order. */
export async function sumUsage(tx: Tx, facts: SQL, by: UsageGroup | 'none', hours?: number) {
  const rows = await tx.execute(sql`
    select ${groups[by]} as "group", ${hours ? binOf(hours) : sql`0::float8`} as at,
      sum(calls)::float8 as calls, sum(attempts)::float8 as attempts, sum(failures)::float8 as failures,
      sum(estimated)::float8 as estimated, sum(unknown_cost)::float8 as "unknownCost",
      sum(tokens_in)::float8 as "tokensIn", sum(tokens_cached)::float8 as "tokensCached",
      sum(tokens_out)::float8 as "tokensOut", sum(cost_usd)::text as "costUsd"
    from (${facts}) facts group by 1, 2 order by 1, 2`);
  return rows as unknown as ({ group: string | null; at: number } & UsageSums)[];
}

/**
 * How many calls took which time, in all and to the first token: by group, and in the same pass by stretches of time of so many hours
 * when told. Histograms are most of the work.
 */
export async function countTimes(tx: Tx, facts: SQL, by: UsageGroup, hours?: number) {
  const sets = hours
    ? sql`grouping sets (("group", kind, bucket), (at, kind, bucket))`
    : sql`"group", at, kind, bucket`;
  // Enough to count in memory: sorting half a million entries on disk takes a second.
  await tx.execute(sql`select set_config('work_mem', '48MB', true)`);
  const rows = await tx.execute(sql`
    select "group", at, grouping("group") = 1 as stretch, kind, bucket, sum(n)::float8 as n
    from (
      select ${groups[by]} as "group", ${hours ? binOf(hours) : sql`0::float8`} as at, latency, first_token from (${facts}) facts
    ) facts cross join lateral (
      select 0 as kind, key::int, value::int from jsonb_each_text(latency)
      union all select 1, key::int, value::int from jsonb_each_text(first_token)) time (kind, bucket, n)
    group by ${sets}`);
  return rows as unknown as TimeCount[];
}

export interface TimeCount {
  group: string | null;
  at: number;
  /** Of all groups together, in the stretch that begins at `at`. */
  stretch: boolean;
  /** 0 for the time in all, 1 for that to the first token. */
  kind: 0 | 1;
  bucket: number;
  n: number;
}

/** Which models, tiers, keys and connectors there are. */
export async function usageFacets(tx: Tx, facts: SQL) {
  const rows = await tx.execute(sql`
    select distinct value.kind, value.name from (
      select distinct model, tier, api_key_id, connector_id from (${facts}) facts) seen
    cross join lateral (values ('model', model), ('tier', tier), ('key', api_key_id::text),
      ('connector', connector_id::text)) value (kind, name)
    where value.name is not null order by 1, 2`);
  return rows as unknown as { kind: 'model' | 'tier' | 'key' | 'connector'; name: string }[];
}

/** Whether a language model was ever called. */
export async function anyUsage(tx: Tx, tenantId: string): Promise<boolean> {
  const [row] = await tx.execute<{ any: boolean }>(sql`
    select exists (select from llm_usage where tenant_id = ${tenantId})
      or exists (select from usage_rollups where tenant_id = ${tenantId}) as any`);
  return row?.any ?? false;
}
