import { asc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../client.ts';
import { prepared } from '../prepared.ts';
import { tenantKeys } from '../schema/index.ts';

/** A wrapped data key, as the vault unwraps it. */
export type TenantKeyRow = Omit<typeof tenantKeys.$inferSelect, 'createdAt'>;

/** The tenant's wrapped data keys, oldest first. */
export const selectTenantKeys = (tx: Tx, tenantId: string): Promise<TenantKeyRow[]> => selectPrepared(tx, { tenantId });

const selectPrepared = prepared((db) =>
  db
    .select()
    .from(tenantKeys)
    .where(eq(tenantKeys.tenantId, sql.placeholder('tenantId')))
    .orderBy(asc(tenantKeys.number)),
);

/** Adds the key unless another transaction has added one of this number, and says whether it did; waits for that one to end. */
export async function insertTenantKey(tx: Tx, row: Omit<typeof tenantKeys.$inferInsert, 'id'>): Promise<boolean> {
  const made = await tx
    .insert(tenantKeys)
    .values({ id: uuidv7(), ...row })
    .onConflictDoNothing({ target: [tenantKeys.tenantId, tenantKeys.number] })
    .returning({ id: tenantKeys.id });
  return made.length === 1;
}
