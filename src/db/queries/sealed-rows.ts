import { and, asc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import {
  approvals,
  authorizationRequests,
  connectors,
  credentials,
  idempotencyKeys,
  webhooks,
} from '../schema/index.ts';

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

/** Columns that hold one envelope each, and what the row is called for the operator. */
export const sealedColumns = {
  approvals: { table: approvals, id: approvals.id, sealed: approvals.sealed, called: 'a call that waits for approval' },
  idempotency_keys: {
    table: idempotencyKeys,
    id: idempotencyKeys.id,
    sealed: idempotencyKeys.sealedAnswer,
    called: 'a kept answer',
  },
  credentials: { table: credentials, id: credentials.id, sealed: credentials.sealed, called: 'a credential' },
  authorization_requests: {
    table: authorizationRequests,
    id: authorizationRequests.id,
    sealed: authorizationRequests.sealedVerifier,
    called: 'an authorisation that was started',
  },
  webhooks: { table: webhooks, id: webhooks.id, sealed: webhooks.sealedSecret, called: 'the secret of a webhook' },
};

type SealedColumn = (typeof sealedColumns)[keyof typeof sealedColumns];

/** A page of a tenant's rows that hold an envelope in this column, in the order of their ids. */
export function selectSealedColumn(
  tx: Tx,
  { table, id, sealed }: SealedColumn,
  tenantId: string,
  afterId: string | null,
  limit: number,
): Promise<{ id: string; sealed: string }[]> {
  return tx
    .select({ id: sql<string>`${id}`, sealed: sql<string>`${sealed}` })
    .from(table as PgTable)
    .where(and(eq(table.tenantId, tenantId), isNotNull(sealed), afterId ? gt(id, afterId) : undefined))
    .orderBy(asc(id))
    .limit(limit);
}

/** False when the envelope was changed or forgotten since it was read. */
export async function replaceSealedColumn(
  tx: Tx,
  { table, id, sealed }: SealedColumn,
  tenantId: string,
  row: { id: string; sealed: string },
  next: string,
): Promise<boolean> {
  const done = await tx.execute(
    sql`update ${table} set ${sql.identifier(sealed.name)} = ${next}
      where ${table.tenantId} = ${tenantId} and ${id} = ${row.id} and ${sealed} = ${row.sealed} returning 1`,
  );
  return done.length === 1;
}
