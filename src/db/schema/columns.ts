import { sql } from 'drizzle-orm';
import { pgPolicy, pgRole, timestamp, uuid, varchar } from 'drizzle-orm/pg-core';
import { organizations } from './identity.ts';

/** The role that every tenant transaction runs as: no superuser, no BYPASSRLS, owns nothing. */
const appRole = pgRole('patchbay_app').existing();

/** UUIDv7, made by the application, so that any PostgreSQL from 16 on will do. */
export const id = () => uuid('id').notNull();

export const tenantId = () =>
  uuid('tenant_id')
    .notNull()
    .references(() => organizations.id);

export const instant = (name: string) => timestamp(name, { withTimezone: true });
export const createdAt = () => instant('created_at').notNull().defaultNow();

/** Who made and last changed a row; names are copies, so that history outlives accounts. */
export const auditColumns = () => ({
  createdAt: createdAt(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
  createdBy: uuid('created_by'),
  updatedBy: uuid('updated_by'),
  createdByName: varchar('created_by_name', { length: 255 }),
  updatedByName: varchar('updated_by_name', { length: 255 }),
});

const ownTenant = sql`tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid`;

/** The second fence: rows of the tenant that the transaction was opened for, and no others. */
export const tenantFence = () =>
  pgPolicy('tenant_fence', { as: 'permissive', for: 'all', to: appRole, using: ownTenant, withCheck: ownTenant });
