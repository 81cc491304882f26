import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
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
import { auditColumns, id, instant, tenantFence, tenantId } from './columns.ts';

/** One content that goes to several connectors. */
export const posts = pgTable(
  'posts',
  {
    tenantId: tenantId(),
    id: id(),
    /** As it was asked for, files by their addresses or in base64. */
    content: jsonb('content').$type<Record<string, unknown>>().notNull(),
    /** Null: at once. */
    scheduledAt: instant('scheduled_at'),
    cancelledAt: instant('cancelled_at'),
    ...auditColumns(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] }), tenantFence()],
);

export type PostTargetStatus = 'waiting' | 'publishing' | 'published' | 'failed' | 'outcome_unknown' | 'cancelled';

/** How publishing to one of them goes. No foreign key to connectors: history outlives them. */
export const postTargets = pgTable(
  'post_targets',
  {
    tenantId: tenantId(),
    id: id(),
    postId: uuid('post_id').notNull(),
    position: integer('position').notNull(),
    connectorId: uuid('connector_id').notNull(),
    connectorName: varchar('connector_name', { length: 255 }).notNull(),
    catalogKey: varchar('catalog_key', { length: 100 }).notNull(),
    connectionId: uuid('connection_id').notNull(),
    status: varchar('status', { length: 20 }).$type<PostTargetStatus>().notNull().default('waiting'),
    /** When it may begin; while it runs, when it counts as lost. Null when nothing is left to do. */
    dueAt: instant('due_at'),
    attempts: integer('attempts').notNull().default(0),
    executionId: uuid('execution_id'),
    externalId: varchar('external_id', { length: 255 }),
    url: varchar('url', { length: 2048 }),
    /** How it appears at the service. */
    visibility: varchar('visibility', { length: 20 }),
    errorCode: varchar('error_code', { length: 60 }),
    errorMessage: text('error_message'),
    retryable: boolean('retryable').notNull().default(false),
    publishedAt: instant('published_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'post_targets_post',
      columns: [table.tenantId, table.postId],
      foreignColumns: [posts.tenantId, posts.id],
    }).onDelete('cascade'),
    index('post_targets_post').on(table.tenantId, table.postId),
    index('post_targets_due').on(table.dueAt).where(sql`${table.dueAt} is not null`),
    check(
      'post_targets_status_known',
      sql`${table.status} in ('waiting', 'publishing', 'published', 'failed', 'outcome_unknown', 'cancelled')`,
    ),
    tenantFence(),
  ],
);
