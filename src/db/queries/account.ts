import { and, desc, eq, ne, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { accounts, sessions, users } from '../schema/index.ts';

export interface OwnSessionRow {
  id: string;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: Date;
  updatedAt: Date;
}

const credentialOf = (userId: string) => and(eq(accounts.userId, userId), eq(accounts.providerId, 'credential'));

/** The scrypt hash of a person's password; null for somebody who has none. */
export async function selectPasswordHash(db: Drizzle | Tx, userId: string): Promise<string | null> {
  const [row] = await db.select({ password: accounts.password }).from(accounts).where(credentialOf(userId)).limit(1);
  return row?.password ?? null;
}

/** The same by the person's address. */
export async function selectPasswordHashByEmail(db: Drizzle, email: string): Promise<string | null> {
  const [row] = await db
    .select({ password: accounts.password })
    .from(accounts)
    .innerJoin(users, eq(users.id, accounts.userId))
    .where(and(eq(users.email, email), eq(accounts.providerId, 'credential')))
    .limit(1);
  return row?.password ?? null;
}

/** Whether this is still the hash of the person's password; waits for a change that is under way. */
export async function isPasswordHash(db: Drizzle, userId: string, hash: string | null): Promise<boolean> {
  const [row] = await db
    .select({ password: accounts.password })
    .from(accounts)
    .where(credentialOf(userId))
    .for('share');
  return (row?.password ?? null) === hash;
}

/** Replaces the password unless it was replaced since; says whether. */
export async function replacePassword(tx: Tx, userId: string, before: string, after: string): Promise<boolean> {
  const changed = await tx
    .update(accounts)
    .set({ password: after, updatedAt: sql`now()` })
    .where(and(credentialOf(userId), eq(accounts.password, before)))
    .returning({ id: accounts.id });
  return changed.length > 0;
}

/** Sets a person's password, also of somebody who has none yet. */
export async function setPassword(tx: Tx, row: { id: string; userId: string; password: string }): Promise<void> {
  const { password, userId } = row;
  await tx
    .insert(accounts)
    .values({ ...row, providerId: 'credential', accountId: userId })
    .onConflictDoUpdate({
      target: [accounts.providerId, accounts.accountId],
      set: { password, updatedAt: sql`now()` },
    });
}

/** Renames a person; returns the name from before, or null when it is the same or there is no such person. */
export async function renameUser(tx: Tx, userId: string, name: string): Promise<string | null> {
  const [row] = await tx.execute<{ name: string }>(sql`
    with was as (select id, name from users where id = ${userId}::uuid for update)
    update users set name = ${name}, updated_at = now() from was
    where users.id = was.id and was.name <> ${name} returning was.name`);
  return row?.name ?? null;
}

/** The sessions that a person can still use, the last used one first; `idle` is in seconds. */
export async function selectSessionsOf(db: Drizzle, userId: string, idle: number): Promise<OwnSessionRow[]> {
  const { id, ipAddress, userAgent, createdAt, updatedAt } = sessions;
  return db
    .select({ id, ipAddress, userAgent, createdAt, updatedAt })
    .from(sessions)
    .where(sql`user_id = ${userId} and expires_at > now() and updated_at > now() - make_interval(secs => ${idle})`)
    .orderBy(desc(updatedAt), desc(id));
}

/** Ends one session of this person; says whether there was one. */
export async function deleteSessionOf(tx: Tx, userId: string, sessionId: string): Promise<boolean> {
  const gone = await tx
    .delete(sessions)
    .where(and(eq(sessions.userId, userId), eq(sessions.id, sessionId)))
    .returning({ id: sessions.id });
  return gone.length > 0;
}

/** Ends every session of this person but this one (all of them for null); returns how many ended. */
export async function deleteOtherSessionsOf(tx: Tx, userId: string, keep: string | null): Promise<number> {
  const gone = await tx
    .delete(sessions)
    .where(keep ? and(eq(sessions.userId, userId), ne(sessions.id, keep)) : eq(sessions.userId, userId))
    .returning({ id: sessions.id });
  return gone.length;
}

/** Gives a session another id and token; says whether it was still there. */
export async function renewSession(tx: Tx, sessionId: string, next: { id: string; token: string }): Promise<boolean> {
  const changed = await tx.update(sessions).set(next).where(eq(sessions.id, sessionId)).returning({ id: sessions.id });
  return changed.length > 0;
}
