import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { hubSecrets, secondFactors, users } from '../schema/index.ts';

export type SecondFactorRow = typeof secondFactors.$inferSelect;

const ofUser = (userId: string) => eq(secondFactors.userId, userId);
const isConfirmed = isNotNull(secondFactors.confirmedAt);

export async function selectSecondFactor(db: Drizzle | Tx, userId: string): Promise<SecondFactorRow | null> {
  const [row] = await db.select().from(secondFactors).where(ofUser(userId)).limit(1);
  return row ?? null;
}

/** The user of this address, if a second factor is asked for at their sign-in. */
export async function selectUserWithSecondFactor(db: Drizzle, email: string) {
  const [row] = await db
    .select({ id: users.id, name: users.name, email: users.email })
    .from(users)
    .innerJoin(secondFactors, eq(secondFactors.userId, users.id))
    .where(and(eq(users.email, email), isConfirmed))
    .limit(1);
  return row ?? null;
}

/** Starts over with another secret, unless there is a factor that is confirmed; says whether it did. */
export async function startSecondFactor(tx: Tx, userId: string, secretName: string): Promise<boolean> {
  const [row] = await tx
    .insert(secondFactors)
    .values({ userId, secretName })
    .onConflictDoUpdate({
      target: secondFactors.userId,
      set: { secretName },
      setWhere: isNull(secondFactors.confirmedAt),
    })
    .returning({ userId: secondFactors.userId });
  return row !== undefined;
}

/** Confirms the factor with this secret; says whether it was there and not confirmed yet. */
export async function confirmSecondFactor(
  tx: Tx,
  { userId, secretName }: Pick<SecondFactorRow, 'userId' | 'secretName'>,
  set: { lastStep: number; recoveryCodes: string[] },
): Promise<boolean> {
  const changed = await tx
    .update(secondFactors)
    .set({ ...set, confirmedAt: sql`now()` })
    .where(and(ofUser(userId), eq(secondFactors.secretName, secretName), isNull(secondFactors.confirmedAt)))
    .returning({ userId: secondFactors.userId });
  return changed.length > 0;
}

/** Takes the code of a time step; of two at once one is taken, and none from before. */
export async function claimStep(db: Drizzle, userId: string, step: number): Promise<boolean> {
  const changed = await db
    .update(secondFactors)
    .set({ lastStep: step })
    .where(and(ofUser(userId), isConfirmed, lt(secondFactors.lastStep, step)))
    .returning({ userId: secondFactors.userId });
  return changed.length > 0;
}

/** Uses a recovery code up; says whether it was one. */
export async function claimRecoveryCode(db: Drizzle, userId: string, hash: string): Promise<boolean> {
  const changed = await db
    .update(secondFactors)
    .set({ recoveryCodes: sql`recovery_codes - ${hash}::text` })
    .where(and(ofUser(userId), isConfirmed, sql`recovery_codes @> to_jsonb(${hash}::text)`))
    .returning({ userId: secondFactors.userId });
  return changed.length > 0;
}

/** Puts these recovery codes in the place of those from before; says whether the factor with this secret is in force. */
export async function replaceRecoveryCodes(
  tx: Tx,
  { userId, secretName }: Pick<SecondFactorRow, 'userId' | 'secretName'>,
  recoveryCodes: string[],
): Promise<boolean> {
  const changed = await tx
    .update(secondFactors)
    .set({ recoveryCodes })
    .where(and(ofUser(userId), eq(secondFactors.secretName, secretName), isConfirmed))
    .returning({ userId: secondFactors.userId });
  return changed.length > 0;
}

/** Removes the factor; says whether there was one. */
export async function deleteSecondFactor(tx: Tx, userId: string): Promise<boolean> {
  const [gone] = await tx.delete(secondFactors).where(ofUser(userId)).returning({ name: secondFactors.secretName });
  if (gone) await deleteFactorSecret(tx, gone.name);
  return gone !== undefined;
}

export async function deleteFactorSecret(tx: Tx, name: string): Promise<void> {
  await tx.delete(hubSecrets).where(and(eq(hubSecrets.name, name), sql`name like 'totp:%'`));
}
