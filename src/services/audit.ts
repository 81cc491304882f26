import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { Tx } from '../db/client.ts';
import { type AuditEventRow, insertAuditEvent, selectAuditEvents } from '../db/queries/audit-events.ts';
import { oneLine } from '../lib/one-line.ts';
import { decodeCursor, page } from '../lib/pagination.ts';
import { announceAudited } from './webhooks/announcements.ts';

export interface AuditEvent {
  /** `<noun>.<past tense>`, e.g. `connector.installed`. */
  action: string;
  subject: { type: string; id: string | null; name: string };
  /** What changed, in names of fields; never a secret's value. */
  details?: Record<string, unknown>;
}

/** Writes the event in the change's own transaction, and tells webhooks of it: a change that cannot be audited does not happen. */
export async function recordAudit(
  tx: Tx,
  ctx: Pick<Ctx, 'tenantId' | 'actor' | 'requestId' | 'ip'>,
  event: AuditEvent,
) {
  await insertAuditEvent(tx, {
    tenantId: ctx.tenantId,
    id: uuidv7(),
    action: event.action,
    actorType: ctx.actor.type,
    actorId: ctx.actor.id,
    actorName: ctx.actor.name,
    subjectType: event.subject.type,
    subjectId: event.subject.id,
    // Made of two names that may be as long each.
    subjectName: oneLine(event.subject.name),
    details: event.details ?? {},
    requestId: ctx.requestId,
    ip: ctx.ip,
  });
  await announceAudited(tx, ctx, event);
}

export interface AuditQuery {
  /** Free text in the action and in the names of actor and subject. */
  q?: string;
  action?: string;
  subjectId?: string;
  subjectIds?: string[];
  limit?: number;
  cursor?: string;
}

/** The tenant's history, newest first; every member may read it. */
export async function listAudit(
  ctx: Ctx,
  query: AuditQuery,
): Promise<{ data: AuditEventRow[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50;
  const after = query.cursor ? decodeCursor(query.cursor, 1) : null;
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => selectAuditEvents(tx, ctx.tenantId, { ...query, beforeId: after?.[0] ?? null, limit: limit + 1 }),
    { readOnly: true },
  );
  return page(rows, limit, (row) => [row.id]);
}
