import { asc, eq, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { hubSecrets } from '../schema/index.ts';

type HubSecret = Pick<typeof hubSecrets.$inferSelect, 'masterKeyId' | 'sealed'>;

export async function findHubSecret(db: Drizzle | Tx, name: string): Promise<HubSecret | null> {
  const [row] = await db
    .select({ masterKeyId: hubSecrets.masterKeyId, sealed: hubSecrets.sealed })
    .from(hubSecrets)
    .where(eq(hubSecrets.name, name));
  return row ?? null;
}

/** Adds the secret unless there is one of this name. */
export async function insertHubSecret(db: Drizzle | Tx, row: typeof hubSecrets.$inferInsert) {
  await db.insert(hubSecrets).values(row).onConflictDoNothing();
}

/** Puts another value in the place of the one that is there. */
export async function replaceHubSecret(tx: Tx, row: typeof hubSecrets.$inferInsert) {
  await tx.delete(hubSecrets).where(eq(hubSecrets.name, row.name));
  await tx.insert(hubSecrets).values(row);
}

/** Whether there may be sealed data: any workspace has some, and so has the hub itself. */
export async function holdsSealedData(db: Drizzle): Promise<boolean> {
  const rows = await db.execute<{ holds: boolean }>(
    sql`select exists (select from hub_secrets) or exists (select from organizations) as holds`,
  );
  return rows[0]?.holds ?? false;
}

/** All of them, by name. */
export const selectHubSecrets = (db: Drizzle | Tx): Promise<(HubSecret & { name: string })[]> =>
  db
    .select({ name: hubSecrets.name, masterKeyId: hubSecrets.masterKeyId, sealed: hubSecrets.sealed })
    .from(hubSecrets)
    .orderBy(asc(hubSecrets.name));
