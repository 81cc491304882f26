import { and, desc, eq, ilike, inArray, lt, or } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { preparedInsert } from '../prepared.ts';
import { auditEvents } from '../schema/index.ts';
import { containing, isUuid } from './text.ts';

export type AuditEventRow = typeof auditEvents.$inferSelect;

export async function insertAuditEvent(tx: Tx, event: typeof auditEvents.$inferInsert) {
  await insertPrepared(tx, event);
}

const insertPrepared = preparedInsert(auditEvents, (insert) => insert);

interface Filter {
  q?: string;
  action?: string;
  subjectId?: string;
  /** Any of these. */
  subjectIds?: string[];
  beforeId: string | null;
  limit: number;
}

/** Newest first; ids are UUIDv7, so their order is the order of time. */
export function selectAuditEvents(tx: Tx, tenantId: string, filter: Filter): Promise<AuditEventRow[]> {
  const { q, action, subjectId, subjectIds, beforeId } = filter;
  return tx
    .select()
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.tenantId, tenantId),
        action ? eq(auditEvents.action, action) : undefined,
        subjectId ? eq(auditEvents.subjectId, subjectId) : undefined,
        subjectIds && inArray(auditEvents.subjectId, subjectIds),
        beforeId && isUuid(beforeId) ? lt(auditEvents.id, beforeId) : undefined,
        q
          ? or(
              ilike(auditEvents.action, containing(q)),
              ilike(auditEvents.actorName, containing(q)),
              ilike(auditEvents.subjectName, containing(q)),
            )
          : undefined,
      ),
    )
    .orderBy(desc(auditEvents.id))
    .limit(filter.limit);
}
