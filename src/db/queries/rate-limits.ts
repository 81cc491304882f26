import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';

export interface LimitRow {
  /** Seconds by which the caller is ahead of the allowed rate after this request; null when it was refused. */
  ahead: number | null;
  /** The same before this request; 0 for a new caller. */
  before: number;
}

/**
 * The generic cell rate algorithm as one statement, on the database's clock: each request moves the theoretical arrival
 * time on by `interval` seconds, and is refused when that would lie more than `window` seconds ahead.
 */
export async function takeFromLimit(db: Drizzle, key: string, interval: number, window: number): Promise<LimitRow> {
  const [row] = await db.execute<{ ahead: number | null; before: number | null }>(sql`
    with taken as (
      insert into rate_limits as r (key, arrival) values (${key}, now() + make_interval(secs => ${interval}))
      on conflict (key) do update set arrival = greatest(r.arrival, now()) + make_interval(secs => ${interval})
        where greatest(r.arrival, now()) + make_interval(secs => ${interval}) <= now() + make_interval(secs => ${window})
      returning arrival
    )
    select (select extract(epoch from arrival - now())::float8 from taken) as ahead,
      (select greatest(0, extract(epoch from arrival - now()))::float8 from rate_limits where key = ${key}) as before`);
  return { ahead: row?.ahead ?? null, before: row?.before ?? 0 };
}

/** Gives one request back. */
export async function returnToLimit(db: Drizzle, key: string, interval: number): Promise<void> {
  await db.execute(
    sql`update rate_limits set arrival = arrival - make_interval(secs => ${interval}) where key = ${key} and arrival > now()`,
  );
}

/** Rows whose caller has long caught up say the same as no row; returns how many went. */
export async function deleteIdleLimits(db: Drizzle): Promise<number> {
  const gone = await db.execute(sql`delete from rate_limits where arrival < now() - interval '1 minute'`);
  return gone.count;
}
