import { and, asc, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { authConfigs } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type AuthConfigRow = typeof authConfigs.$inferSelect;

const row = (tenantId: string, id: string) => and(eq(authConfigs.tenantId, tenantId), eq(authConfigs.id, id));
const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;

/** The tenant's configuration, or null; an id that is no UUID names none. */
export async function findAuthConfig(tx: Tx, tenantId: string, id: string): Promise<AuthConfigRow | null> {
  if (!isUuid(id)) return null;
  const [found] = await tx.select().from(authConfigs).where(row(tenantId, id));
  return found ?? null;
}

/** Those of one toolkit that are there at the broker, the first one made first. */
export const selectAuthConfigs = (
  tx: Tx,
  tenantId: string,
  connectorId: string,
  toolkitSlug: string,
): Promise<AuthConfigRow[]> =>
  tx
    .select()
    .from(authConfigs)
    .where(
      and(
        eq(authConfigs.tenantId, tenantId),
        eq(authConfigs.connectorId, connectorId),
        eq(authConfigs.toolkitSlug, toolkitSlug),
      ),
    )
    .orderBy(asc(authConfigs.id));

export type AuthConfigValues = Omit<typeof authConfigs.$inferInsert, 'externalId' | 'claimedUntil'>;

/**
 * The configuration of these settings: a new row, or the one that is there. `claimed` when it is the caller's to make it at the broker
 * now, within so many seconds.
 */
export async function claimAuthConfig(
  tx: Tx,
  values: AuthConfigValues,
  seconds: number,
): Promise<{ config: AuthConfigRow; claimed: boolean; created: boolean }> {
  const [made] = await tx
    .insert(authConfigs)
    .values({ ...values, claimedUntil: inSeconds(seconds) })
    .onConflictDoNothing()
    .returning();
  if (made) return { config: made, claimed: true, created: true };
  const same = and(
    eq(authConfigs.tenantId, values.tenantId),
    eq(authConfigs.connectorId, values.connectorId),
    eq(authConfigs.toolkitSlug, values.toolkitSlug),
    eq(authConfigs.scheme, values.scheme),
    eq(authConfigs.settingsHash, values.settingsHash),
  );
  const free = or(isNull(authConfigs.claimedUntil), lt(authConfigs.claimedUntil, sql`now()`));
  const [taken] = await tx
    .update(authConfigs)
    .set({ claimedUntil: inSeconds(seconds) })
    .where(and(same, isNull(authConfigs.externalId), free))
    .returning();
  if (taken) return { config: taken, claimed: true, created: false };
  const [there] = await tx.select().from(authConfigs).where(same);
  return { config: there as AuthConfigRow, claimed: false, created: false };
}

/** It is there at the broker by this id; null for one that is there no longer, so that the next who needs it makes it again. */
export async function settleAuthConfig(
  tx: Tx,
  tenantId: string,
  id: string,
  externalId: string | null,
): Promise<AuthConfigRow | null> {
  const [after] = await tx
    .update(authConfigs)
    .set({ externalId, claimedUntil: null, updatedAt: sql`now()` })
    .where(row(tenantId, id))
    .returning();
  return after ?? null;
}

/** Forgets one that came to nothing. */
export async function deleteUnmadeAuthConfig(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(authConfigs).where(and(row(tenantId, id), isNull(authConfigs.externalId)));
}

/** Ids at the broker of all that a connector made there. */
export async function selectMadeAuthConfigs(tx: Tx, tenantId: string, connectorId: string): Promise<string[]> {
  const rows = await tx
    .select({ externalId: authConfigs.externalId })
    .from(authConfigs)
    .where(and(eq(authConfigs.tenantId, tenantId), eq(authConfigs.connectorId, connectorId)));
  return rows.flatMap(({ externalId }) => externalId ?? []);
}
