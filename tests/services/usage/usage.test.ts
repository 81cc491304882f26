import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withConnection } from '../../../src/db/connection.ts';
import { rolledUntil, sumUsage, type UsageGroup, usageFacts } from '../../../src/db/queries/usage-facts.ts';
import { dueUsageRollups, forgetLlmUsage } from '../../../src/db/queries/usage-rollups.ts';
import { bucketOf } from '../../../src/lib/histogram.ts';
import { getUsage } from '../../../src/services/usage/usage.ts';
import { rollUpUsage } from '../../../src/services/usage/usage-rollups.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { type CallRow, makeCalls } from '../../support/usage-calls.ts';

let at: TestApp;
let tenant: string;
beforeAll(async () => {
  at = await testApp();
  tenant = at.cast.ada.tenantId;
});
afterAll(() => at.close());
beforeEach(() =>
  withConnection(at.database.admin, async (own) => {
    await own`delete from usage_rollups`;
    await own`delete from llm_usage`;
    await own`delete from executions`;
  }),
);

const hourMs = 3_600_000;
/** Yesterday, at the beginning of an hour. */
const base = Math.floor(Date.now() / hourMs) * hourMs - 30 * hourMs;
const when = (ms: number) => new Date(base + ms);
const call = (ms: number, more: Partial<CallRow> = {}): CallRow => ({ at: when(ms), ...more });
const insert = (rows: CallRow[], tenantId = tenant) => makeCalls(at.database.admin, tenantId, rows);
const rollups = () =>
  withConnection(
    at.database.admin,
    (own) => own`select * from usage_rollups order by tenant_id, hour, model, tier, api_key_id, connector_id`,
  );
const all = { from: when(-100 * hourMs), until: when(100 * hourMs) };
const groups: UsageGroup[] = ['day', 'model', 'tier', 'key', 'connector'];

/** Sums with rollups as far as there are any, and from the calls alone. */
const bothWays = (span = all) =>
  at.hub.db.asTenant(tenant, async (tx) => {
    const rolled = await rolledUntil(tx, tenant);
    const sums = async (by: UsageGroup, until: Date | null) => sumUsage(tx, usageFacts(tenant, span, {}, until), by, 1);
    const each = async (until: Date | null) => {
      const found = [];
      for (const by of groups) found.push(await sums(by, until));
      return found;
    };
    return { rolled, quick: await each(rolled), plain: await each(null) };
  });

const calls = fc.array(
  fc.record({
    at: fc.integer({ min: -5 * hourMs, max: 29.9 * hourMs }).map(when),
    model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', '=cmd'),
    tier: fc.constantFrom(null, 'low', 'high'),
    key: fc.constantFrom(null, 'a', 'b'),
    connector: fc.constantFrom('a', 'b'),
    tokens: fc.integer({ min: 0, max: 2_000_000_000 }),
    costNano: fc.option(fc.integer({ min: 0, max: 2_000_000_000 })),
    estimated: fc.boolean(),
    totalMs: fc.integer({ min: 0, max: 1_000_000 }),
    firstTokenMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
    failed: fc.boolean(),
    unused: fc.boolean(),
  }),
  { minLength: 20, maxLength: 60, size: 'max' },
);

