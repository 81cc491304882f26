import { and, count, desc, eq, gt, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { apiKeys, connectors, mcpClients, mcpTokens, members } from '../schema/index.ts';
import type { ApiKeyRow, LiveKey } from './api-keys.ts';
import { isUuid } from './text.ts';

export type McpClient = typeof mcpClients.$inferSelect;
export type McpToken = typeof mcpTokens.$inferSelect;

export async function insertClient(db: Drizzle, row: Pick<McpClient, 'id' | 'name' | 'redirectUris'>) {
  await db.insert(mcpClients).values(row);
}

export async function findClient(db: Drizzle, id: string): Promise<McpClient | null> {
  if (!isUuid(id)) return null;
  const [row] = await db.select().from(mcpClients).where(eq(mcpClients.id, id));
  return row ?? null;
}

/** Notes that somebody let the app in: its registration is not cleared away any more. */
export async function markClientUsed(tx: Tx, id: string): Promise<void> {
  await tx.update(mcpClients).set({ usedAt: sql`now()` }).where(eq(mcpClients.id, id));
}

/** Registrations that led to nothing within a day; returns how many went. */
export async function deleteUnusedClients(db: Drizzle): Promise<number> {
  const gone = await db.execute(
    sql`delete from mcp_clients where used_at is null and created_at < now() - interval '1 day'`,
  );
  return gone.count;
}

/** Clears away tokens that ended more than a day ago, and ends apps that hold none any more; returns how many. */
export async function forgetEndedTokens(db: Drizzle, max: number): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`select forget_mcp_tokens(${max}) as n`);
  return row?.n ?? 0;
}

/** What an access token with this hash opens now; outside of any tenant, which the token itself tells. */
export async function findLiveAccess(db: Drizzle, hash: string): Promise<LiveKey | null> {
  const [row] = await db.execute<LiveKey>(sql`
    select tenant_id as "tenantId", id, name, hash, role, scopes, maker_id as "makerId", maker_role as "makerRole",
      model_connector_id as "modelConnectorId", limits, used_ago as "usedAgo", tenant_name as "tenantName", suspended_reason as "suspendedReason"
    from find_mcp_access(${hash})`);
  return row ?? null;
}

export async function tenantOfToken(db: Drizzle, hash: string): Promise<string | null> {
  const [row] = await db.execute<{ id: string | null }>(sql`select mcp_token_tenant(${hash}) as id`);
  return row?.id ?? null;
}

/** The token, held until the transaction ends: of two who use it at once, the second sees that it is used. */
export async function holdToken(tx: Tx, tenantId: string, hash: string): Promise<McpToken | null> {
  const [row] = await tx
    .select()
    .from(mcpTokens)
    .where(and(eq(mcpTokens.tenantId, tenantId), eq(mcpTokens.hash, hash)))
    .for('update');
  return row ?? null;
}

export async function insertTokens(tx: Tx, rows: (typeof mcpTokens.$inferInsert)[]): Promise<void> {
  await tx.insert(mcpTokens).values(rows);
}

export async function markTokenUsed(tx: Tx, { tenantId, id }: McpToken): Promise<void> {
  await tx
    .update(mcpTokens)
    .set({ usedAt: sql`now()` })
    .where(and(eq(mcpTokens.tenantId, tenantId), eq(mcpTokens.id, id)));
}

/** The same person’s earlier permissions for this app, which a new one takes the place of. */
export async function selectEarlier(tx: Tx, { tenantId, id, clientId, memberId }: ApiKeyRow) {
  return tx
    .select({ id: apiKeys.id, name: apiKeys.name })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        eq(apiKeys.clientId, clientId ?? ''),
        eq(apiKeys.memberId, memberId),
        ne(apiKeys.id, id),
        isNull(apiKeys.revokedAt),
      ),
    );
}

/** How many other apps this person has let in; nobody else lets one in for them until the transaction ends. */
export async function countOtherApps(tx: Tx, tenantId: string, memberId: string, clientId: string): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:apps:${tenantId}:${memberId}`}, 0))`);
  return tx.$count(
    apiKeys,
    and(
      eq(apiKeys.tenantId, tenantId),
      eq(apiKeys.memberId, memberId),
      isNotNull(apiKeys.clientId),
      ne(apiKeys.clientId, clientId),
      isNull(apiKeys.revokedAt),
      or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
    ),
  );
}

/** Apps that are let in now, newest first, of one person or of all; needs a transaction that may read memberships. */
export async function selectApps(tx: Tx, tenantId: string, userId: string | null) {
  return tx
    .select({
      id: apiKeys.id,
      name: apiKeys.name,
      clientHost: apiKeys.clientHost,
      scopes: apiKeys.scopes,
      limits: apiKeys.limits,
      expiresAt: apiKeys.expiresAt,
      lastUsedAt: apiKeys.lastUsedAt,
      createdAt: apiKeys.createdAt,
      createdBy: apiKeys.createdBy,
      createdByName: apiKeys.createdByName,
    })
    .from(apiKeys)
    .innerJoin(members, and(eq(members.id, apiKeys.memberId), eq(members.organizationId, apiKeys.tenantId)))
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        isNotNull(apiKeys.clientId),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
        userId ? eq(apiKeys.createdBy, userId) : undefined,
      ),
    )
    .orderBy(desc(apiKeys.id))
    .limit(200);
}

export type McpApp = Awaited<ReturnType<typeof selectApps>>[number];

/** How many of these are connectors of the tenant. */
export async function countConnectorsNamed(tx: Tx, tenantId: string, ids: string[]): Promise<number> {
  if (!ids.length) return 0;
  const [row] = await tx
    .select({ n: count() })
    .from(connectors)
    .where(and(eq(connectors.tenantId, tenantId), inArray(connectors.id, ids), isNull(connectors.deletedAt)));
  return row?.n ?? 0;
}
