import { and, asc, eq, getTableColumns, gte, inArray, lt, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { llmUsage } from '../schema/index.ts';
import type { UsageSpan } from './usage-facts.ts';

/** With all digits of the time, which a JavaScript date has not. */
const at = sql<string>`to_char(${llmUsage.createdAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

export type UsageCall = Awaited<ReturnType<typeof selectUsageCalls>>[number];

/** Single calls, oldest first. */
export function selectUsageCalls(
  tx: Tx,
  tenantId: string,
  { from, until }: UsageSpan,
  page: { after: [at: string, id: string] | null; limit: number; apiKeyIds: string[] | null },
) {
  const { createdAt: _at, tenantId: _tenant, ...columns } = getTableColumns(llmUsage);
  return tx
    .select({ ...columns, at })
    .from(llmUsage)
    .where(
      and(
        eq(llmUsage.tenantId, tenantId),
        gte(llmUsage.createdAt, from),
        lt(llmUsage.createdAt, until),
        page.after
          ? sql`(${llmUsage.createdAt}, ${llmUsage.id}) > (${page.after[0]}::timestamptz, ${page.after[1]}::uuid)`
          : undefined,
        page.apiKeyIds ? inArray(llmUsage.apiKeyId, page.apiKeyIds) : undefined,
      ),
    )
    .orderBy(asc(llmUsage.createdAt), asc(llmUsage.id))
    .limit(page.limit);
}
