import type { SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { type Connection, connect } from '../../src/db/connection.ts';

/** Runs the statement in a transaction that stays open until the returned function is called; then it is rolled back. */
export async function holdRow(admin: Connection, statement: SQL): Promise<() => Promise<void>> {
  const connection = connect(admin, { max: 1 });
  const db = drizzle(connection);
  await db.execute('begin');
  await db.execute(statement);
  return async () => {
    await db.execute('rollback');
    await connection.end();
  };
}
