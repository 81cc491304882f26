import { pgTable, text, varchar } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';

/** Secrets of the hub itself, sealed under the master keyring: the keyring's check value, the key that signs sessions. */
export const hubSecrets = pgTable('hub_secrets', {
  name: varchar('name', { length: 64 }).primaryKey(),
  masterKeyId: varchar('master_key_id', { length: 64 }).notNull(),
  /** base64 */
  sealed: text('sealed').notNull(),
  createdAt: createdAt(),
});

/** One row per limited caller: the theoretical arrival time of the generic cell rate algorithm. Unlogged: a crash may forget it. */
export const rateLimits = pgTable('rate_limits', {
  key: varchar('key', { length: 300 }).primaryKey(),
  arrival: instant('arrival').notNull(),
});
