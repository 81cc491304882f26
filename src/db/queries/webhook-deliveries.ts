import { and, desc, eq, lt, lte, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import { connections, connectors, webhookDeliveries } from '../schema/index.ts';
import type { JobPayload } from './jobs.ts';
import { isUuid } from './text.ts';

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

export async function insertDeliveries(tx: Tx, rows: (typeof webhookDeliveries.$inferInsert)[]): Promise<void> {
  await tx.insert(webhookDeliveries).values(rows);
}

/** A webhook's deliveries, newest first. */
export function selectDeliveries(
  tx: Tx,
  tenantId: string,
  webhookId: string,
  { beforeId, limit }: { beforeId: string | null; limit: number },
): Promise<DeliveryRow[]> {
  const { id } = webhookDeliveries;
  return tx
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.tenantId, tenantId),
        eq(webhookDeliveries.webhookId, webhookId),
        beforeId && isUuid(beforeId) ? lt(id, beforeId) : undefined,
      ),
    )
    .orderBy(desc(id))
    .limit(limit);
}

export async function findDelivery(tx: Tx, tenantId: string, id: string): Promise<DeliveryRow | null> {
  const [row] = await tx.select().from(webhookDeliveries).where(named(tenantId, id));
  return row ?? null;
}

/** Takes the next attempt for this caller alone, until so many seconds have passed; null when it is not due, or somebody else's. */
export async function claimDelivery(
  tx: Tx,
  tenantId: string,
  id: string,
  leaseSeconds: number,
): Promise<DeliveryRow | null> {
  const [row] = await tx
    .update(webhookDeliveries)
    .set({
      attempts: sql`${webhookDeliveries.attempts} + 1`,
      dueAt: sql`now() + make_interval(secs => ${leaseSeconds})`,
    })
    .where(and(named(tenantId, id), waiting, lte(webhookDeliveries.dueAt, sql`now()`)))
    .returning();
  return row ?? null;
}

/** Notes how the attempt went, unless the next one has begun meanwhile. */
export async function settleDelivery(
  tx: Tx,
  { tenantId, id, attempts }: DeliveryRow,
  values: PgUpdateSetSource<typeof webhookDeliveries>,
): Promise<DeliveryRow | null> {
  const [row] = await tx
    .update(webhookDeliveries)
    .set(values)
    .where(and(named(tenantId, id), waiting, eq(webhookDeliveries.attempts, attempts)))
    .returning();
  return row ?? null;
}

/** Gives up what still waits for this webhook. */
export async function giveUpDeliveries(tx: Tx, tenantId: string, webhookId: string, message: string): Promise<void> {
  await tx
    .update(webhookDeliveries)
    .set({ status: 'failed', message })
    .where(and(eq(webhookDeliveries.tenantId, tenantId), eq(webhookDeliveries.webhookId, webhookId), waiting));
}

const waiting = eq(webhookDeliveries.status, 'pending');
const named = (tenantId: string, id: string) =>
  and(eq(webhookDeliveries.tenantId, tenantId), eq(webhookDeliveries.id, id));

/** Deliveries of all tenants whose next attempt is due. */
export async function dueDeliveries(db: Drizzle, max: number): Promise<JobPayload[]> {
  const rows = await db.execute(sql`select tenant_id, id from due_webhook_deliveries(${max})`);
  return rows as unknown as JobPayload[];
}

/** Removes deliveries that ended so many days ago; returns how many. */
export async function forgetDeliveries(db: Drizzle, days: number, max: number): Promise<number> {
  const [row] = await db.execute<{ n: number }>(
    sql`select forget_webhook_deliveries(make_interval(days => ${days}), ${max}) as n`,
  );
  return row?.n ?? 0;
}

/** What a message about a connection tells of it, with its connector. */
export async function selectConnectionFacts(tx: Tx, tenantId: string, id: string) {
  const [row] = await tx
    .select({ connection: connections, connector: connectors })
    .from(connections)
    .innerJoin(
      connectors,
      and(eq(connectors.tenantId, connections.tenantId), eq(connectors.id, connections.connectorId)),
    )
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)));
  return row ?? null;
}

/** What a message about a connector tells of it. */
export async function selectConnectorFacts(tx: Tx, tenantId: string, id: string) {
  const [row] = await tx
    .select()
    .from(connectors)
    .where(and(eq(connectors.tenantId, tenantId), eq(connectors.id, id)));
  return row ?? null;
}
