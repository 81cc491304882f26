import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase, type Tx, uniqueViolation } from '../../src/db/client.ts';
import { organizations } from '../../src/db/schema/index.ts';
import { AppError } from '../../src/errors.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';
import { holdRow } from '../support/hold-row.ts';

const tenantId = uuidv7();
const organization = (name: string) => ({ id: uuidv7(), name, slug: name });

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => new Error('It did not fail'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** Runs the work on a client of its own, which is closed in any case. */
async function withClient(work: (db: Database) => Promise<void>, options: { max?: number; deadlineMs?: number } = {}) {
  const db = openDatabase({ connection: database.hub, ...options });
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

describe('errors', () => {
  it('name the unique constraint, alone and inside transactions', async () => {
    const { system } = database.db;
    await system.insert(organizations).values(organization('taken'));
    const again = () => system.insert(organizations).values(organization('taken'));
    expect(uniqueViolation(await again().then(null, (error) => error))).toBe('organizations_slug_unique');
    const inside = system.transaction((tx) => tx.insert(organizations).values(organization('taken')));
    expect(uniqueViolation(await inside.then(null, (error) => error))).toBe('organizations_slug_unique');
    expect(uniqueViolation(new Error('outer', { cause: await again().then(null, (error) => error) }))).toBe(
      'organizations_slug_unique',
    );
    expect(uniqueViolation(new Error('another'))).toBeNull();
  });

  it('quote neither parameters nor rows', async () => {
    const canary = 'canary-5e1f';
    const values = { id: uuidv7(), name: canary, slug: canary };
    await database.db.system.insert(organizations).values(values);
    const error = await database.db.system
      .insert(organizations)
      .values(values)
      .then(null, (thrown) => thrown);
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(canary);
  });

  it('of the work itself pass as they are', async () => {
    const mine = Object.assign(new Error('mine'), { code: 'ECONNRESET' });
    await expect(database.db.system.transaction(() => Promise.reject(mine))).rejects.toBe(mine);
  });
});

describe('deadlines', () => {
  it('let the server cancel a slow statement, and keep the connection', () =>
    withClient(
      async (db) => {
        const pid = async () => (await db.system.execute(sql`select pg_backend_pid() as pid`))[0]?.pid;
        const before = await pid();
        const error = await failureOf(Promise.resolve(db.system.execute(sql`select pg_sleep(20)`)));
        expect(error).toMatchObject({ code: 'unavailable', retryAfter: 2, cause: { code: '57014' } });
        expect(await pid()).toBe(before);
      },
      { max: 1, deadlineMs: 4_000 },
    ));

  it('end a transaction whose work takes too long, and roll it back', () =>
    withClient(
      async (db) => {
        const { promise: enough, resolve: finish } = Promise.withResolvers<void>();
        const work = async (tx: Tx) => {
          await tx.insert(organizations).values(organization('too-late'));
          await enough;
        };
        const error = await failureOf(db.system.transaction(work));
        expect(error.code).toBe('unavailable');
        finish();
        await sleep(600);
        expect(await db.system.execute(sql`select from organizations where slug = 'too-late'`)).toHaveLength(0);
      },
      { max: 1, deadlineMs: 500 },
    ));

  it('give up on a lock', () =>
    withClient(
      async (db) => {
        await db.system.insert(organizations).values(organization('locked'));
        const change = sql`update organizations set name = 'changed' where slug = 'locked'`;
        const release = await holdRow(database.admin, change);
        const error = await failureOf(db.system.transaction((tx) => tx.execute(change))).finally(release);
        expect(error.message).toContain('Somebody else is changing the same data');
      },
      { deadlineMs: 3_000 },
    ));

  it('answer those who wait for a busy pool, and leave the busy one alone', () =>
    withClient(
      async (db) => {
        const hold = (times: number) =>
          db.system.transaction(async (tx) => {
            const [row] = await tx.execute(sql`select pg_backend_pid() as pid`);
            for (let n = 0; n < times; n++) await tx.execute(sql`select pg_sleep(0.3)`);
            return row?.pid;
          });
        const first = hold(7);
        const second = failureOf(hold(7)); // gets its turn too late to finish
        const third = await failureOf(hold(1));
        expect([third.code, (await second).code]).toEqual(['unavailable', 'unavailable']);
        expect(await hold(0)).toBe(await first);
      },
      { max: 1, deadlineMs: 3_000 },
    ));
});

describe('a long line for connections', () => {
  it('leads no transaction into another one, however many statements stand before it', () =>
    withClient(
      async (db) => {
        for (const count of [99, 100, 101]) {
          const held = [0, 1].map(() => db.system.transaction((tx) => tx.execute(sql`select pg_sleep(1.5)`)));
          await expect
            .poll(async () => (await database.db.system.execute(sleeping))[0]?.n, { timeout: 20_000 })
            .toBe(2);
          const plain = Promise.all(Array.from({ length: count }, () => db.system.execute(sql`select 1`)));
          await sleep(0);
          const entered = Array.from({ length: 5 }, () => db.asTenant(tenantId, (tx) => tx.execute(sql`select 1`)));
          await Promise.all([...held, plain, ...entered]);
        }
      },
      { max: 2 },
    ));
});

const sleeping = sql`select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep%' and state = 'active' and datname = current_database()`;

describe('conflicts between transactions', () => {
  const deadlock = async (db: Database, attempts: () => void) => {
    const [one, two] = [organization(`one-${uuidv7()}`), organization(`two-${uuidv7()}`)];
    await db.system.insert(organizations).values([one, two]);
    const touch = (tx: Tx, id: string) => tx.execute(sql`select from organizations where id = ${id} for update`);
    const lockBoth = (first: string, second: string) =>
      db.system.transaction(async (tx) => {
        attempts();
        await touch(tx, first);
        await sleep(100);
        await touch(tx, second);
      });
    return Promise.allSettled([lockBoth(one.id, two.id), lockBoth(two.id, one.id)]);
  };

  it('reach those who run transactions of their own', async () => {
    let attempts = 0;
    await withClient(
      async (db) => {
        const results = await deadlock(db, () => attempts++);
        expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
      },
      { deadlineMs: 8_000 },
    );
    expect(attempts).toBe(2);
  });

  it('are run again inside a tenant, three times at most', async () => {
    const serializationFailure = sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`;
    let attempts = 0;
    const settled = await database.db.asTenant(tenantId, async (tx) => {
      if (++attempts < 4) await tx.execute(serializationFailure);
      return 'settled';
    });
    expect([settled, attempts]).toEqual(['settled', 4]);
    const error = await failureOf(database.db.asTenant(tenantId, (tx) => tx.execute(serializationFailure)));
    expect(error.message).toContain('Too many people');
  });
});
