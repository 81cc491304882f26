import { fileURLToPath } from 'node:url';
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { type Connection, withConnection } from './connection.ts';
import { StartError } from './start-error.ts';

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

/**
 * Brings the schema up to date, as the owner. All that is missing runs in one transaction under a lock of the database, so replicas may
 * start together and a crash leaves the schema as it was.
 * @throws StartError when the login may not do it or another instance holds the lock for a minute
 */
export async function migrate(owner: Connection): Promise<void> {
  try {
    await withConnection(owner, async (sql) => {
      await sql`set lock_timeout = '60s'`;
      await sql`select pg_advisory_lock(hashtextextended('patchbay:migrate', 0))`; // ends with the connection
      await runMigrations(drizzle(sql), { migrationsFolder });
    });
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof postgres.PostgresError)) return cause;
  if (cause.code === '42501') return new StartError([cause.message, cause.hint].filter(Boolean).join('\n'), { cause });
  if (cause.code === '55P03')
    return new StartError(
      'Another instance has been migrating the database for a minute. See what it does, then start again.',
      { cause },
    );
  return cause;
}

/** The migrations of this version, oldest first. */
export const knownMigrations = (): MigrationMeta[] => readMigrationFiles({ migrationsFolder });

/** How many migrations of this version the database lacks, and how many it has from a newer one. */
export async function migrationState(owner: Connection): Promise<{ missing: number; newer: number }> {
  const known = new Set(knownMigrations().map(({ hash }) => hash));
  const applied = await withConnection(owner, async (sql) => {
    const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') is not null as there`;
    return table?.there ? sql`select hash from drizzle.__drizzle_migrations` : [];
  });
  const shared = applied.filter(({ hash }) => known.has(hash)).length;
  return { missing: known.size - shared, newer: applied.length - shared };
}
