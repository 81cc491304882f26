import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { instantOf, rawFacts, type UsageSpan } from './usage-facts.ts';

/** Tenants that have something to roll up, or whose last two days may have got rows late. */
export async function dueUsageRollups(db: { execute: Tx['execute'] }): Promise<string[]> {
  const rows = await db.execute<{ tenant_id: string }>(sql`select tenant_id from due_usage_rollups()`);
  return [...rows].map((row) => row.tenant_id);
}

/** Waits for no other hub: false when one is at it. Ends with the transaction. */
export async function claimRollups(tx: Tx, tenantId: string): Promise<boolean> {
  const [row] = await tx.execute<{ mine: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`patchbay:usage-rollups:${tenantId}`}, 0)) as mine`,
  );
  return row?.mine ?? false;
}

/** The end of the hours that nothing is written into any more: no transaction lasts five minutes. By the database's clock. */
export async function closedUntil(tx: Tx): Promise<Date> {
  const [row] = await tx.execute<{ at: number }>(
    sql`select extract(epoch from date_trunc('hour', now() - interval '5 minutes', 'UTC'))::float8 * 1000 as at`,
  );
  return new Date(row?.at ?? 0);
}

/** The first hour from `since` on in which anything was called; null when there is none before `until`. */
export async function firstHour(tx: Tx, tenantId: string, since: Date | null, until: Date): Promise<Date | null> {
  const from = since ? instantOf(since) : sql`'-infinity'::timestamptz`;
  const [row] = await tx.execute<{ at: number | null }>(sql`
    select extract(epoch from date_trunc('hour', least(
      (select min(created_at) from llm_usage
       where tenant_id = ${tenantId} and created_at >= ${from} and created_at < ${instantOf(until)}),
      (select min(finished_at) from executions
       where tenant_id = ${tenantId} and finished_at >= ${from} and finished_at < ${instantOf(until)}
         and status in ('failed', 'outcome_unknown') and tool in ('llm.chat', 'llm.embeddings'))), 'UTC'))::float8 * 1000 as at`);
  return typeof row?.at === 'number' ? new Date(row.at) : null;
}

/** The hour of the call that comes after so many others from `from` on; null when there are not so many. */
export async function hourOfCall(tx: Tx, tenantId: string, from: Date, others: number): Promise<Date | null> {
  const [row] = await tx.execute<{ at: number }>(sql`
    select extract(epoch from date_trunc('hour', created_at, 'UTC'))::float8 * 1000 as at from llm_usage
    where tenant_id = ${tenantId} and created_at >= ${instantOf(from)} order by created_at offset ${others} limit 1`);
  return row ? new Date(row.at) : null;
}

/** Hours of the span with more calls than their rollups know of. */
export async function lateHours(tx: Tx, tenantId: string, span: UsageSpan): Promise<Date[]> {
  const rows = await tx.execute<{ at: number }>(sql`
    with called as (
      select date_trunc('hour', at, 'UTC') as hour, sum(attempts) as n from (${rawFacts(tenantId, [span])}) facts group by 1),
    known as (
      select hour, sum(attempts) as n from usage_rollups
      where tenant_id = ${tenantId} and hour >= ${instantOf(span.from)} and hour < ${instantOf(span.until)} group by 1)
    select extract(epoch from hour)::float8 * 1000 as at from called left join known using (hour)
    where called.n > coalesce(known.n, 0) order by 1`);
  return [...rows].map((row) => new Date(row.at));
}

/** Sums up the hours of the span anew, from the calls themselves; returns how many rows that made. */
export async function writeRollups(tx: Tx, tenantId: string, span: UsageSpan): Promise<number> {
  const times = (column: 'latencies' | 'first_tokens') => sql`(
    select jsonb_object_agg(bucket, n) from (
      select time.key as bucket, sum(time.value::int) as n
      from jsonb_array_elements(${sql.raw(column)}) one cross join lateral jsonb_each_text(one) time group by 1) counted)`;
  const rows = await tx.execute(sql`
    insert into usage_rollups (tenant_id, id, hour, model, tier, api_key_id, connector_id, calls, attempts, failures, estimated,
      unknown_cost, tokens_in, tokens_cached, tokens_out, cost_usd, latency, first_token)
    select ${tenantId}, gen_random_uuid(), hour, model, tier, api_key_id, connector_id, calls, attempts, failures, estimated,
      unknown_cost, tokens_in, tokens_cached, tokens_out, cost_usd, ${times('latencies')}, ${times('first_tokens')}
    from (
      select date_trunc('hour', at, 'UTC') as hour, model, tier, api_key_id, connector_id, sum(calls) as calls,
        sum(attempts) as attempts, sum(failures) as failures, sum(estimated) as estimated, sum(unknown_cost) as unknown_cost,
        sum(tokens_in) as tokens_in, sum(tokens_cached) as tokens_cached, sum(tokens_out) as tokens_out,
        sum(cost_usd) as cost_usd, jsonb_agg(latency) filter (where latency is not null) as latencies,
        jsonb_agg(first_token) filter (where first_token is not null) as first_tokens
      from (${rawFacts(tenantId, [span])}) facts group by 1, 2, 3, 4, 5) hours
    on conflict on constraint usage_rollups_once do update set
      calls = excluded.calls, attempts = excluded.attempts, failures = excluded.failures, estimated = excluded.estimated,
      unknown_cost = excluded.unknown_cost, tokens_in = excluded.tokens_in, tokens_cached = excluded.tokens_cached,
      tokens_out = excluded.tokens_out, cost_usd = excluded.cost_usd, latency = excluded.latency,
      first_token = excluded.first_token
    returning id`);
  return rows.length;
}

/** Removes single calls that are older than so many days and rolled up, of all tenants, at most so many; returns how many. */
export async function forgetLlmUsage(db: { execute: Tx['execute'] }, days: number, max: number): Promise<number> {
  const [row] = await db.execute(sql`select forget_llm_usage(make_interval(days => ${days}), ${max}) as n`);
  return Number(row?.n ?? 0);
}
