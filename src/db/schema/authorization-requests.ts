import { sql } from 'drizzle-orm';
import {
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
import { createdAt, id, instant, tenantFence, tenantId } from './columns.ts';
import { connectors } from './connectors.ts';

export type AuthorizationStatus = 'pending' | 'succeeded' | 'denied' | 'expired' | 'failed';

/** A started authorisation. It is durable: start and callback may reach different replicas, and a restart in between loses nothing. */
export const authorizationRequests = pgTable(
  'authorization_requests',
  {
    tenantId: tenantId(),
    id: id(),
    connectorId: uuid('connector_id').notNull(),
    /** The connection that is authorised anew; null for a new one. No foreign key: it may be deleted meanwhile, and the request says so. */
    connectionId: uuid('connection_id'),
    /** Whose connection it becomes; null for the whole tenant. */
    userId: uuid('user_id'),
    toolkitSlug: varchar('toolkit_slug', { length: 100 }),
    /** How it is connected at a broker; null where the hub itself authorises. */
    authConfigId: uuid('auth_config_id'),
    /** What a broker calls it. */
    providerRequestId: varchar('provider_request_id', { length: 255 }),
    /** When the broker is asked next what became of it, and how often it was asked. */
    nextPollAt: instant('next_poll_at'),
    polls: integer('polls').notNull().default(0),
    status: varchar('status', { length: 20 }).$type<AuthorizationStatus>().notNull().default('pending'),
    error: varchar('error', { length: 100 }),
    message: text('message'),
    /** SHA-256 of the state parameter and of the binding cookie, base64url; set when the start page sends the browser on. */
    stateHash: varchar('state_hash', { length: 64 }),
    browserHash: varchar('browser_hash', { length: 64 }),
    /** SHA-256 of the token of a connect link, for somebody without an account. */
    linkHash: varchar('link_hash', { length: 64 }),
    /** Whom the link is for, in the words of whoever made it. */
    guestLabel: varchar('guest_label', { length: 255 }),
    /** The PKCE verifier, sealed; null where the provider takes none, and once it was used. */
    sealedVerifier: text('sealed_verifier'),
    redirectUri: varchar('redirect_uri', { length: 2048 }),
    scopes: jsonb('scopes').$type<string[]>().notNull().default([]),
    returnTo: varchar('return_to', { length: 2048 }),
    startedAt: instant('started_at'),
    /** The one use: set by the callback that won. */
    usedAt: instant('used_at'),
    finishedAt: instant('finished_at'),
    expiresAt: instant('expires_at').notNull(),
    createdBy: uuid('created_by'),
    createdByName: varchar('created_by_name', { length: 255 }),
    createdByType: varchar('created_by_type', { length: 20 }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      name: 'authorization_requests_connector',
      columns: [table.tenantId, table.connectorId],
      foreignColumns: [connectors.tenantId, connectors.id],
    }).onDelete('cascade'),
    index('authorization_requests_connector').on(table.tenantId, table.connectorId),
    index('authorization_requests_expiry').on(table.expiresAt).where(sql`status = 'pending'`),
    index('authorization_requests_link').on(table.linkHash).where(sql`link_hash is not null`),
    index('authorization_requests_poll').on(table.nextPollAt).where(sql`next_poll_at is not null`),
    check(
      'authorization_requests_status_known',
      sql`${table.status} in ('pending', 'succeeded', 'denied', 'expired', 'failed')`,
    ),
    tenantFence(),
  ],
);
