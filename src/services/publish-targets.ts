import type { Ctx } from '../context.ts';
import { selectConnectors } from '../db/queries/connectors.ts';
import type { PublishCapability } from '../drivers/driver.ts';
import { decodeCursor, page } from '../lib/pagination.ts';

export interface PublishTarget {
  id: string;
  name: string;
  catalogKey: string;
  capabilities: PublishCapability;
  ready: boolean;
  /** Why it is not ready; null when it is. */
  reason: string | null;
}

/** Every active connector that can publish. None is ready before a health check has vouched for it. */
export async function getPublishTargets(ctx: Ctx, query: { limit?: number; cursor?: string } = {}) {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 2) : null;
  const catalogKeys = [...ctx.hub.drivers.values()]
    .filter((driver) => driver.entry.capabilities.publish)
    .map((driver) => driver.entry.key);
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => selectConnectors(tx, ctx.tenantId, { status: 'active', catalogKeys, after, limit: limit + 1 }),
    { readOnly: true },
  );
  const { data, nextCursor } = page(rows, limit, (row) => [row.sortName, row.id]);
  return { data: data.map((row) => targetOf(ctx, row)), nextCursor };
}

function targetOf(ctx: Ctx, row: { id: string; name: string; catalog: { key: string } }): PublishTarget {
  const capabilities = ctx.hub.drivers.get(row.catalog.key)?.entry.capabilities.publish as PublishCapability;
  return { id: row.id, name: row.name, catalogKey: row.catalog.key, capabilities, ready: false, reason: 'not_checked' };
}
