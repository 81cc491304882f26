import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';

// For the owner's login only: it sees what its own sessions say.

export type RotationKind = 'master-key' | 'data-keys';

const keyOf = (kind: RotationKind) => sql`hashtextextended(${`patchbay:rotate-${kind}`}, 0)`;
const prefixOf = (kind: RotationKind) => `patchbay rotates ${kind}`;

/**
 * Marks this session as one that rotates, until it ends; a crash ends it too.
 * @param alone whether another one must not be under way
 * @returns false when another one is and this one wanted to be alone
 */
export async function enterRotation(db: Drizzle, kind: RotationKind, alone: boolean): Promise<boolean> {
  const lock = alone ? sql`pg_try_advisory_lock(${keyOf(kind)})` : sql`pg_try_advisory_lock_shared(${keyOf(kind)})`;
  const [row] = await db.execute<{ got: boolean }>(sql`select ${lock} as got`);
  if (alone && !row?.got) return false;
  await tellRotation(db, kind, '');
  return true;
}

/** Says how far this session is, for everybody who looks. The server keeps 63 bytes of it. */
export async function tellRotation(db: Drizzle, kind: RotationKind, text: string): Promise<void> {
  await db.execute(sql`select set_config('application_name', ${`${prefixOf(kind)} ${text}`.trim()}, false)`);
}

/** What the session that rotates said last; null when there is none. */
export async function readRotation(db: Drizzle, kind: RotationKind): Promise<string | null> {
  const prefix = prefixOf(kind);
  const [row] = await db.execute<{ name: string }>(sql`
    select application_name as name from pg_stat_activity
    where datname = current_database() and starts_with(application_name, ${prefix})
    order by backend_start limit 1`);
  return row ? row.name.slice(prefix.length).trim() : null;
}
