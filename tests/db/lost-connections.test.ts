import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/db/client.ts';
import { type ServerAddress, withConnection } from '../../src/db/connection.ts';
import { organizations } from '../../src/db/schema/index.ts';
import { databaseProxy } from '../support/database-proxy.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';
import { letsGo } from '../support/let-go.ts';

const deadlineMs = 600;
const organization = (slug: string) => ({ id: uuidv7(), name: slug, slug });

let database: TestDatabase;
let proxy: Awaited<ReturnType<typeof databaseProxy>>;
let db: Database;
beforeEach(async () => {
  database = await testDatabase();
  proxy = await databaseProxy(database.hub as ServerAddress);
  db = openDatabase({ connection: proxy.address, max: 2, deadlineMs });
});
afterEach(async () => {
  await db.close();
  proxy.close();
  await database.drop();
});

const terminate = (pid: unknown) =>
  withConnection(inject('postgres').setup, async (admin) => {
    await admin`select pg_terminate_backend(${pid as number}, 2000)`;
  });

const insert = (slug: string) => async (tx: Pick<Tx, 'insert'>) => {
  await tx.insert(organizations).values(organization(slug));
};
const isSaved = async (slug: string) =>
  (await database.db.system.execute(sql`select from organizations where slug = ${slug}`)).length === 1;

describe('a lost COMMIT', () => {
  it('is an unknown outcome when the answer is lost, and was saved here', async () => {
    proxy.behave('lose the answer to commit');
    await expect(db.system.transaction(insert('saved'))).rejects.toMatchObject({
      code: 'outcome_unknown',
      status: 503,
    });
    await expect.poll(() => isSaved('saved')).toBe(true);
  });

  it('is an unknown outcome when it never arrived, and was not saved here', async () => {
    proxy.behave('lose the commit');
    await expect(db.system.transaction(insert('not-saved'))).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(await isSaved('not-saved')).toBe(false);
  });

  it('does not matter to those who only read', async () => {
    proxy.behave('lose the answer to commit');
    const reading = db.system.transaction((tx) => tx.select().from(organizations));
    await expect(reading).rejects.toMatchObject({ code: 'unavailable', retryAfter: 2 });
  });
});

describe('a server that falls silent', () => {
  it('costs callers one deadline, and those who come later nothing once it is back', async () => {
    await db.ping();
    proxy.behave('swallow');
    const started = performance.now();
    const outcomes = await Promise.allSettled([
      db.ping(),
      db.system.transaction(insert('a')),
      db.asTenant(uuidv7(), (tx) => tx.execute(sql`select 1`)),
      db.system.insert(organizations).values(organization('b')),
    ]);
    expect(performance.now() - started).toBeLessThan(deadlineMs + 300);
    const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(codes).toEqual([
      'unavailable',
      'unavailable',
      'unavailable',
      expect.stringMatching(/unavailable|outcome_unknown/),
    ]);
    proxy.behave('pass');
    await db.ping();
    await db.system.transaction(insert('after'));
    expect(await isSaved('after')).toBe(true);
  });

  it('leaves no connection of the old pool behind', async () => {
    await Promise.all([db.ping(), db.ping()]);
    proxy.behave('swallow');
    await expect(db.ping()).rejects.toMatchObject({ code: 'unavailable' });
    proxy.behave('pass');
    await db.ping();
    await expect.poll(() => proxy.connections(), { timeout: 4_000 }).toBeLessThanOrEqual(2);
  });
});

