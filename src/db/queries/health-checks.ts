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
