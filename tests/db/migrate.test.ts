import { sql } from 'drizzle-orm';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, withConnection, withDatabase } from '../../src/db/connection.ts';
import { migrate, migrationState } from '../../src/db/migrate.ts';
import { runChild } from '../support/child.ts';
import { emptyDatabase, type TestDatabase } from '../support/db.ts';
import { holdRow } from '../support/hold-row.ts';
import { temporaryServer } from '../support/postgres.ts';

describe('migrate', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await emptyDatabase();
  });
  afterAll(() => database.drop());

  const countTables = (admin = database.admin) =>
    count(
      admin,
      `select count(*)::int as n from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    );

  it('leaves nothing behind when it is cut off, and completes the next time', async () => {
    await withConnection(database.admin, async (sql) => {
      await sql`create table users (blocks boolean)`;
      await expect(migrate(database.admin)).rejects.toThrow('already exists');
      await sql`drop table users`;
    });
    expect(await countTables()).toBe(0);
  });

  it('survives kill -9 in the middle: all or nothing, and the next run completes', async () => {
    const { admin, drop } = await emptyDatabase();
    const run = () => runChild('db/migrate-once.ts', JSON.stringify(admin));
    // Half of the tables are made when it comes to one that somebody else is just making, and waits for that.
    const release = await holdRow(admin, sql`create table tenant_keys (blocks boolean)`);
    const cutOff = run();
    await expect.poll(() => countBlocked(admin), { timeout: 20_000 }).toBe(1);
    await cutOff.end('SIGKILL');
    await release();
    await expect.poll(() => countSetUp(admin), { timeout: 20_000 }).toBe(0); // its session has ended, and with it its lock
    expect(await countTables(admin)).toBe(0);

    const next = run();
    expect(await next.next<true>()).toBe(true);
    await next.end();
    expect(await migrationState(admin)).toEqual({ missing: 0, newer: 0 });
    await drop();
  });

  it('waits for the instance that is migrating', async () => {
    await withConnection(database.admin, async (sql) => {
      await sql`select pg_advisory_lock(hashtextextended('patchbay:migrate', 0))`;
      const second = migrate(database.admin);
      await expect.poll(() => countWaiting(sql)).toBe(1);
      await sql`select pg_cancel_backend(pid) from pg_locks where ${waiting(sql)}`;
      await expect(second).rejects.toThrow('canceling statement');
    });
  });

  it('runs once when several replicas start together, and does nothing the next time', async () => {
    await Promise.all([migrate(database.admin), migrate(database.admin), migrate(database.admin)]);
    const after = await countTables();
    expect(after).toBeGreaterThan(10);
    await migrate(database.admin);
    expect(await countTables()).toBe(after);
  });

  it('says what to do when the login may not make roles', async () => {
    const server = await temporaryServer('roles');
    try {
      await withConnection(withDatabase(server.setup, 'postgres'), async (sql) => {
        await sql`create role plain_owner login password 'plain'`;
        await sql`create database plain owner plain_owner`;
      });
      const plain = { ...server.owner, user: 'plain_owner', password: 'plain', database: 'plain' };
      await expect(migrate(plain)).rejects.toThrow(/plain_owner may not make the roles.*\n.*CREATEROLE/);
    } finally {
      await server.remove();
    }
  });
});

/** Sessions of this database that wait for another one. */
const countBlocked = (admin: Connection) =>
  count(
    admin,
    'select count(*)::int as n from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
  );

/** Sessions of this database that set it up, without the one that asks. */
const countSetUp = (admin: Connection) =>
  count(
    admin,
    `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and application_name = 'patchbay-setup' and pid <> pg_backend_pid()`,
  );

const count = (admin: Connection, query: string) =>
  withConnection(admin, async (own) => {
    const [row] = await own.unsafe(query);
    return row?.n as number;
  });

/** Sessions in line for an advisory lock of this database; the other test files have theirs. */
const waiting = (sql: Sql) =>
  sql`locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`;

async function countWaiting(sql: Sql): Promise<number> {
  const [row] = await sql`select count(*)::int as n from pg_locks where ${waiting(sql)}`;
  return row?.n as number;
}
