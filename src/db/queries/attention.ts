import { and, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections, connectors, credentials } from '../schema/index.ts';

// Three plain lists without a join between them: on tables that have no statistics yet, the planner compares all rows with all.

/** Current credentials that end within so many days, also those that the hub renews. */
export const selectEndingCredentials = (tx: Tx, tenantId: string, days: number) =>
  tx
    .select({
      connectionId: credentials.connectionId,
      endsAt: sql<Date>`${credentials.expiresAt}`.mapWith(credentials.expiresAt),
    })
    .from(credentials)
    .where(
      and(
        eq(credentials.tenantId, tenantId),
        eq(credentials.state, 'current'),
        eq(credentials.kind, 'grant'),
        lt(credentials.expiresAt, sql`now() + make_interval(days => ${days})`),
      ),
    );

/** Connections that do not work as they are, and of those that do the given ones that nothing renews. */
export const selectNeedyConnections = (
  tx: Tx,
  tenantId: string,
  { reachableBy, connectorId, endingIds }: { reachableBy: string | null; connectorId?: string; endingIds: string[] },
) =>
  tx
    .select({
      id: connections.id,
      connectorId: connections.connectorId,
      status: connections.status,
      health: connections.health,
    })
    .from(connections)
    .where(
      and(
        eq(connections.tenantId, tenantId),
        connectorId ? eq(connections.connectorId, connectorId) : undefined,
        reachableBy ? or(isNull(connections.userId), eq(connections.userId, reachableBy)) : undefined,
        or(
          inArray(connections.status, ['expired', 'failed', 'revoked', 'inactive']),
          and(eq(connections.status, 'active'), eq(connections.health, 'unhealthy')),
          and(
            eq(connections.status, 'active'),
            isNull(connections.refreshAfter),
            sql`${connections.id} = any(string_to_array(${endingIds.join()}, ',')::uuid[])`,
          ),
        ),
      ),
    )
    .orderBy(connections.id);

/** What may hold envelopes, of all connectors or of one. */
export const selectSealedParts = (tx: Tx, tenantId: string, connectorId?: string) =>
  tx
    .select({ id: connectors.id, status: connectors.status, auth: connectors.auth, config: connectors.config })
    .from(connectors)
    .where(
      and(
        eq(connectors.tenantId, tenantId),
        isNull(connectors.deletedAt),
        connectorId ? eq(connectors.id, connectorId) : undefined,
      ),
    );
