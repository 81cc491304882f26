import { sql } from 'drizzle-orm';
import { bigint, jsonb, pgTable, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';
import { users } from './identity.ts';

/** A person's second factor. Outside the tenant fence: it is asked for at sign-in, before a tenant is known. */
export const secondFactors = pgTable('second_factors', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Where the secret is sealed: a name in `hub_secrets`. */
  secretName: varchar('secret_name', { length: 64 }).notNull(),
  /** Null until the first code was right; only then it is asked for. */
  confirmedAt: instant('confirmed_at'),
  /** The time step of the last code that was taken: neither it nor an earlier one is taken again. */
  lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
  /** SHA-256 of each recovery code that was not used yet. */
  recoveryCodes: jsonb('recovery_codes').$type<string[]>().notNull().default(sql`'[]'::jsonb`),
  createdAt: createdAt(),
});
