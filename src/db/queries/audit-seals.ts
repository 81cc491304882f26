import { and, asc, desc, eq, gt, isNotNull, lt, lte, ne, type SQL, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { auditEvents, auditSeals, operatorEvents, operatorSeals } from '../schema/index.ts';

export type SealRow = typeof operatorSeals.$inferSelect;

/** The tenants that have events which no seal covers, with the position of their last event. */
export async function dueAuditSeals(db: Drizzle, max: number): Promise<{ tenantId: string; lastPosition: number }[]> {
  const rows = await db.execute<{ tenant_id: string; last_position: string }>(
    sql`select tenant_id, last_position from due_audit_seals(${max})`,
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, lastPosition: Number(row.last_position) }));
}

/** The position of the operators' last event when no seal covers it, or null. */
export async function dueOperatorSeals(db: Drizzle): Promise<number | null> {
  const [row] = await db.execute<{ due: string | null }>(sql`
    select (select max(position) from operator_events) as due
    where (select max(position) from operator_events) > coalesce((select max(last_position) from operator_seals), 0)`);
  return row?.due ? Number(row.due) : null;
}

/** The transactions that may have written an event and have not ended. They have had this lock since before their event had a position. */
export async function selectEventWriters(db: Drizzle): Promise<Set<string>> {
  const rows = await db.execute<{ id: string }>(sql`
    select distinct l.virtualtransaction as id from pg_locks l
    where l.locktype = 'relation' and l.mode = 'RowExclusiveLock' and l.relation in ('audit_events'::regclass, 'operator_events'::regclass)
      and l.database = (select oid from pg_database where datname = current_database())`);
  return new Set(rows.map(({ id }) => id));
}

export interface SealableEvent {
  position: number;
  text: string;
}

/** Events that are sealed one after the other: a tenant's, or the operators'. */
export interface Trail {
  /** The tenant's id, or `operatorScope`. */
  scope: string;
  /** The events after one position up to another, in their order; from the very first one when `after` is null. */
  sealable(tx: Tx, range: { after: number | null; upTo: number; limit: number }): Promise<SealableEvent[]>;
  /** Whether there is an event after this position that is an hour old. */
  hasUnsealed(tx: Tx, after: number | null): Promise<boolean>;
  lastSeal(tx: Tx): Promise<SealRow | null>;
  /** The seals after this number, in their order. */
  seals(tx: Tx, afterNumber: number, limit: number): Promise<SealRow[]>;
  /** Adds the seal and makes it the head, unless another process has added one of this number; says whether it did. */
  insertSeal(tx: Tx, seal: Omit<SealRow, 'createdAt'>): Promise<boolean>;
}

/** What stands for a tenant's id where the operators' trail is meant. */
const operatorScope = '00000000-0000-0000-0000-000000000000';

type Events = Pick<typeof auditEvents | typeof operatorEvents, 'position' | 'createdAt'>;

interface TrailTables {
  scope: string;
  events: typeof operatorEvents;
  seals: typeof operatorSeals;
  /** All that an event says, written by the database in one way only. Columns that come later are not in it: older seals would break. */
  canonical: SQL<string>;
  /** What a row of either table has besides. */
  own: { tenantId: string } | null;
}

const timeOf = ({ createdAt }: Events) => sql`to_char(${createdAt} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

// The tables of tenants have the columns of the operators', and the tenant besides.
const tenantTables = {
  events: auditEvents as unknown as typeof operatorEvents,
  seals: auditSeals as unknown as typeof operatorSeals,
  canonical: sql<string>`jsonb_build_array(${auditEvents.position}, ${auditEvents.tenantId}, ${auditEvents.id}, ${auditEvents.action},
    ${auditEvents.actorType}, ${auditEvents.actorId}, ${auditEvents.actorName}, ${auditEvents.subjectType}, ${auditEvents.subjectId},
    ${auditEvents.subjectName}, ${auditEvents.details}, ${auditEvents.requestId}, ${auditEvents.ip}, ${timeOf(auditEvents)})::text`,
};

export const tenantTrail = (tenantId: string): Trail =>
  trailIn({ ...tenantTables, scope: tenantId, own: { tenantId } });

export const operatorTrail: Trail = trailIn({
  ...{ scope: operatorScope, events: operatorEvents, seals: operatorSeals, own: null },
  canonical: sql<string>`jsonb_build_array(${operatorEvents.position}, ${operatorEvents.id}, ${operatorEvents.action},
    ${operatorEvents.actorId}, ${operatorEvents.actorName}, ${operatorEvents.subjectType}, ${operatorEvents.subjectId},
    ${operatorEvents.subjectName}, ${operatorEvents.details}, ${operatorEvents.requestId}, ${operatorEvents.ip}, ${timeOf(operatorEvents)})::text`,
});

function trailIn({ scope, events, seals, canonical, own }: TrailTables): Trail {
  const ofEvents = own ? eq(auditEvents.tenantId, scope) : undefined;
  const ofSeals = own ? eq(auditSeals.tenantId, scope) : undefined;
  const behind = (after: number | null) => (after === null ? undefined : gt(events.position, after));
  return {
    scope,
    sealable: (tx, { after, upTo, limit }) =>
      tx
        .select({ position: events.position, text: canonical })
        .from(events)
        .where(and(ofEvents, behind(after), lte(events.position, upTo)))
        .orderBy(asc(events.position))
        .limit(limit),
    hasUnsealed: async (tx, after) => {
      const old = lt(events.createdAt, sql`now() - interval '1 hour'`);
      const found = await tx
        .select({ id: events.id })
        .from(events)
        .where(and(ofEvents, behind(after), old))
        .limit(1);
      return found.length > 0;
    },
    lastSeal: async (tx) => {
      const [row] = await tx.select().from(seals).where(ofSeals).orderBy(desc(seals.number)).limit(1);
      return row ?? null;
    },
    seals: (tx, afterNumber, limit) =>
      tx
        .select()
        .from(seals)
        .where(and(ofSeals, gt(seals.number, afterNumber)))
        .orderBy(asc(seals.number))
        .limit(limit),
    insertSeal: async (tx, seal) => {
      const [made] = await tx
        .insert(seals)
        .values({ ...seal, ...own })
        .onConflictDoNothing({ target: own ? [auditSeals.tenantId, auditSeals.number] : seals.number })
        .returning({ id: seals.id });
      if (!made) return false;
      await tx
        .update(seals)
        .set({ head: null })
        .where(and(ofSeals, ne(seals.id, made.id), isNotNull(seals.head)));
      return true;
    },
  };
}
