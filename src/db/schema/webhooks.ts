import { sql } from 'drizzle-orm';
import {
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { auditColumns, createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

/** An address of the tenant that is told what happens to its connections. */
export const webhooks = pgTable(
  'webhooks',
  {
    tenantId: tenantId(),
    id: id(),
    url: varchar('url', { length: 2048 }).notNull(),
    events: jsonb('events').$type<string[]>().notNull(),
    /** The signing secret with its destination, sealed. */
    sealedSecret: text('sealed_secret').notNull(),
    enabled: boolean('enabled').notNull().default(true),
    /** Why the hub switched it off; null when a person did. */
    disabledReason: text('disabled_reason'),
    /** Since when nothing was delivered; null while it works. */
    failingSince: instant('failing_since'),
    ...auditColumns(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] }), tenantFence()],
);

/** One message to a webhook and how its delivery went. Payloads hold ids, names and statuses, never a secret. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    tenantId: tenantId(),
    id: id(),
    webhookId: uuid('webhook_id').notNull(),
    event: varchar('event', { length: 60 }).notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    status: varchar('status', { length: 20 }).$type<'pending' | 'delivered' | 'failed'>().notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    responseStatus: integer('response_status'),
    message: text('message'),
    /** When the next attempt may begin; while one runs, when it counts as lost. */
    dueAt: instant('due_at').notNull().defaultNow(),
    deliveredAt: instant('delivered_at'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'webhook_deliveries_webhook',
      columns: [table.tenantId, table.webhookId],
      foreignColumns: [webhooks.tenantId, webhooks.id],
    }).onDelete('cascade'),
    index('webhook_deliveries_webhook').on(table.tenantId, table.webhookId, table.createdAt),
    index('webhook_deliveries_due').on(table.dueAt).where(sql`${table.status} = 'pending'`),
    index('webhook_deliveries_created').on(table.createdAt),
    tenantFence(),
  ],
);
