import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { apiKeys, budgets, connectorCatalog, connectors, llmUsage } from '../schema/index.ts';
import { isUuid } from './text.ts';

/** When the current period began, by the database’s clock. */
const begun = sql`greatest(${budgets.periodStart}, date_trunc(${budgets.period}, now() at time zone 'UTC') at time zone 'UTC')`;
const ends = sql<Date>`((${begun} at time zone 'UTC') + ('1 ' || ${budgets.period})::interval) at time zone 'UTC'`;

/** A counter in the current period; the counters of an older one say nothing. */
const counted = (counter: typeof budgets.spentNano) =>
  sql<number>`case when ${budgets.periodStart} = ${begun} then ${counter} else 0 end`.mapWith(Number);

const columns = {
  id: budgets.id,
  apiKeyId: budgets.apiKeyId,
  connectorId: budgets.connectorId,
  apiKeyName: apiKeys.name,
  connectorName: connectors.name,
  period: budgets.period,
  limitNano: budgets.limitNano,
  warnPercent: budgets.warnPercent,
  unknownPrice: budgets.unknownPrice,
  spentNano: counted(budgets.spentNano),
  reservedNano: counted(budgets.reservedNano),
  endsAt: ends.mapWith((value) => new Date(value)),
  createdAt: budgets.createdAt,
  createdByName: budgets.createdByName,
  updatedAt: budgets.updatedAt,
};

const select = (tx: Tx, tenantId: string, id?: string) =>
  tx
    .select(columns)
    .from(budgets)
    .leftJoin(apiKeys, and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, budgets.apiKeyId)))
    .leftJoin(connectors, and(eq(connectors.tenantId, tenantId), eq(connectors.id, budgets.connectorId)))
    .where(and(eq(budgets.tenantId, tenantId), id === undefined ? undefined : eq(budgets.id, id)))
    .orderBy(sql`${budgets.apiKeyId} nulls first`, sql`${budgets.connectorId} nulls first`, asc(budgets.period));

/** A budget with what is used of it in the current period. */
export type BudgetRow = Awaited<ReturnType<typeof select>>[number];

/** The workspace's own first; there are few. */
export const selectBudgets = (tx: Tx, tenantId: string): Promise<BudgetRow[]> => select(tx, tenantId);

/** The tenant's budget, or null; an id that is no UUID names none. */
export async function findBudget(
  tx: Tx,
  tenantId: string,
  id: string,
  options: { lock?: boolean } = {},
): Promise<BudgetRow | null> {
  if (!isUuid(id)) return null;
  const query = select(tx, tenantId, id);
  const [row] = await (options.lock ? query.for('update', { of: budgets }) : query);
  return row ?? null;
}

/** Lets one transaction of the tenant at a time count its budgets and add to them. */
export async function lockBudgetCount(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:budgets:${tenantId}`}, 0))`);
}

/** Makes it with what was spent in its period before. */
export async function insertBudget(tx: Tx, values: typeof budgets.$inferInsert & { id: string }): Promise<void> {
  const { tenantId, period } = values;
  const since = sql`date_trunc(${period}, now() at time zone 'UTC') at time zone 'UTC'`;
  const spent = tx
    .select({ nano: sql`coalesce(sum(${llmUsage.costUsd}) * 1000000000, 0)::bigint` })
    .from(llmUsage)
    .where(
      and(
        eq(llmUsage.tenantId, tenantId),
        sql`${llmUsage.createdAt} >= ${since}`,
        values.apiKeyId ? eq(llmUsage.apiKeyId, values.apiKeyId) : undefined,
        values.connectorId ? eq(llmUsage.connectorId, values.connectorId) : undefined,
      ),
    );
  await tx.insert(budgets).values({ ...values, periodStart: since, spentNano: sql`(${spent})` });
}

/** Another limit or another warning may be told of anew. */
export async function updateBudget(
  tx: Tx,
  tenantId: string,
  id: string,
  values: Partial<typeof budgets.$inferInsert>,
): Promise<void> {
  await tx
    .update(budgets)
    .set({ ...values, warnedFor: null, exceededFor: null, updatedAt: sql`now()` })
    .where(and(eq(budgets.tenantId, tenantId), eq(budgets.id, id)));
}

export async function deleteBudgetRow(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(budgets).where(and(eq(budgets.tenantId, tenantId), eq(budgets.id, id)));
}

/** What a budget can be for: keys that are not revoked, and connectors of these entries. */
export async function selectSubjects(tx: Tx, tenantId: string, catalogKeys: string[]) {
  const keys = await tx
    .select({ id: apiKeys.id, name: apiKeys.name })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), isNull(apiKeys.revokedAt)))
    .orderBy(asc(apiKeys.name))
    .limit(500);
  const found = await tx
    .select({ id: connectors.id, name: connectors.name })
    .from(connectors)
    .innerJoin(connectorCatalog, eq(connectorCatalog.id, connectors.catalogId))
    .where(
      and(eq(connectors.tenantId, tenantId), isNull(connectors.deletedAt), inArray(connectorCatalog.key, catalogKeys)),
    )
    .orderBy(asc(connectors.name))
    .limit(500);
  return { keys, connectors: found };
}
