import { and, asc, desc, eq, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { priceOverrides } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type PriceOverrideRow = typeof priceOverrides.$inferSelect;

/** By model, the newest first; there are few. */
export const selectPriceOverrides = (tx: Tx, tenantId: string): Promise<PriceOverrideRow[]> =>
  tx
    .select()
    .from(priceOverrides)
    .where(eq(priceOverrides.tenantId, tenantId))
    .orderBy(asc(priceOverrides.model), desc(priceOverrides.validFrom));

/** Those that are in force, by the database’s clock. */
export const selectPricesInForce = (tx: Tx, tenantId: string): Promise<PriceOverrideRow[]> =>
  tx
    .select()
    .from(priceOverrides)
    .where(and(eq(priceOverrides.tenantId, tenantId), sql`${priceOverrides.validFrom} <= now()`));

/** The tenant's price, or null; an id that is no UUID names none. */
export async function findPriceOverride(tx: Tx, tenantId: string, id: string): Promise<PriceOverrideRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await tx
    .select()
    .from(priceOverrides)
    .where(and(eq(priceOverrides.tenantId, tenantId), eq(priceOverrides.id, id)))
    .for('update');
  return row ?? null;
}

/** Lets one transaction of the tenant at a time count its prices and add to them. */
export async function lockPriceCount(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:prices:${tenantId}`}, 0))`);
}

export async function insertPriceOverride(
  tx: Tx,
  values: typeof priceOverrides.$inferInsert,
): Promise<PriceOverrideRow> {
  const [row] = await tx.insert(priceOverrides).values(values).returning();
  return row as PriceOverrideRow;
}

export async function updatePriceOverride(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof priceOverrides>,
): Promise<PriceOverrideRow> {
  const [row] = await tx
    .update(priceOverrides)
    .set({ ...values, updatedAt: sql`now()` })
    .where(and(eq(priceOverrides.tenantId, tenantId), eq(priceOverrides.id, id)))
    .returning();
  return row as PriceOverrideRow;
}

export async function deletePriceOverride(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(priceOverrides).where(and(eq(priceOverrides.tenantId, tenantId), eq(priceOverrides.id, id)));
}
