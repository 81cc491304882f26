import type { SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { onTestFinished } from 'vitest';
import { type Connection, connect } from '../../src/db/connection.ts';

/** Runs the statement in a transaction that stays open until the returned function is called or the test ends; then it is rolled back. */
export async function holdRow(admin: Connection, statement: SQL): Promise<() => Promise<void>> {
  const connection = connect(admin, { max: 1 });
  const db = drizzle(connection);
  await db.execute('begin');
  await db.execute(statement);
  let held = true;
  const release = async () => {
    if (!held) return;
    held = false;
    await db.execute('rollback').catch(() => {}); // the database may have gone away with the test
    await connection.end();
  };
  onTestFinished(release);
  return release;
}
