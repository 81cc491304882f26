import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { type Connection, withDatabase } from '../../src/db/connection.ts';
import { createDatabase, dropDatabase, templateName } from './postgres.ts';

export interface TestDatabase {
  db: Database;
  /** The owner's login. */
  admin: Connection;
  /** The hub's login. */
  hub: Connection;
  drop(): Promise<void>;
}

/** A migrated and seeded database of one's own; `drop` closes the pool and deletes it. */
export const testDatabase = (): Promise<TestDatabase> => freshDatabase(templateName);

/** A database with nothing in it. */
export const emptyDatabase = (): Promise<TestDatabase> => freshDatabase('template1');

async function freshDatabase(template: string): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(server, name, template);
  const hub = withDatabase(server.hub, name);
  const db = openDatabase({ connection: hub });
  const drop = async () => {
    await db.close();
    await dropDatabase(server, name);
  };
  return { db, admin: withDatabase(server.owner, name), hub, drop };
}
