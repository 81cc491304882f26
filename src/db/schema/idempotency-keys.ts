import { index, integer, pgTable, primaryKey, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

/** One `Idempotency-Key` of one caller on one route, with the sealed answer that it got. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: tenantId(),
    id: id(),
    actorId: uuid('actor_id').notNull(),
    /** Method and path pattern, e.g. `POST /api/connectors`. */
    route: varchar('route', { length: 200 }).notNull(),
    key: varchar('key', { length: 255 }).notNull(),
    /** HMAC-SHA-256 of the request's body under a key of the hub, hex. */
    bodyHash: varchar('body_hash', { length: 64 }).notNull(),
    /** Null while the first request runs. */
    status: integer('status'),
    sealedAnswer: text('sealed_answer'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('idempotency_keys_once').on(table.tenantId, table.actorId, table.route, table.key),
    index('idempotency_keys_expiry').on(table.tenantId, table.expiresAt),
    tenantFence(),
  ],
);
