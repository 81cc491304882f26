import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { operatorEvents, operators } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type OperatorEventRow = typeof operatorEvents.$inferSelect;

/** Makes the person an operator; says whether that was new. */
export async function insertOperator(tx: Tx, userId: string): Promise<boolean> {
  const made = await tx.insert(operators).values({ userId }).onConflictDoNothing().returning({ id: operators.userId });
  return made.length > 0;
}

/** Takes it from them; says whether they were one. */
export async function deleteOperator(tx: Tx, userId: string): Promise<boolean> {
  const gone = await tx.delete(operators).where(eq(operators.userId, userId)).returning({ id: operators.userId });
  return gone.length > 0;
}

export async function countOperators(db: Drizzle | Tx): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`select count(*)::int as n from operators`);
  return row?.n ?? 0;
}

export async function insertOperatorEvent(tx: Tx | Drizzle, row: typeof operatorEvents.$inferInsert): Promise<void> {
  await tx.insert(operatorEvents).values(row);
}

/** Newest first; ids are UUIDv7, so their order is the order of time. */
export function selectOperatorEvents(
  db: Drizzle,
  filter: { subjectId?: string; beforeId: string | null; limit: number },
): Promise<OperatorEventRow[]> {
  const { subjectId, beforeId, limit } = filter;
  return db
    .select()
    .from(operatorEvents)
    .where(
      and(
        subjectId ? eq(operatorEvents.subjectId, subjectId) : undefined,
        beforeId && isUuid(beforeId) ? lt(operatorEvents.id, beforeId) : undefined,
      ),
    )
    .orderBy(desc(operatorEvents.id))
    .limit(limit);
}

/** The event, or null; an id that is no UUID names none. */
export async function findOperatorEvent(db: Drizzle, id: string): Promise<OperatorEventRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await db.select().from(operatorEvents).where(eq(operatorEvents.id, id));
  return row ?? null;
}

/** The newest event of one of these actions, or null. */
export async function findLastOperatorEvent(
  db: Drizzle | Tx,
  actions: string[],
  subjectId?: string,
): Promise<OperatorEventRow | null> {
  const [row] = await db
    .select()
    .from(operatorEvents)
    .where(
      and(inArray(operatorEvents.action, actions), subjectId ? eq(operatorEvents.subjectId, subjectId) : undefined),
    )
    .orderBy(desc(operatorEvents.id))
    .limit(1);
  return row ?? null;
}
