import { and, asc, desc, eq, gt, isNotNull, lt, lte, ne, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { auditEvents, auditSeals } from '../schema/index.ts';

export type AuditSealRow = typeof auditSeals.$inferSelect;

/** The tenants that have events which no seal covers, with the position of their last event. */
export async function dueAuditSeals(db: Drizzle, max: number): Promise<{ tenantId: string; lastPosition: number }[]> {
  const rows = await db.execute<{ tenant_id: string; last_position: string }>(
    sql`select tenant_id, last_position from due_audit_seals(${max})`,
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, lastPosition: Number(row.last_position) }));
}

/** The transactions that may have written an event and have not ended. They have had this lock since before their event had a position. */
export async function selectEventWriters(db: Drizzle): Promise<Set<string>> {
  const rows = await db.execute<{ id: string }>(sql`
    select distinct l.virtualtransaction as id from pg_locks l
    where l.locktype = 'relation' and l.mode = 'RowExclusiveLock' and l.relation = 'audit_events'::regclass
      and l.database = (select oid from pg_database where datname = current_database())`);
  return new Set(rows.map(({ id }) => id));
}

/**
 * All that an event says, written by the database in one way only. Columns that come later are not in it: seals that were made before
 * would break.
 */
const canonical = sql<string>`jsonb_build_array(${auditEvents.position}, ${auditEvents.tenantId}, ${auditEvents.id}, ${auditEvents.action},
  ${auditEvents.actorType}, ${auditEvents.actorId}, ${auditEvents.actorName}, ${auditEvents.subjectType}, ${auditEvents.subjectId},
  ${auditEvents.subjectName}, ${auditEvents.details}, ${auditEvents.requestId}, ${auditEvents.ip},
  to_char(${auditEvents.createdAt} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))::text`;

export interface SealableEvent {
  position: number;
  text: string;
}

/** The tenant's events after one position up to another, in their order; from the very first one when `after` is null. */
export const selectSealable = (
  tx: Tx,
  tenantId: string,
  { after, upTo, limit }: { after: number | null; upTo: number; limit: number },
): Promise<SealableEvent[]> =>
  tx
    .select({ position: auditEvents.position, text: canonical })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.tenantId, tenantId),
        after === null ? undefined : gt(auditEvents.position, after),
        lte(auditEvents.position, upTo),
      ),
    )
    .orderBy(asc(auditEvents.position))
    .limit(limit);

export async function findLastSeal(tx: Tx, tenantId: string): Promise<AuditSealRow | null> {
  const [row] = await tx
    .select()
    .from(auditSeals)
    .where(eq(auditSeals.tenantId, tenantId))
    .orderBy(desc(auditSeals.number))
    .limit(1);
  return row ?? null;
}

/** Adds the seal and makes it the head, unless another process has added one of this number; says whether it did. */
export async function insertSeal(tx: Tx, seal: typeof auditSeals.$inferInsert): Promise<boolean> {
  const [made] = await tx
    .insert(auditSeals)
    .values(seal)
    .onConflictDoNothing({ target: [auditSeals.tenantId, auditSeals.number] })
    .returning({ id: auditSeals.id });
  if (!made) return false;
  await tx
    .update(auditSeals)
    .set({ head: null })
    .where(and(eq(auditSeals.tenantId, seal.tenantId), ne(auditSeals.id, made.id), isNotNull(auditSeals.head)));
  return true;
}

/** The tenant's seals after this number, in their order. */
export const selectSeals = (tx: Tx, tenantId: string, afterNumber: number, limit: number): Promise<AuditSealRow[]> =>
  tx
    .select()
    .from(auditSeals)
    .where(and(eq(auditSeals.tenantId, tenantId), gt(auditSeals.number, afterNumber)))
    .orderBy(asc(auditSeals.number))
    .limit(limit);

/** Whether the tenant has an event after this position that is an hour old. */
export async function findUnsealed(tx: Tx, tenantId: string, after: number | null): Promise<boolean> {
  const [row] = await tx
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.tenantId, tenantId),
        after === null ? undefined : gt(auditEvents.position, after),
        lt(auditEvents.createdAt, sql`now() - interval '1 hour'`),
      ),
    )
    .limit(1);
  return row !== undefined;
}
