import { and, asc, count, eq, gte, lt, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { llmUsage } from '../schema/index.ts';

export type LlmUsageRow = typeof llmUsage.$inferSelect;

export async function insertLlmUsage(tx: Tx, values: typeof llmUsage.$inferInsert): Promise<void> {
  await tx.insert(llmUsage).values(values);
}

/** What sums are made by; days are those of UTC. */
const groups = {
  day: sql<string | null>`to_char(${llmUsage.createdAt} at time zone 'UTC', 'YYYY-MM-DD')`,
  model: sql<string | null>`${llmUsage.model}`,
  tier: sql<string | null>`${llmUsage.tier}`,
  key: sql<string | null>`${llmUsage.apiKeyId}::text`,
  connector: sql<string | null>`${llmUsage.connectorId}::text`,
};

export type UsageGroup = keyof typeof groups;

const total = (column: typeof llmUsage.tokensIn | typeof llmUsage.tokensOut | typeof llmUsage.tokensCached) =>
  sql<string>`coalesce(sum(${column}), 0)`.mapWith(Number);

/** Sums over [from, until); a cost is the sum of those that are known, and null when none is. */
export function sumLlmUsage(tx: Tx, tenantId: string, by: UsageGroup, from: Date, until: Date) {
  return tx
    .select({
      group: groups[by],
      calls: count(),
      tokensIn: total(llmUsage.tokensIn),
      tokensCached: total(llmUsage.tokensCached),
      tokensOut: total(llmUsage.tokensOut),
      costUsd: sql<string | null>`sum(${llmUsage.costUsd})`,
      unknownCost: sql<string>`count(*) filter (where ${llmUsage.costUsd} is null)`.mapWith(Number),
      estimated: sql<string>`count(*) filter (where ${llmUsage.estimated})`.mapWith(Number),
    })
    .from(llmUsage)
    .where(and(eq(llmUsage.tenantId, tenantId), gte(llmUsage.createdAt, from), lt(llmUsage.createdAt, until)))
    .groupBy(sql`1`)
    .orderBy(asc(sql`1`))
    .limit(1_000);
}
