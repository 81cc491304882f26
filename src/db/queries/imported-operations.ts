import { and, asc, eq, ilike, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connectors, importedOperations } from '../schema/index.ts';
import { containing } from './text.ts';

export type ImportedOperationRow = typeof importedOperations.$inferSelect;

/** All of a connector, by slug. */
export const selectOperations = (tx: Tx, tenantId: string, connectorId: string): Promise<ImportedOperationRow[]> =>
  tx.select().from(importedOperations).where(ofConnector(tenantId, connectorId)).orderBy(asc(bySlug));

const ofConnector = (tenantId: string, connectorId: string) =>
  and(eq(importedOperations.tenantId, tenantId), eq(importedOperations.connectorId, connectorId));

/** By bytes, so that pages do not depend on the database's language. */
const bySlug = sql`${importedOperations.slug} collate "C"`;
const byHandle = sql`${connectors.handle} collate "C"`;

export interface OperationFilter {
  connectorIds: string[];
  /** Each in handle and slug, title or description. */
  words: string[];
  /** Handles; null for all. */
  handles: string[] | null;
  /** Handle and slug of the last one of the page before. */
  after: [handle: string, slug: string] | null;
  limit: number;
}

/** Of several connectors, by their handles. */
export async function selectOperationTools(tx: Tx, tenantId: string, filter: OperationFilter) {
  const { connectorIds, words, handles, after, limit } = filter;
  if (!connectorIds.length || handles?.length === 0) return [];
  return joined(
    tx,
    tenantId,
    and(
      inArray(importedOperations.connectorId, connectorIds),
      handles ? inArray(connectors.handle, handles) : undefined,
      after ? sql`(${byHandle}, ${bySlug}) > (${after[0]}, ${after[1]})` : undefined,
      ...words.map((word) =>
        or(
          ilike(sql`${connectors.handle} || '.' || ${importedOperations.slug}`, containing(word)),
          ilike(importedOperations.title, containing(word)),
          ilike(importedOperations.description, containing(word)),
        ),
      ),
    ),
  ).limit(limit);
}

const joined = (tx: Tx, tenantId: string, where: SQL | undefined) =>
  tx
    .select({ operation: importedOperations, handle: connectors.handle, connectorName: connectors.name })
    .from(importedOperations)
    .innerJoin(
      connectors,
      and(eq(connectors.tenantId, importedOperations.tenantId), eq(connectors.id, importedOperations.connectorId)),
    )
    .where(and(eq(importedOperations.tenantId, tenantId), isNull(connectors.deletedAt), where))
    .orderBy(asc(byHandle), asc(bySlug));

/** By the handle of its connector and its slug. */
export async function findOperation(tx: Tx, tenantId: string, handle: string, slug: string) {
  const [row] = await joined(tx, tenantId, and(eq(connectors.handle, handle), eq(importedOperations.slug, slug))).limit(
    1,
  );
  return row ?? null;
}

export const countOperations = (tx: Tx, tenantId: string, connectorIds: string[]): Promise<number> =>
  tx.$count(
    importedOperations,
    and(eq(importedOperations.tenantId, tenantId), inArray(importedOperations.connectorId, connectorIds)),
  );

/** Puts these in the place of all that the connector has. */
export async function replaceOperations(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  rows: (typeof importedOperations.$inferInsert)[],
): Promise<void> {
  await tx.delete(importedOperations).where(ofConnector(tenantId, connectorId));
  if (rows.length) await tx.insert(importedOperations).values(rows);
}
