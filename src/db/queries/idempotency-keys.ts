import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { idempotencyKeys } from '../schema/index.ts';

export type IdempotencyRow = typeof idempotencyKeys.$inferSelect & {
  /** Seconds since it was claimed, by the database's clock. */
  age: number;
};

const columns = {
  ...getTableColumns(idempotencyKeys),
  age: sql<number>`extract(epoch from now() - ${idempotencyKeys.createdAt})::float8`,
};
export type IdempotencyClaim = Pick<IdempotencyRow, 'tenantId' | 'actorId' | 'route' | 'key' | 'bodyHash'> & {
  id: string;
};

/** Claims the key for 24 hours; returns the claim, or the row that stands there already. An expired row gives way. */
export async function claimKey(tx: Tx, claim: IdempotencyClaim): Promise<{ claimed: boolean; row: IdempotencyRow }> {
  const [row] = await tx
    .insert(idempotencyKeys)
    .values({ ...claim, expiresAt: sql`now() + interval '24 hours'` })
    .onConflictDoUpdate({
      target: [idempotencyKeys.tenantId, idempotencyKeys.actorId, idempotencyKeys.route, idempotencyKeys.key],
      set: {
        id: claim.id,
        bodyHash: claim.bodyHash,
        status: null,
        sealedAnswer: null,
        createdAt: sql`now()`,
        expiresAt: sql`now() + interval '24 hours'`,
      },
      setWhere: sql`${idempotencyKeys.expiresAt} < now()`,
    })
    .returning(columns);
  if (row) return { claimed: true, row };
  const [standing] = await tx.select(columns).from(idempotencyKeys).where(sameKey(claim));
  return { claimed: false, row: standing as IdempotencyRow };
}

export async function settleKey(
  tx: Tx,
  tenantId: string,
  id: string,
  answer: { status: number; sealedAnswer: string },
) {
  await tx
    .update(idempotencyKeys)
    .set(answer)
    .where(and(eq(idempotencyKeys.tenantId, tenantId), eq(idempotencyKeys.id, id)));
}

/** Gives the key back: what it stood for has certainly not happened. */
export async function releaseKey(tx: Tx, tenantId: string, id: string) {
  await tx.delete(idempotencyKeys).where(and(eq(idempotencyKeys.tenantId, tenantId), eq(idempotencyKeys.id, id)));
}

export async function dueIdempotencyPurges(tx: { execute: Tx['execute'] }, max: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_idempotency_purges(${max})`);
  return (rows as unknown as { tenant_id: string; id: string }[]).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
  }));
}

const sameKey = (claim: IdempotencyClaim) =>
  and(
    eq(idempotencyKeys.tenantId, claim.tenantId),
    eq(idempotencyKeys.actorId, claim.actorId),
    eq(idempotencyKeys.route, claim.route),
    eq(idempotencyKeys.key, claim.key),
  );
