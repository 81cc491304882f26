import { and, eq, isNull, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../client.ts';
import { prepared } from '../prepared.ts';
import { connectors, tenantQuotas } from '../schema/index.ts';

/** What the tenant may have; null is without limit. */
export interface Quotas {
  maxConnectors: number | null;
  executionsPerHour: number | null;
}

export async function selectQuotas(tx: Tx, tenantId: string): Promise<Quotas> {
  const [row] = await selectPrepared(tx, { tenantId });
  return row ?? { maxConnectors: null, executionsPerHour: null };
}

const selectPrepared = prepared((db) =>
  db
    .select({ maxConnectors: tenantQuotas.maxConnectors, executionsPerHour: tenantQuotas.executionsPerHour })
    .from(tenantQuotas)
    .where(eq(tenantQuotas.tenantId, sql.placeholder('tenantId'))),
);

export async function upsertQuotas(tx: Tx, tenantId: string, quotas: Quotas): Promise<void> {
  await tx
    .insert(tenantQuotas)
    .values({ tenantId, id: uuidv7(), ...quotas })
    .onConflictDoUpdate({ target: tenantQuotas.tenantId, set: { ...quotas, updatedAt: sql`now()` } });
}

/** Lets one transaction of the tenant at a time count its connectors and add to them. */
export async function lockConnectorCount(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:connectors:${tenantId}`}, 0))`);
}

/** How many connectors the tenant has; deleted ones do not count. */
export function countConnectors(tx: Tx, tenantId: string): Promise<number> {
  return tx.$count(connectors, and(eq(connectors.tenantId, tenantId), isNull(connectors.deletedAt)));
}
