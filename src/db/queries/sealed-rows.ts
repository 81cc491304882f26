import { and, asc, eq, gt, isNotNull } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connectors, idempotencyKeys } from '../schema/index.ts';

/** A page of a tenant's connectors with what is sealed in them, deleted ones too, in the order of their ids. */
export function selectSealedConnectors(tx: Tx, tenantId: string, afterId: string | null, limit: number) {
  const { id, name, version, config, auth } = connectors;
  return tx
    .select({ id, name, version, config, auth })
    .from(connectors)
    .where(and(eq(connectors.tenantId, tenantId), afterId ? gt(id, afterId) : undefined))
    .orderBy(asc(id))
    .limit(limit);
}

export type SealedConnector = Awaited<ReturnType<typeof selectSealedConnectors>>[number];

/** Puts new envelopes in place; false when the connector was changed since it was read. For its users it stays the same version. */
export async function replaceEnvelopes(
  tx: Tx,
  tenantId: string,
  { id, version }: SealedConnector,
  next: Pick<SealedConnector, 'config' | 'auth'>,
): Promise<boolean> {
  const done = await tx
    .update(connectors)
    .set(next)
    .where(and(eq(connectors.tenantId, tenantId), eq(connectors.id, id), eq(connectors.version, version)))
    .returning({ id: connectors.id });
  return done.length === 1;
}

/** A page of the answers that are kept for repeated requests. */
export function selectSealedAnswers(tx: Tx, tenantId: string, afterId: string | null, limit: number) {
  const { id, route, sealedAnswer } = idempotencyKeys;
  return tx
    .select({ id, route, sealedAnswer })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.tenantId, tenantId), isNotNull(sealedAnswer), afterId ? gt(id, afterId) : undefined))
    .orderBy(asc(id))
    .limit(limit);
}

export type SealedAnswer = Awaited<ReturnType<typeof selectSealedAnswers>>[number];

/** False when the answer was changed or forgotten since it was read. */
export async function replaceAnswer(tx: Tx, tenantId: string, row: SealedAnswer, sealedAnswer: string) {
  const done = await tx
    .update(idempotencyKeys)
    .set({ sealedAnswer })
    .where(
      and(
        eq(idempotencyKeys.tenantId, tenantId),
        eq(idempotencyKeys.id, row.id),
        eq(idempotencyKeys.sealedAnswer, row.sealedAnswer ?? ''),
      ),
    )
    .returning({ id: idempotencyKeys.id });
  return done.length === 1;
}
