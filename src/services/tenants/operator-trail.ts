import { v7 as uuidv7 } from 'uuid';
import type { Actor, Ctx } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import {
  findOperatorEvent,
  insertOperatorEvent,
  type OperatorEventRow,
  selectOperatorEvents,
} from '../../db/queries/operators.ts';
import { isUuid } from '../../db/queries/text.ts';
import { AppError } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import type { AuditEvent } from '../audit.ts';

/** The first argument of an operator's verb: it stands outside of workspaces. */
export interface OperatorCtx extends Pick<Ctx, 'hub' | 'requestId' | 'ip' | 'log'> {
  actor: Pick<Actor, 'type' | 'id' | 'name'>;
}

/** Who did it, for the trail. */
export type Doer = Pick<OperatorCtx, 'actor' | 'requestId' | 'ip'>;

/** Writes the event, in the change's own transaction where it is one; returns its id. */
export async function recordOperatorEvent(tx: Tx | Drizzle, by: Doer, event: AuditEvent): Promise<string> {
  const id = uuidv7();
  await insertOperatorEvent(tx, {
    id,
    action: event.action,
    actorId: by.actor.id,
    actorName: by.actor.name,
    subjectType: event.subject.type,
    subjectId: event.subject.id,
    subjectName: event.subject.name,
    details: event.details ?? {},
    requestId: by.requestId,
    ip: by.ip,
  });
  return id;
}

export interface TrailQuery {
  /** Events of one workspace, person or catalog entry. */
  subjectId?: string;
  limit?: number;
  cursor?: string;
}

/** What operators did, newest first. */
export async function listOperatorEvents(
  { hub }: OperatorCtx,
  query: TrailQuery,
): Promise<{ data: OperatorEventRow[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50;
  const beforeId = query.cursor ? (decodeCursor(query.cursor, 1)[0] ?? null) : null;
  const subjectId = query.subjectId && isUuid(query.subjectId) ? query.subjectId : undefined;
  const rows = await selectOperatorEvents(hub.db.system, { subjectId, beforeId, limit: limit + 1 });
  return page(rows, limit, (row) => [row.id]);
}

/**
 * One event with everything that was noted about it.
 * @throws AppError not_found
 */
export async function getOperatorEvent({ hub }: OperatorCtx, id: string): Promise<OperatorEventRow> {
  const found = await findOperatorEvent(hub.db.system, id);
  if (!found) throw new AppError('not_found', 'There is no such event. Look through the list of events.');
  return found;
}
