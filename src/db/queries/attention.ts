import { and, eq, inArray, isNull, lt, ne, or, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { connections, connectors, credentials } from '../schema/index.ts';
import { anyOf } from './text.ts';

// Plain lists without a join between them: on tables that have no statistics yet, the planner compares all rows with all.

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

const needy = {
  id: connections.id,
  connectorId: connections.connectorId,
  status: connections.status,
  health: connections.health,
};

export interface NeedyFilter {
  /** Only the tenant's own connections and those of this person; everybody's without it. */
  reachableBy: string | null;
  connectorId?: string;
}

const within = (tenantId: string, { reachableBy, connectorId }: NeedyFilter) =>
  and(
    eq(connections.tenantId, tenantId),
    connectorId ? eq(connections.connectorId, connectorId) : undefined,
    reachableBy ? or(isNull(connections.userId), eq(connections.userId, reachableBy)) : undefined,
  );

/** Connections that do not work as they are. */
export const selectBrokenConnections = (tx: Tx, tenantId: string, filter: NeedyFilter) =>
  tx
    .select(needy)
    .from(connections)
    .where(
      and(
        within(tenantId, filter),
        or(
          inArray(connections.status, ['expired', 'failed', 'revoked', 'inactive']),
          and(eq(connections.status, 'active'), eq(connections.health, 'unhealthy')),
        ),
      ),
    )
    .orderBy(connections.id);

/** Of these connections those that work, and whose credentials nothing renews. */
export const selectUnrenewed = (tx: Tx, tenantId: string, ids: string[], filter: NeedyFilter) =>
  tx
    .select(needy)
    .from(connections)
    .where(
      and(
        within(tenantId, filter),
        eq(connections.status, 'active'),
        ne(connections.health, 'unhealthy'),
        isNull(connections.refreshAfter),
        sql`${connections.id} = ${anyOf(ids)}`,
      ),
    )
    .orderBy(connections.id);

/** What may hold envelopes. */
export const selectSealedParts = (tx: Tx, tenantId: string, connectorIds: string[]) =>
  tx
    .select({ id: connectors.id, auth: connectors.auth, config: connectors.config })
    .from(connectors)
    .where(and(eq(connectors.tenantId, tenantId), sql`${connectors.id} = ${anyOf(connectorIds)}`));
