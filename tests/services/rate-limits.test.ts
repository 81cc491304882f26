import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { forgetIdleLimits, giveBack, limit, limitInAdvance } from '../../src/services/rate-limits.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';

const log = createLog('silent');
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const take = (key: string, rate: number, per = 60, burst?: number) =>
  limit({ db: database.db, log }, { key, rate, per, burst });

describe('limit', () => {
  it('allows a burst, counts down, then says when to come back', async () => {
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await take('burst', 4));
    expect(answers.map((answer) => answer.allowed)).toEqual([true, true, true, true, false]);
    expect(answers.map((answer) => answer.remaining)).toEqual([3, 2, 1, 0, 0]);
    expect(answers[4]?.retryAfter).toBeGreaterThanOrEqual(14);
    expect(answers[4]?.retryAfter).toBeLessThanOrEqual(15);
  });

  it('lets one through again after its interval', async () => {
    expect((await take('again', 1, 0.3)).allowed).toBe(true);
    expect((await take('again', 1, 0.3)).allowed).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect((await take('again', 1, 0.3)).allowed).toBe(true);
  });

  it('keeps a burst apart from the rate', async () => {
    const allowed = [];
    for (let i = 0; i < 4; i++) allowed.push((await take('small burst', 60, 60, 2)).allowed);
    expect(allowed).toEqual([true, true, false, false]);
  });

  it('counts each key by itself', async () => {
    expect((await take('one', 1)).allowed).toBe(true);
    expect((await take('two', 1)).allowed).toBe(true);
    expect((await take('one', 1)).allowed).toBe(false);
  });

  it('lets exactly the allowed number through when all come at once, over two pools', async () => {
    const other = openDatabase({ connection: database.hub });
    const pools = [database.db, other];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        limit({ db: pools[i % 2] ?? other, log }, { key: 'race', rate: 10, per: 3600 }),
      ),
    );
    await other.close();
    expect(answers.filter((answer) => answer.allowed)).toHaveLength(10);
    expect(answers.every((answer) => answer.allowed || answer.retryAfter > 0)).toBe(true);
  });

  it('takes hostile keys as text', async () => {
    const key = `'; drop table rate_limits; --\u00e9 ${'x'.repeat(200)}`;
    expect((await take(key, 1)).allowed).toBe(true);
    expect((await take(key, 1)).allowed).toBe(false);
  });
});

describe('giveBack', () => {
  it('returns exactly one', async () => {
    const each = { key: 'refund', rate: 2, per: 60 };
    await take('refund', 2);
    await take('refund', 2);
    await giveBack({ db: database.db, log }, each);
    expect((await take('refund', 2)).allowed).toBe(true);
    expect((await take('refund', 2)).allowed).toBe(false);
  });

  it('gives nobody more than the burst', async () => {
    for (let i = 0; i < 5; i++) await giveBack({ db: database.db, log }, { key: 'never used', rate: 2, per: 60 });
    const allowed = [];
    for (let i = 0; i < 3; i++) allowed.push((await take('never used', 2)).allowed);
    expect(allowed).toEqual([true, true, false]);
  });
});

it('forgets who has long caught up, and nobody else', async () => {
  await take('busy', 1, 3600);
  await database.db.system.execute(`insert into rate_limits values ('idle', now() - interval '1 hour')`);
  expect(await forgetIdleLimits({ db: database.db, log })).toBeGreaterThanOrEqual(1);
  const rows = await database.db.system.execute<{ key: string }>('select key from rate_limits');
  expect(rows.map((row) => row.key)).toContain('busy');
  expect(rows.map((row) => row.key)).not.toContain('idle');
});

describe('limitInAdvance', () => {
  /** Counts what the database is asked. */
  const counting = () => {
    const asked = { count: 0 };
    const system = {
      execute: (query: never) => {
        asked.count += 1;
        return database.db.system.execute(query);
      },
    };
    const parts = { db: { ...database.db, system }, log } as unknown as Parameters<typeof limit>[0];
    return { asked, take: (key: string, rate: number) => limitInAdvance(parts, { key, rate, per: 3600 }) };
  };

  it('allows what the limit allows and no more, and asks the database seldom', async () => {
    const { asked, take } = counting();
    const answers = [];
    for (let i = 0; i < 700; i++) answers.push(await take('in advance', 600));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(600);
    expect(answers[0]?.remaining).toBe(599);
    expect(answers[599]?.remaining).toBe(0);
    expect(answers[699]?.retryAfter).toBeGreaterThan(0);
    // Refusals are asked for one by one.
    expect(asked.count).toBeLessThan(350);
    expect((await limit({ db: database.db, log }, { key: 'in advance', rate: 600, per: 3600 })).allowed).toBe(false);
  });

  it('takes nothing in advance for who asks now and then, nor more than a tenth of a small limit', async () => {
    const { asked, take } = counting();
    expect((await take('seldom', 600)).remaining).toBe(599);
    for (let i = 0; i < 8; i++) await take('small', 8);
    expect(asked.count).toBe(9);
    expect((await take('small', 8)).allowed).toBe(false);
  });

  it('shares the limit of requests that come at once', async () => {
    const { take } = counting();
    const answers = await Promise.all(Array.from({ length: 300 }, () => take('at once', 200)));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(200);
  });
});

describe('while the database is away', () => {
  it('counts in memory, does not make each caller wait, and says so once', async () => {
    const lines: string[] = [];
    const noisy = createLog('warn', { write: (line: string) => void lines.push(line) });
    const away = openDatabase({ connection: 'postgres://nobody:nothing@127.0.0.1:1/none' });
    const ask = () => limit({ db: away, log: noisy }, { key: 'fallback', rate: 3, per: 60 });
    const started = performance.now();
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await ask());
    await away.close();
    expect(answers.map((answer) => answer.allowed)).toEqual([true, true, true, false, false]);
    expect(answers.map((answer) => answer.remaining)).toEqual([2, 1, 0, 0, 0]);
    expect(answers[4]?.retryAfter).toBeGreaterThan(15);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(lines).toHaveLength(1);
  });
});
