import { and, desc, eq, getTableColumns, isNull, lt, sql } from 'drizzle-orm';
import type { Role } from '../../lib/role.ts';
import type { Drizzle, Tx } from '../client.ts';
import { apiKeys, type KeyLimits, members } from '../schema/index.ts';
import { isUuid } from './text.ts';

/** Without the hash, which only the look-up needs. */
export type ApiKeyRow = Omit<typeof apiKeys.$inferSelect, 'hash'> & {
  /** What whoever made it may do now; null when they have left. */
  makerRole: Role | null;
};

/** A key that works, as a request finds it. */
export interface LiveKey extends Record<string, unknown> {
  tenantId: string;
  id: string;
  name: string;
  hash: string;
  role: Role;
  scopes: string[];
  makerId: string;
  makerRole: Role;
  modelConnectorId: string | null;
  limits: KeyLimits;
  /** Seconds since its last use was noted; null for never. */
  usedAgo: number | null;
  tenantName: string;
  /** Why the workspace is suspended; null while it runs. */
  suspendedReason: string | null;
}

/** The key with this hash, unless it is revoked, expired or its maker has left; outside of any tenant, which the key itself tells. */
export async function findLiveKey(db: Drizzle, hash: string): Promise<LiveKey | null> {
  const [row] = await db.execute<LiveKey>(sql`
    select tenant_id as "tenantId", id, name, hash, role, scopes, maker_id as "makerId", maker_role as "makerRole",
      model_connector_id as "modelConnectorId", limits, used_ago as "usedAgo", tenant_name as "tenantName", suspended_reason as "suspendedReason"
    from find_api_key(${hash})`);
  return row ?? null;
}

const { hash: _hash, ...columns } = getTableColumns(apiKeys);
const shown = { ...columns, makerRole: members.role };

/** Inserts the key unless its id is taken; says whether it did. */
export async function insertApiKey(tx: Tx, row: typeof apiKeys.$inferInsert): Promise<boolean> {
  const made = await tx
    .insert(apiKeys)
    .values(row)
    .onConflictDoNothing({ target: [apiKeys.tenantId, apiKeys.id] })
    .returning({ id: apiKeys.id });
  return made.length > 0;
}

/** Keys of programs, newest first, without the apps that people let in; needs a transaction that may read memberships. */
export async function selectApiKeys(
  tx: Tx,
  tenantId: string,
  { beforeId, limit }: { beforeId: string | null; limit: number },
): Promise<ApiKeyRow[]> {
  return tx
    .select(shown)
    .from(apiKeys)
    .leftJoin(members, isMaker)
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        isNull(apiKeys.clientId),
        beforeId && isUuid(beforeId) ? lt(apiKeys.id, beforeId) : undefined,
      ),
    )
    .orderBy(desc(apiKeys.id))
    .limit(limit);
}

/** @param options.lock keeps others from changing it until the transaction ends */
export async function findApiKey(
  tx: Tx,
  tenantId: string,
  id: string,
  { lock = false } = {},
): Promise<ApiKeyRow | null> {
  if (!isUuid(id)) return null;
  const found = tx
    .select(shown)
    .from(apiKeys)
    .leftJoin(members, isMaker)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id)));
  const [row] = await (lock ? found.for('update', { of: apiKeys }) : found);
  return row ?? null;
}

export async function updateKey(
  tx: Tx,
  tenantId: string,
  id: string,
  values: Partial<Pick<ApiKeyRow, 'limits' | 'expiresAt'>>,
): Promise<void> {
  await tx
    .update(apiKeys)
    .set(values)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id)));
}

/** Who made a key, as they were called then; '' when there is no such key. */
export async function findMakerName(tx: Tx, tenantId: string, id: string): Promise<string> {
  const [row] = await tx
    .select({ name: apiKeys.createdByName })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id)));
  return row?.name ?? '';
}

const isMaker = and(eq(members.id, apiKeys.memberId), eq(members.organizationId, apiKeys.tenantId));

/** Ends a key for good; says whether it was still in force. */
export async function revokeKey(tx: Tx, tenantId: string, id: string, by: string): Promise<boolean> {
  const ended = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`now()`, revokedByName: by })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return ended.length > 0;
}

/** Notes that the key is in use, unless that was noted within the last minute. */
export async function markKeyUsed(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx
    .update(apiKeys)
    .set({ lastUsedAt: sql`now()` })
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        eq(apiKeys.id, id),
        sql`(${apiKeys.lastUsedAt} is null or ${apiKeys.lastUsedAt} < now() - interval '1 minute')`,
      ),
    );
}