describe('rolling up', () => {
  it('adds up to what the calls themselves add up to, for any calls, spans and moments of rolling up', async () => {
    const moment = fc.integer({ min: -6 * hourMs, max: 31 * hourMs }).map(when);
    await fc.assert(
      fc.asyncProperty(calls, calls, moment, moment, async (before, after, one, other) => {
        await withConnection(at.database.admin, async (own) => {
          await own`delete from usage_rollups`;
          await own`delete from llm_usage`;
          await own`delete from executions`;
        });
        const span = one < other ? { from: one, until: other } : { from: other, until: one };
        await insert(before);
        await rollUpUsage(at.hub);
        const first = await bothWays();
        expect(first.quick).toEqual(first.plain);
        await insert(after); // some in hours that are rolled up
        await rollUpUsage(at.hub);
        for (const stretch of [all, span]) {
          const { quick, plain } = await bothWays(stretch);
          expect(quick).toEqual(plain);
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  it('changes nothing when it runs again, or on two hubs at once', async () => {
    await insert([call(0), call(10, { model: 'gpt-4o' }), call(5 * hourMs), call(5 * hourMs, { failed: true })]);
    await Promise.all([rollUpUsage(at.hub), rollUpUsage(at.hub), rollUpUsage(at.hub)]);
    const once = await rollups();
    expect(once.map(({ hour, calls: n }) => [new Date(hour).getTime(), n])).toEqual([
      [base, 1],
      [base, 1],
      [base + 5 * hourMs, 2],
    ]);
    expect(await rollUpUsage(at.hub)).toBe(0);
    expect(await rollups()).toEqual(once);
  });

  it('leaves the hour that is not over to the calls, which count at once', async () => {
    await insert([call(0), { at: new Date() }]);
    await rollUpUsage(at.hub);
    expect((await rollups()).length).toBe(1);
    const [row] = await getUsage(at.ctx(at.cast.ada), 'model', {});
    expect(row?.calls).toBe(2);
  });

  it('takes up what came late into an hour that was rolled up', async () => {
    await insert([call(0), call(3 * hourMs)]);
    await rollUpUsage(at.hub);
    await insert([call(100), call(100, { model: 'late' }), call(hourMs, { failed: true, unused: true })]);
    expect(await rollUpUsage(at.hub)).toBe(3);
    const { quick, plain } = await bothWays();
    expect(quick).toEqual(plain);
    expect((await rollups()).reduce((sum, row) => sum + row.attempts, 0)).toBe(5);
  });

  it('looks at nobody who is suspended, and keeps workspaces apart', async () => {
    const other = at.cast.cleo.tenantId;
    await insert([call(0)]);
    await insert([call(0), call(1)], other);
    await withConnection(
      at.database.admin,
      (own) => own`update organizations set suspended_at = now() where id = ${other}`,
    );
    expect(await dueUsageRollups(at.hub.db.system)).toEqual([tenant]);
    await withConnection(
      at.database.admin,
      (own) => own`update organizations set suspended_at = null where id = ${other}`,
    );
    await rollUpUsage(at.hub);
    const [mine] = await getUsage(at.ctx(at.cast.ada), 'model', {});
    const [theirs] = await getUsage(at.ctx(at.cast.cleo), 'model', {});
    expect([mine?.calls, theirs?.calls]).toEqual([1, 2]);
  });
});

describe('forgetting single calls', () => {
  it('takes only what is old and rolled up, and the sums stay', async () => {
    const old = new Date(base - 500 * 24 * hourMs);
    await insert([{ at: old }, call(0)]);
    expect(await forgetLlmUsage(at.hub.db.system, 400, 10)).toBe(0);
    await rollUpUsage(at.hub);
    expect(await forgetLlmUsage(at.hub.db.system, 400, 10)).toBe(1);
    const [row] = await getUsage(at.ctx(at.cast.ada), 'model', { from: new Date(base - 501 * 24 * hourMs) });
    expect(row?.calls).toBe(2);
  });
});

describe('times', () => {
  it('fall into the same buckets in SQL as in JavaScript', async () => {
    const times = [
      ...Array(300).keys(),
      ...Array.from({ length: 22 }, (_, n) => [2 ** n - 1, 2 ** n, 2 ** n + 1]).flat(),
    ];
    await insert(times.map((totalMs) => call(0, { totalMs })));
    await rollUpUsage(at.hub);
    const expected: Record<string, number> = {};
    for (const ms of times) expected[bucketOf(ms)] = (expected[bucketOf(ms)] ?? 0) + 1;
    expect((await rollups())[0]?.latency).toEqual(expected);
  });

  it('give percentiles that are off by a fifth at most, over rollups and live calls together', async () => {
    const times = Array.from({ length: 400 }, (_, n) => Math.round(20 * 1.013 ** n));
    await insert(times.slice(0, 250).map((totalMs) => call(0, { totalMs, firstTokenMs: Math.round(totalMs / 2) })));
    await rollUpUsage(at.hub);
    await insert(times.slice(250).map((totalMs) => ({ at: new Date(), totalMs, firstTokenMs: null })));
    const [row] = await getUsage(at.ctx(at.cast.ada), 'model', {});
    expect((row?.p50 ?? 0) / (times[200] ?? 1)).toBeCloseTo(1, 0.5);
    expect(Math.abs(Math.log2((row?.p50 ?? 1) / (times[200] ?? 1)))).toBeLessThan(0.26);
    expect(Math.abs(Math.log2((row?.p95 ?? 1) / (times[380] ?? 1)))).toBeLessThan(0.26);
    expect(Math.abs(Math.log2((row?.firstTokenP50 ?? 1) / ((times[125] ?? 1) / 2)))).toBeLessThan(0.26);
  });
});
