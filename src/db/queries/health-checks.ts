import { and, desc, eq, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { healthChecks } from '../schema/index.ts';

export type HealthCheckRow = typeof healthChecks.$inferSelect;

export async function insertHealthCheck(tx: Tx, values: typeof healthChecks.$inferInsert): Promise<void> {
  await tx.insert(healthChecks).values(values);
}

/** The connection's last checks, newest first. */
export function selectHealthChecks(
  tx: Tx,
  tenantId: string,
  connectionId: string,
  limit: number,
): Promise<HealthCheckRow[]> {
  return tx
    .select()
    .from(healthChecks)
    .where(and(eq(healthChecks.tenantId, tenantId), eq(healthChecks.connectionId, connectionId)))
    .orderBy(desc(healthChecks.createdAt), desc(healthChecks.id))
    .limit(limit);
}

/** Connections of all tenants whose next check is due. */
export async function dueHealthChecks(tx: { execute: Tx['execute'] }, max: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_health_checks(${max})`);
  return (rows as unknown as { tenant_id: string; id: string }[]).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
  }));
}

/** Removes checks that are older than so many days, of all tenants, at most so many; returns how many. */
export async function forgetHealthChecks(tx: { execute: Tx['execute'] }, days: number, max: number): Promise<number> {
  const [row] = await tx.execute(sql`select forget_health_checks(make_interval(days => ${days}), ${max}) as n`);
  return Number(row?.n ?? 0);
}

export type RecentCheck = Pick<HealthCheckRow, 'status' | 'message' | 'createdAt' | 'latencyMs'>;

/** For each connection its last checks, the oldest first. */
export async function selectRecentChecks(
  tx: Tx,
  tenantId: string,
  connectionIds: string[],
  each: number,
): Promise<Map<string, RecentCheck[]>> {
  const rows = await tx.execute(sql`
    select wanted.id as "connectionId", h.status, h.message, h.latency_ms as "latencyMs",
      extract(epoch from h.created_at)::float8 * 1000 as "at"
    from unnest(string_to_array(${connectionIds.join()}, ',')::uuid[]) as wanted(id)
    cross join lateral (
      select status, message, latency_ms, created_at from health_checks
      where tenant_id = ${tenantId} and connection_id = wanted.id order by created_at desc limit ${each}
    ) h order by h.created_at`);
  const found = new Map<string, RecentCheck[]>();
  for (const { connectionId, at, ...check } of rows as unknown as (RecentCheck & {
    connectionId: string;
    at: number;
  })[])
    found.set(connectionId, [...(found.get(connectionId) ?? []), { ...check, createdAt: new Date(at) }]);
  return found;
}
