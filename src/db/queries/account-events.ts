import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { accountEvents, users } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type AccountEventRow = typeof accountEvents.$inferSelect;
type NewEvent = Pick<AccountEventRow, 'id' | 'kind' | 'ip' | 'userAgent'>;

export async function insertAccountEvent(db: Drizzle | Tx, row: NewEvent & { userId: string }): Promise<void> {
  await db.insert(accountEvents).values(row);
}

/** The same for whoever has this address; one statement, so that it takes as long for an address that nobody has. */
export async function insertEventByEmail(db: Drizzle, email: string, row: NewEvent): Promise<void> {
  await db.execute(sql`
    insert into account_events (id, user_id, kind, ip, user_agent)
    select ${row.id}::uuid, ${users.id}, ${row.kind}, ${row.ip}, ${row.userAgent} from ${users} where ${users.email} = ${email}`);
}

/** A person's events, newest first; ids are UUIDv7, so their order is the order of time. */
export async function selectAccountEvents(
  db: Drizzle,
  userId: string,
  { beforeId, limit }: { beforeId: string | null; limit: number },
): Promise<AccountEventRow[]> {
  return db
    .select()
    .from(accountEvents)
    .where(
      and(eq(accountEvents.userId, userId), beforeId && isUuid(beforeId) ? lt(accountEvents.id, beforeId) : undefined),
    )
    .orderBy(desc(accountEvents.id))
    .limit(limit);
}

/** Forgets what is older than so many days; returns how many went. */
export async function deleteOldAccountEvents(db: Drizzle, days: number): Promise<number> {
  const gone = await db.execute(
    sql`delete from account_events where created_at < now() - make_interval(days => ${days})`,
  );
  return gone.count;
}
