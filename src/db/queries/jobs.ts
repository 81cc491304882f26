import { sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';

/** What every payload has: whose row the job is about. */
export interface JobPayload {
  tenant_id: string;
  id: string;
}

/**
 * Adds jobs in the caller's transaction: they are there when it commits, and workers are woken then. One that waits or runs for the same
 * row already stays the only one. The statement is the job library's own insert, which needs a started instance of it.
 * @returns false when there is no such queue
 */
export async function insertJobs(db: Drizzle | Tx, queue: string, payloads: JobPayload[]): Promise<boolean> {
  const [known] = await db.execute(sql`
    select pg_notify('pgboss_' || left(encode(sha224('pgboss'::bytea), 'hex'), 24), name) from pgboss.queue where name = ${queue}`);
  if (!known) return false;
  await db.execute(sql`
    insert into pgboss.job (name, data, singleton_key, group_id, keep_until, expire_seconds, deletion_seconds,
      retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds)
    select q.name, p, (p->>'tenant_id') || '/' || (p->>'id'), p->>'tenant_id', now() + q.retention_seconds * interval '1 second',
      q.expire_seconds, q.deletion_seconds, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy,
      q.dead_letter, q.heartbeat_seconds
    from pgboss.queue q, jsonb_array_elements(${JSON.stringify(payloads)}::text::jsonb) p where q.name = ${queue}
    on conflict do nothing`);
  return true;
}

const hasJobs = async (db: Drizzle | Tx) => {
  const [row] = await db.execute(sql`select to_regclass('pgboss.job') is not null as there`);
  return row?.there === true;
};

/** Removes a tenant's jobs, in whatever state; one that runs finds nothing to settle at its end. */
export async function deleteJobsOf(db: Drizzle | Tx, tenantId: string): Promise<void> {
  if (await hasJobs(db)) await db.execute(sql`delete from pgboss.job where data->>'tenant_id' = ${tenantId}`);
}

/** One schedule or queue, as it stands. */
export interface JobRow {
  name: string;
  kind: 'schedule' | 'queue';
  /** The cron expression, in UTC; null for a queue. */
  cron: string | null;
  lastRunAt: Date | null;
  lastSuccessAt: Date | null;
  /** The sentence that the last failure left, unless a later attempt of the same job went well. */
  lastError: string | null;
  lastErrorAt: Date | null;
  /** Could run now and does not yet. */
  waiting: number;
  running: number;
  /** Given up after all attempts, and still kept. */
  dead: number;
}

/** All schedules and queues by name; none before the job library has made its tables. */
export async function selectJobStates(db: Drizzle, scheduleQueue: string, deadLetters: string): Promise<JobRow[]> {
  if (!(await hasJobs(db))) return [];
  const rows = await db.execute(sql`
    with known as (
      select key as name, 'schedule' as kind, cron from pgboss.schedule where name = ${scheduleQueue}
      union all
      select name, 'queue', null from pgboss.queue
      where name not in (${scheduleQueue}, ${deadLetters}) and not starts_with(name, '__pgboss__')
    ), runs as (
      select case name when ${scheduleQueue} then singleton_key when ${deadLetters} then source_name else name end as job,
        name = ${deadLetters} as buried, state, start_after, started_on, completed_on, output->>'message' as message
      from pgboss.job
    )
    select known.name, known.kind, known.cron,
      extract(epoch from max(started_on))::float8 * 1000 as "lastRunAt",
      extract(epoch from max(completed_on) filter (where state = 'completed'))::float8 * 1000 as "lastSuccessAt",
      (array_agg(message order by coalesce(completed_on, started_on) desc) filter (where state in ('retry', 'failed') and not buried))[1] as "lastError",
      extract(epoch from max(coalesce(completed_on, started_on)) filter (where state in ('retry', 'failed') and not buried))::float8 * 1000 as "lastErrorAt",
      (count(*) filter (where state in ('created', 'retry') and start_after <= now() and not buried))::int as waiting,
      (count(*) filter (where state = 'active'))::int as running,
      (count(*) filter (where buried or (state = 'failed' and kind = 'schedule')))::int as dead
    from known left join runs on runs.job = known.name
    group by known.name, known.kind, known.cron order by kind desc, known.name`);
  const date = (value: unknown) => (value === null ? null : new Date(Number(value)));
  return (rows as unknown as (JobRow & Record<string, unknown>)[]).map((row) => ({
    ...row,
    lastRunAt: date(row.lastRunAt),
    lastSuccessAt: date(row.lastSuccessAt),
    lastErrorAt: date(row.lastErrorAt),
  }));
}
