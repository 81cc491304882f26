import { and, eq, gt, like, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { verifications } from '../schema/index.ts';

export interface OneTimeToken {
  id: string;
  /** What it is for, and the hash of the token: `password-reset:…`. */
  identifier: string;
  value: string;
  expiresAt: Date;
}

export async function insertOneTimeToken(db: Drizzle | Tx, row: OneTimeToken): Promise<void> {
  await db.insert(verifications).values(row);
}

/** What a token that has not ended stands for; null for any other. */
export async function selectOneTimeToken(db: Drizzle, identifier: string): Promise<string | null> {
  const [row] = await db
    .select({ value: verifications.value })
    .from(verifications)
    .where(and(eq(verifications.identifier, identifier), gt(verifications.expiresAt, sql`now()`)))
    .limit(1);
  return row?.value ?? null;
}

/** The same, and the token is used up: of two at once, one gets it. */
export async function takeOneTimeToken(db: Drizzle | Tx, identifier: string): Promise<string | null> {
  const [row] = await db
    .delete(verifications)
    .where(and(eq(verifications.identifier, identifier), gt(verifications.expiresAt, sql`now()`)))
    .returning({ value: verifications.value });
  return row?.value ?? null;
}

/** Ends every token for this purpose that stands for the value. */
export async function deleteOneTimeTokensOf(db: Drizzle | Tx, purpose: string, value: string): Promise<void> {
  await db
    .delete(verifications)
    .where(and(like(verifications.identifier, `${purpose}:%`), eq(verifications.value, value)));
}

/** Ends every token that stands for the value, whatever it is for. */
export async function deleteAllTokensOf(db: Drizzle | Tx, value: string): Promise<void> {
  await db.delete(verifications).where(eq(verifications.value, value));
}

/** Tokens that nobody can use any more; returns how many went. */
export async function deleteEndedTokens(db: Drizzle): Promise<number> {
  const gone = await db.execute(sql`delete from verifications where expires_at <= now()`);
  return gone.count;
}
