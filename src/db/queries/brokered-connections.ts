import { and, asc, eq, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { connections } from '../schema/index.ts';
import type { ConnectionRow } from './connections.ts';

/** What an account at a broker is told apart by. */
export interface BrokeredKey {
  connectorId: string;
  userId: string | null;
  toolkitSlug: string;
  authConfigId: string;
}

/** The connection for this person, toolkit and configuration, or null. Locked, so that two who make one come one after the other. */
export async function findByAuthConfig(tx: Tx, tenantId: string, key: BrokeredKey): Promise<ConnectionRow | null> {
  const [row] = await tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, key.connectorId),
        key.userId === null ? isNull(connections.userId) : eq(connections.userId, key.userId),
        eq(connections.toolkitSlug, key.toolkitSlug),
        eq(connections.authConfigId, key.authConfigId),
      ),
    )
    .for('update');
  return row ?? null;
}

/** The connections of a connector that a broker holds, in the order in which they were made. */
export function selectBrokered(
  tx: Tx,
  tenantId: string,
  connectorId: string,
  externalAccountId?: string,
): Promise<ConnectionRow[]> {
  return tx
    .select()
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        eq(connections.connectorId, connectorId),
        isNotNull(connections.authConfigId),
        externalAccountId === undefined ? undefined : eq(connections.externalAccountId, externalAccountId),
      ),
    )
    .orderBy(asc(connections.id));
}

/** Toolkits of these connectors of which some account is there that this person reaches; everybody's without a person. */
export async function selectConnectedToolkits(
  tx: Tx,
  tenantId: string,
  connectorIds: string[],
  reachableBy: string | null,
): Promise<string[]> {
  if (!connectorIds.length) return [];
  const rows = await tx
    .selectDistinct({ slug: connections.toolkitSlug })
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        inArray(connections.connectorId, connectorIds),
        isNotNull(connections.authConfigId),
        inArray(connections.status, ['active', 'inactive', 'expired', 'failed']),
        reachableBy ? or(isNull(connections.userId), eq(connections.userId, reachableBy)) : undefined,
      ),
    )
    .orderBy(asc(connections.toolkitSlug));
  return rows.flatMap(({ slug }) => slug ?? []);
}

/** Connections whose making at a broker was cut off, of any tenant; for a job. */
export async function dueConnectionRecoveries(db: Drizzle, max: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_connection_recoveries(${max})`,
  );
  return rows.map(({ tenant_id, id }) => ({ tenantId: tenant_id, id }));
}
