import { sql } from 'drizzle-orm';
import { check, integer, jsonb, pgTable, uuid, varchar } from 'drizzle-orm/pg-core';
import type { AuthMethod, AuthType, Capabilities } from '../../drivers/driver.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { createdAt, instant } from './columns.ts';

/** Kinds of services that one can add; global, written by the seed only. */
export const connectorCatalog = pgTable(
  'connector_catalog',
  {
    id: uuid('id').primaryKey(),
    key: varchar('key', { length: 100 }).notNull().unique(),
    name: varchar('name', { length: 255 }).notNull(),
    description: varchar('description', { length: 500 }).notNull(),
    category: varchar('category', { length: 50 }).notNull(),
    icon: varchar('icon', { length: 100 }).notNull(),
    authType: varchar('auth_type', { length: 20 }).$type<AuthType>().notNull(),
    authMethods: jsonb('auth_methods').$type<AuthMethod[]>().notNull(),
    aliases: jsonb('aliases').$type<string[]>().notNull(),
    capabilities: jsonb('capabilities').$type<Capabilities>().notNull(),
    defaultConfigSchema: jsonb('default_config_schema').$type<JsonSchema>().notNull(),
    authSchema: jsonb('auth_schema').$type<JsonSchema>().notNull(),
    schemaVersion: integer('schema_version').notNull(),
    /** Set when the driver is gone: nothing new can be installed, what is installed stays listed. */
    retiredAt: instant('retired_at'),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [check('connector_catalog_auth_type', sql`${table.authType} in ('oauth', 'api_key', 'basic', 'none')`)],
);
