import { integer, pgTable, primaryKey, text, uniqueIndex, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, tenantFence, tenantId } from './columns.ts';

/** A tenant's data keys, each wrapped by a key of the master keyring. Deleting them shreds the tenant's secrets. */
export const tenantKeys = pgTable(
  'tenant_keys',
  {
    tenantId: tenantId(),
    id: id(),
    /** Counts up from 1; envelopes name it. */
    number: integer('number').notNull(),
    masterKeyId: varchar('master_key_id', { length: 64 }).notNull(),
    /** base64 */
    wrapped: text('wrapped').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('tenant_keys_number').on(table.tenantId, table.number),
    tenantFence(),
  ],
);
