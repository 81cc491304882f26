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

type Audited = Pick<Ctx, 'tenantId' | 'actor' | 'requestId' | 'ip'>;

/** Writes the event in the change's own transaction, and tells webhooks of it: a change that cannot be audited does not happen. */
export async function recordAudit(tx: Tx, ctx: Audited, event: AuditEvent) {
  await insertAuditEvent(tx, auditRow(ctx, event));
  await announceAudited(tx, ctx, event);
}

/** The event's row, for a change that writes it by the same statement; only for events that webhooks are not told of. */
export const auditRow = ({ tenantId, actor, requestId, ip }: Audited, event: AuditEvent) => ({
  tenantId,
  id: uuidv7(),
  action: event.action,
  actorType: actor.type,
  actorId: actor.id,
  actorName: actor.name,
  subjectType: event.subject.type,
  subjectId: event.subject.id,
  // Made of two names that may be as long each.
  subjectName: oneLine(event.subject.name),
  details: event.details ?? {},
  requestId,
  ip,
});

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
