import { and, asc, eq, getTableColumns, gt, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import {
  apiKeys,
  approvals,
  auditEvents,
  authConfigs,
  authorizationRequests,
  budgets,
  connections,
  connectorCatalog,
  connectors,
  credentials,
  executions,
  healthChecks,
  importedOperations,
  invitations,
  llmUsage,
  posts,
  postTargets,
  priceOverrides,
  repositories,
  repositorySyncs,
  tenantSettings,
  usageRollups,
  webhookDeliveries,
  webhooks,
} from '../schema/index.ts';

// One page each, in the order of ids; `after` is the last id of the page before.

export type ExportedConnector = Awaited<ReturnType<typeof pageOfConnectors>>[number];

/** Connectors with their entry's key, deleted ones that can still be restored as well. */
export function pageOfConnectors(tx: Tx, tenantId: string, after: string, limit: number) {
  return tx
    .select({ connector: connectors, catalogKey: connectorCatalog.key })
    .from(connectors)
    .innerJoin(connectorCatalog, eq(connectorCatalog.id, connectors.catalogId))
    .where(and(eq(connectors.tenantId, tenantId), gt(connectors.id, after)))
    .orderBy(asc(connectors.id))
    .limit(limit);
}

export function pageOfAuditEvents(tx: Tx, tenantId: string, after: string, limit: number) {
  return tx
    .select()
    .from(auditEvents)
    .where(and(eq(auditEvents.tenantId, tenantId), gt(auditEvents.id, after)))
    .orderBy(asc(auditEvents.id))
    .limit(limit);
}

/** Keys of programs without their hashes. */
export function pageOfApiKeys(tx: Tx, tenantId: string, after: string, limit: number) {
  return tx
    .select({
      id: apiKeys.id,
      name: apiKeys.name,
      prefix: apiKeys.prefix,
      role: apiKeys.role,
      scopes: apiKeys.scopes,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      createdAt: apiKeys.createdAt,
      createdByName: apiKeys.createdByName,
    })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), gt(apiKeys.id, after)))
    .orderBy(asc(apiKeys.id))
    .limit(limit);
}

/** Invitations without what would let anybody in. */
export function selectInvitations(db: Drizzle, tenantId: string) {
  const { email, role, status, expiresAt, createdAt } = invitations;
  return db
    .select({ email, role, status, expiresAt, createdAt })
    .from(invitations)
    .where(eq(invitations.organizationId, tenantId))
    .orderBy(asc(invitations.id));
}

type TenantTable = PgTable & { tenantId: PgColumn; id: PgColumn };

/** A query may carry somebody's token. */
const urlWithoutQuery = sql<string>`split_part(${webhooks.url}, '?', 1)`;

/** Tables that are exported as they stand, by the name that they get, apart from these columns: envelopes and digests. */
const plainTables: [string, TenantTable, withheld: string[], instead?: Record<string, typeof urlWithoutQuery>][] = [
  ['settings', tenantSettings, []],
  ['connections', connections, ['refreshClaim', 'refreshClaimedUntil']],
  ['credentials', credentials, ['sealed']],
  ['auth_configs', authConfigs, ['settingsHash', 'claimedUntil']],
  ['authorization_requests', authorizationRequests, ['stateHash', 'browserHash', 'linkHash', 'sealedVerifier']],
  ['imported_operations', importedOperations, []],
  ['repositories', repositories, []],
  ['repository_syncs', repositorySyncs, ['turn']],
  ['health_checks', healthChecks, []],
  ['executions', executions, []],
  ['approvals', approvals, ['sealed']],
  ['llm_usage', llmUsage, []],
  ['budgets', budgets, []],
  ['price_overrides', priceOverrides, []],
  ['usage_rollups', usageRollups, []],
  ['posts', posts, []],
  ['post_targets', postTargets, []],
  ['webhooks', webhooks, ['sealedSecret'], { url: urlWithoutQuery }],
  ['webhook_deliveries', webhookDeliveries, []],
];

type PlainRow = { tenantId: string; id: string } & Record<string, unknown>;

/** For each of them how a page of its rows is read. */
export const plainPages = plainTables.map(([name, table, withheld, instead]) => ({
  name,
  read: async (tx: Tx, tenantId: string, after: string, limit: number) => {
    const columns = Object.entries(getTableColumns(table)).filter(([column]) => !withheld.includes(column));
    const rows = await tx
      .select({ ...Object.fromEntries(columns), ...instead })
      .from(table as PgTable)
      .where(and(eq(table.tenantId, tenantId), gt(table.id, after)))
      .orderBy(asc(table.id))
      .limit(limit);
    return rows as PlainRow[];
  },
}));
