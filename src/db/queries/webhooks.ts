import { and, asc, eq, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { prepared } from '../prepared.ts';
import { webhooks } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type WebhookRow = typeof webhooks.$inferSelect;

/** The tenant's webhooks in the order in which they were made; there are few. */
export const selectWebhooks = (tx: Tx, tenantId: string): Promise<WebhookRow[]> =>
  tx.select().from(webhooks).where(eq(webhooks.tenantId, tenantId)).orderBy(asc(webhooks.id));

/** The ids of those that are switched on and want to be told of this event. */
export async function selectSubscribed(tx: Tx, tenantId: string, event: string): Promise<string[]> {
  const rows = await selectPrepared(tx, { tenantId, events: JSON.stringify([event]) });
  return rows.map(({ id }) => id);
}

const selectPrepared = prepared((db) =>
  db
    .select({ id: webhooks.id })
    .from(webhooks)
    .where(
      and(
        eq(webhooks.tenantId, sql.placeholder('tenantId')),
        eq(webhooks.enabled, true),
        sql`${webhooks.events} @> ${sql.placeholder('events')}::text::jsonb`,
      ),
    ),
);

/** The tenant's webhook, or null; an id that is no UUID names none. */
export async function findWebhook(
  tx: Tx,
  tenantId: string,
  id: string,
  options: { lock?: boolean } = {},
): Promise<WebhookRow | null> {
  if (!isUuid(id)) return null;
  const query = tx
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.tenantId, tenantId), eq(webhooks.id, id)));
  const [row] = await (options.lock ? query.for('update') : query);
  return row ?? null;
}

/** Lets one transaction of the tenant at a time count its webhooks and add to them. */
export async function lockWebhookCount(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:webhooks:${tenantId}`}, 0))`);
}

export async function insertWebhook(tx: Tx, values: typeof webhooks.$inferInsert): Promise<WebhookRow> {
  const [row] = await tx.insert(webhooks).values(values).returning();
  return row as WebhookRow;
}

/** Null when it is gone. */
export async function updateWebhookRow(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof webhooks>,
): Promise<WebhookRow | null> {
  const [row] = await tx
    .update(webhooks)
    .set({ ...values, updatedAt: sql`now()` })
    .where(and(eq(webhooks.tenantId, tenantId), eq(webhooks.id, id)))
    .returning();
  return row ?? null;
}

/** Its deliveries go with it. */
export async function deleteWebhookRow(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(webhooks).where(and(eq(webhooks.tenantId, tenantId), eq(webhooks.id, id)));
}
