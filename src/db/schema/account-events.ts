import { index, pgTable, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { users } from './identity.ts';

/**
 * What happened to a person's account: sign-ins, failed ones, passwords. It stands outside the tenant fence, because a person
 * may belong to several workspaces and to none, and the history is shown to that person alone.
 */
export const accountEvents = pgTable(
  'account_events',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: varchar('kind', { length: 50 }).notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
  },
  (table) => [index('account_events_user').on(table.userId, table.id), index('account_events_age').on(table.createdAt)],
);