describe('a connection that is cut in the middle of an answer', () => {
  const numbers = (db: Database) => db.system.execute(sql`select n, repeat('x', 100) from generate_series(1, 1000) n`);

  it('fails that query only: the next answer starts at its first row', async () => {
    const single = openDatabase({ connection: proxy.address, max: 1, deadlineMs: 3_000 });
    await single.ping();
    proxy.behave('cut a long answer');
    await expect(numbers(single)).rejects.toMatchObject({ code: 'unavailable' });
    proxy.behave('pass');
    const rows = await numbers(single);
    expect(rows).toHaveLength(1_000);
    expect(rows[0]).toMatchObject({ n: 1 });
    await single.close();
  });

  it("does not hand the server's last words to the next query", async () => {
    const single = openDatabase({ connection: proxy.address, max: 1, deadlineMs: 3_000 });
    const [row] = await single.system.execute(sql`select pg_backend_pid() as pid`);
    const sleeping = expect(single.system.execute(sql`select pg_sleep(2)`)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await sleep(100);
    await terminate(row?.pid);
    await sleeping;
    expect(await single.system.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
    await single.close();
  });

  it('does not hold up the end', async () => {
    await db.ping();
    proxy.behave('lose the answer to commit');
    await expect(db.system.transaction(insert('x'))).rejects.toMatchObject({ code: 'outcome_unknown' });
    const started = performance.now();
    await db.close();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a server that is not there', () => {
  it('is told at once', async () => {
    const away = openDatabase({ connection: { ...proxy.address, host: '/nowhere' } });
    await expect(away.ping()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(away.system.insert(organizations).values(organization('x'))).rejects.toMatchObject({
      code: 'unavailable',
    });
    await away.close();
  });
});

describe('a transaction whose connection died', () => {
  /** The one connection of the pool dies under the first transaction, and the second gets its slot. */
  async function inherit(first: (tx: Tx) => Promise<unknown>, second: (tx: Tx) => Promise<unknown>) {
    const single = openDatabase({ connection: proxy.address, max: 1, deadlineMs: 3_000 });
    const begun = Promise.withResolvers<unknown>();
    const doomed = single.system.transaction(async (tx) => {
      const [row] = await tx.execute(sql`select pg_backend_pid() as pid`);
      begun.resolve(row?.pid);
      await sleep(400); // nothing is under way when the connection dies
      return first(tx);
    });
    doomed.catch(() => {});
    await terminate(await begun.promise);
    const heir = single.system.transaction(second);
    const outcomes = await Promise.allSettled([doomed, heir]);
    await sleep(300);
    await single.close();
    return outcomes;
  }

  const slowly = (slug: string, end: () => void) => async (tx: Tx) => {
    await insert(slug)(tx);
    await sleep(600);
    end();
  };

  it("does not commit what the slot's next transaction has done", async () => {
    const heir = slowly('half-done', () => {
      throw new Error('rolled back');
    });
    const [doomed, second] = await inherit(async () => 'finished', heir);
    expect(doomed).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'rolled back' } });
    expect(await isSaved('half-done')).toBe(false);
  });

  it("does not roll back what the slot's next transaction has done", async () => {
    const [doomed, second] = await inherit(
      () => Promise.reject(new Error('late')),
      slowly('kept', () => {}),
    );
    expect(doomed).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(second).toMatchObject({ status: 'fulfilled' });
    expect(await isSaved('kept')).toBe(true);
  });

  it("sends nothing into the slot's next transaction", async () => {
    let late: unknown = 'nothing was tried';
    const [doomed, second] = await inherit(
      async (tx) => {
        late = await insert('intruder')(tx).then(null, (error) => error.code);
      },
      slowly('undisturbed', () => {}),
    );
    expect(doomed).toMatchObject({ status: 'rejected' });
    expect(second).toMatchObject({ status: 'fulfilled' });
    expect(late).toBe('unavailable');
    expect(await isSaved('intruder')).toBe(false);
  });
});

describe("the driver's patch", () => {
  const patch = readFileSync(new URL('../../patches/postgres+3.4.9.patch', import.meta.url), 'utf8');
  const parts = patch.split(/^diff --git /m).slice(1);

  it.each(parts.map((part) => [/^a\/(\S+)/.exec(part)?.[1] ?? '', part]))('is applied to %s', (file, part) => {
    const patched = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const added = part.split('\n').filter((line) => /^\+(?!\+)/.test(line));
    expect(added.length).toBeGreaterThan(4);
    for (const line of added) expect(patched, 'Run node_modules/.bin/patch-package').toContain(line.slice(1));
  });

  it('keeps nothing of what called the first time that a statement is made', async () => {
    await withConnection(database.hub, async (own) => {
      const ask = (value: object) => {
        const send = () => own`select ${JSON.stringify(value)}`;
        return send();
      };
      expect(await letsGo(ask)).toBe(true);
      expect(await letsGo((value) => Object.assign(own, { value }))).toBe(false);
    });
  });
});
