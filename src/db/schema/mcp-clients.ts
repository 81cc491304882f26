import { sql } from 'drizzle-orm';
import { check, foreignKey, index, jsonb, pgTable, primaryKey, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { apiKeys } from './api-keys.ts';
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';

/** Programs that registered themselves to be let in by people (RFC 7591). They say all of it about themselves, and nobody has checked it. */
export const mcpClients = pgTable(
  'mcp_clients',
  {
    id: uuid('id').primaryKey(),
    name: varchar('name', { length: 255 }).notNull(),
    redirectUris: jsonb('redirect_uris').$type<string[]>().notNull(),
    createdAt: createdAt(),
    /** When somebody last let it in; null for a registration that led to nothing. */
    usedAt: instant('used_at'),
  },
  (table) => [index('mcp_clients_unused').on(table.createdAt).where(sql`${table.usedAt} is null`)],
);

/** What was given out to an app that somebody let in, which is the API key that this belongs to. None of them stands here, only its hash. */
export const mcpTokens = pgTable(
  'mcp_tokens',
  {
    tenantId: tenantId(),
    id: id(),
    apiKeyId: uuid('api_key_id').notNull(),
    kind: varchar('kind', { length: 10 }).$type<'code' | 'access' | 'refresh'>().notNull(),
    /** SHA-256, hex. */
    hash: varchar('hash', { length: 64 }).notNull(),
    /** Of an access token that was asked for with less than the app may: that; null for all of it. */
    scopes: jsonb('scopes').$type<string[]>(),
    /** Of a code: where it was sent, to the letter. */
    redirectUri: varchar('redirect_uri', { length: 2048 }),
    /** Of a code: SHA-256 of the verifier, base64url (RFC 7636). */
    codeChallenge: varchar('code_challenge', { length: 43 }),
    expiresAt: instant('expires_at').notNull(),
    /** Codes and refresh tokens work once. */
    usedAt: instant('used_at'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('mcp_tokens_once').on(table.tenantId, table.hash),
    index('mcp_tokens_hash').on(table.hash),
    index('mcp_tokens_key').on(table.tenantId, table.apiKeyId),
    index('mcp_tokens_expires').on(table.expiresAt),
    foreignKey({
      name: 'mcp_tokens_api_key',
      columns: [table.tenantId, table.apiKeyId],
      foreignColumns: [apiKeys.tenantId, apiKeys.id],
    }).onDelete('cascade'),
    check('mcp_tokens_kind_known', sql`${table.kind} in ('code', 'access', 'refresh')`),
    check(
      'mcp_tokens_code_bound',
      sql`(${table.kind} = 'code') = (${table.redirectUri} is not null and ${table.codeChallenge} is not null)`,
    ),
    tenantFence(),
  ],
);
