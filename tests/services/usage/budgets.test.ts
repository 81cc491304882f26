import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import type { Ctx } from '../../../src/context.ts';
import { openDatabase } from '../../../src/db/client.ts';
import type { AppError } from '../../../src/errors.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import type { ModelCall } from '../../../src/services/gateway/llm-usage.ts';
import { createPrice } from '../../../src/services/gateway/prices.ts';
import {
  type BudgetInput,
  changeBudget,
  createBudget,
  getBudget,
} from '../../../src/services/usage/budget-settings.ts';
import { returnSlices } from '../../../src/services/usage/budget-slices.ts';
import { releaseReservations } from '../../../src/services/usage/budgets.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { type Child, runChild } from '../../support/child.ts';
import { budgetCall, used, withBudget } from './budget-call.ts';

let at: TestApp;
let ada: Ctx;
let connectorId: string;
const children: Child[] = [];
beforeAll(async () => {
  at = await testApp();
  ada = at.ctx(at.cast.ada);
  const auth = { method: 'api_key', api_key: demo.modelKey };
  connectorId = (await installConnector(ada, 'openai', { name: 'Models', tags: [], config: {}, auth })).id;
  await createPrice(ada, { model: 'dear', input_usd: '1', output_usd: '1' });
});
afterAll(() => at.close());
beforeEach(async () => {
  await at.database.db.asTenant(ada.tenantId, async (tx) => {
    await tx.execute(sql`delete from budgets`);
    await tx.execute(sql`delete from budget_reservations`);
  });
});
afterEach(() => {
  for (const { process } of children.splice(0)) process.kill('SIGKILL');
});

const budget = (more: Partial<BudgetInput> = {}) =>
  createBudget(ada, { scope: 'workspace', period: 'month', limit_usd: '10', ...more });
/** In whole dollars: what is spent and what is held. */
const stand = async (id: string) => {
  const { spentNano, reservedNano } = await getBudget(ada, id);
  return [spentNano / 1e9, reservedNano / 1e9];
};
/** Before a budget is made: what was spent earlier counts. */
const forget = () =>
  at.database.db.asTenant(ada.tenantId, (tx) => tx.execute(sql`update budgets set spent_nano = 0, reserved_nano = 0`));
const fresh = async (more: Partial<BudgetInput> = {}) => {
  const { id } = await budget(more);
  await forget();
  return id;
};
const call = (more: Partial<ModelCall> = {}, ctx = ada) =>
  withBudget(ctx, budgetCall(uuidv7(), connectorId, more), async () => ({ value: 'answered', seen: used }));
const refusal = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => expect.unreachable('it should have been refused'),
    (error) => error,
  );
const rows = (query: ReturnType<typeof sql>): Promise<Json[]> =>
  at.database.db.asTenant(ada.tenantId, (tx) => tx.execute(query)) as unknown as Promise<Json[]>;
const audited = async (action: string) => (await rows(sql`select * from audit_events where action = ${action}`)).length;

async function replica(calls: number): Promise<Child> {
  const { tenantId } = ada;
  const told = JSON.stringify({ database: at.database.hub, tenantId, connectorId, calls });
  const child = runChild('services/usage/budget-process.ts', told);
  children.push(child);
  await child.next();
  return child;
}

describe('a race', { timeout: 120_000 }, () => {
  it('of 50 calls in two processes for room for 10 lets 10 pass, over several budgets at once', async () => {
    const month = await fresh();
    const through = await fresh({ scope: 'connector', subject_id: connectorId, period: 'day', limit_usd: '12' });
    const both = await Promise.all([replica(25), replica(25)]);
    for (const { process } of both) process.kill('SIGUSR2');
    const underWay = await Promise.all(both.map((child) => child.next<{ left: number }>()));
    expect(underWay.reduce((sum, { left }) => sum + left, 0)).toBe(10);
    expect([await stand(month), await stand(through)]).toEqual([
      [0, 10],
      [0, 10],
    ]);
    for (const { process } of both) process.kill('SIGUSR1');
    const ended = await Promise.all(
      both.map((child) => child.next<{ succeeded: number; refused: number; codes: string[] }>()),
    );
    expect(ended.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(10);
    expect(new Set(ended.flatMap(({ codes }) => codes))).toEqual(new Set(['budget_exceeded']));
    expect([await stand(month), await stand(through)]).toEqual([
      [5, 0],
      [5, 0],
    ]);
    expect(await rows(sql`select id from budget_reservations`)).toEqual([]);
  });

  it('takes nothing where one of several budgets refuses', async () => {
    const month = await fresh();
    const day = await fresh({ period: 'day', limit_usd: '0.5' });
    expect((await refusal(call())).code).toBe('budget_exceeded');
    expect([await stand(month), await stand(day)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('a process that is killed while its call is under way', { timeout: 120_000 }, () => {
  it('keeps what it holds until it counts as gone; its prompt stays counted', async () => {
    const id = await fresh();
    const child = await replica(1);
    child.process.kill('SIGUSR2');
    expect(await child.next()).toEqual({ left: 1 });
    await child.end('SIGKILL');
    expect(await stand(id)).toEqual([0, 1]);
    expect(await releaseReservations(at.hub)).toBe(0);
    expect(await stand(id)).toEqual([0, 1]);
    await rows(sql`update budget_reservations set expires_at = now() - interval '1 second'`);
    expect(await releaseReservations(at.hub)).toBe(1);
    expect(await releaseReservations(at.hub)).toBe(0);
    expect(await stand(id)).toEqual([0.1, 0]);
  });

  it('but one that was only slow is counted in full when it ends', async () => {
    const id = await fresh();
    await withBudget(ada, budgetCall(uuidv7(), connectorId), async () => {
      await rows(sql`update budget_reservations set expires_at = now() - interval '1 second'`);
      await releaseReservations(at.hub);
      return { value: null, seen: used };
    });
    expect(await stand(id)).toEqual([0.6, 0]);
  });
});

describe('settling', () => {
  it('gives back what a failed call held, and counts what one that was cut off may have used', async () => {
    const id = await fresh();
    const broken = () => Promise.reject(new Error('broken'));
    await refusal(withBudget(ada, budgetCall(uuidv7(), connectorId), broken));
    expect(await stand(id)).toEqual([0, 0]);
    const lost = { model: null, tokens: null, firstAt: null, characters: 400_000 };
    await refusal(withBudget(ada, budgetCall(uuidv7(), connectorId), broken, lost));
    expect(await stand(id)).toEqual([0.2, 0]);
  });

  it('counts a call in the period in which it began', async () => {
    const id = await fresh({ period: 'day' });
    await withBudget(ada, budgetCall(uuidv7(), connectorId), async () => {
      await rows(sql`update budgets set period_start = period_start - interval '1 day', spent_nano = 7000000000`);
      await rows(
        sql`update budget_reservations set holds = jsonb_set(holds, '{0,began}', to_jsonb((holds->0->>'began')::timestamptz - interval '1 day'))`,
      );
      expect(await stand(id)).toEqual([0, 0]);
      await call();
      expect(await stand(id)).toEqual([0.5, 0]);
      return { value: null, seen: used };
    });
    expect(await stand(id)).toEqual([0.5, 0]);
  });

  it('counts against a budget that was made while the call ran', async () => {
    let made = '';
    await withBudget(ada, budgetCall(uuidv7(), connectorId), async () => {
      made = await fresh();
      return { value: null, seen: used };
    });
    expect(await stand(made)).toEqual([0.5, 0]);
  });

  it('writes the price that was used with the use', async () => {
    await call();
    const [last] = await rows(sql`select * from llm_usage order by created_at desc limit 1`);
    expect(last).toMatchObject({ cost_usd: '0.500000000', price_source: 'override', price_input_usd: '1.000000' });
    await call({ model: 'gpt-4o-mini', worst: { in: 10, out: 10 } }, ada);
  });
});

describe('a budget', () => {
  it('begins with what was spent in its period, for its own key or connector alone', async () => {
    await call();
    const { spentNano } = await budget();
    expect(spentNano).toBeGreaterThanOrEqual(500_000_000);
    const other = uuidv7();
    await call({ connectorId: other });
    const through = await budget({ scope: 'connector', subject_id: connectorId });
    const [sum] = await rows(sql`select sum(cost_usd)::text as usd from llm_usage where connector_id = ${connectorId}`);
    expect(through.spentNano / 1e9).toBe(Number(sum.usd));
  });

  it('refuses what nobody knows the price of, unless it says otherwise', async () => {
    const id = await fresh();
    const error = await refusal(call({ model: 'nobody-knows' }));
    expect([error.code, error.status, error.message]).toEqual([
      'price_unknown',
      403,
      expect.stringContaining('nobody-knows'),
    ]);
    await changeBudget(ada, id, { unknown_price: 'allow' });
    const value = await withBudget(ada, budgetCall(uuidv7(), connectorId, { model: 'nobody-knows' }), async () => ({
      value: 'answered',
      seen: { ...used, model: 'nobody-knows' },
    }));
    expect(value).toBe('answered');
    expect(await stand(id)).toEqual([0, 0]);
  });

  it('tells of its warning and its first refusal once', async () => {
    await fresh({ limit_usd: '2', warn_percent: 40 });
    const before = [await audited('budget.warned'), await audited('budget.exceeded')];
    const told = async () => [
      (await audited('budget.warned')) - (before[0] ?? 0),
      (await audited('budget.exceeded')) - (before[1] ?? 0),
    ];
    await call();
    expect(await told()).toEqual([0, 0]);
    await call();
    await call();
    expect(await told()).toEqual([1, 0]);
    await refusal(call());
    await refusal(call());
    expect(await told()).toEqual([1, 1]);
  });

  it('says which it is, how it stands, and when to come again', async () => {
    const id = await fresh({ limit_usd: '0.75' });
    const { message, retryAfter, extra = {} } = await refusal(call());
    expect(message).toMatch(/monthly budget of the workspace.* 0\.00 of 0\.75 .*up to 1\.00/);
    expect(extra.budget).toMatchObject({
      id,
      scope: 'workspace',
      limit_usd: '0.75',
      used_usd: '0.00',
      needed_usd: '1.00',
    });
    const next = new Date((extra.budget as Json).resets_at);
    expect([next.getUTCDate(), next.getUTCHours(), next.getTime() > Date.now()]).toEqual([1, 0, true]);
    expect(Math.abs((retryAfter ?? 0) - (next.getTime() - Date.now()) / 1000)).toBeLessThan(30);
    await changeBudget(ada, id, { limit_usd: '1.5' });
    await withBudget(ada, budgetCall(uuidv7(), connectorId), async () => {
      expect((await refusal(call())).retryAfter).toBe(5);
      return { value: null, seen: used };
    });
  });

  it('lets nothing leave while the database is away', async () => {
    const away = openDatabase({ connection: 'postgres://nobody@127.0.0.1:1/nothing', deadlineMs: 500 });
    let left = 0;
    const run = async () => {
      left += 1;
      return { value: null, seen: used };
    };
    const error = await refusal(
      withBudget({ ...ada, hub: { ...at.hub, db: away } }, budgetCall(uuidv7(), connectorId), run),
    );
    expect([error.status, left]).toEqual([503, 0]);
    await away.close();
  });
});

describe('where there is plenty of room', { timeout: 120_000 }, () => {
  const reserved = async (id: string) => (await stand(id))[1] ?? 0;

  it('calls share what is taken at once, and it adds up exactly in two processes', async () => {
    const id = await fresh({ limit_usd: '10000' });
    const both = await Promise.all([replica(10), replica(10)]);
    for (let round = 1; round <= 4; round++) {
      for (const { process } of both) process.kill('SIGUSR2');
      await Promise.all(both.map((child) => child.next()));
      const [spent = 0, held = 0] = await stand(id);
      expect([spent, held >= 20, held <= 420]).toEqual([10 * (round - 1), true, true]);
      for (const { process } of both) process.kill('SIGUSR1');
      for (const child of both) expect(await child.next()).toMatchObject({ succeeded: 10 });
      expect((await stand(id))[0]).toBe(10 * round);
    }
    await expect.poll(() => reserved(id), { timeout: 20_000 }).toBe(0);
    expect(await rows(sql`select id from budget_reservations`)).toEqual([]);
  });

  it('one statement reserves for many calls', async () => {
    const id = await fresh({ limit_usd: '10000' });
    const ids = new Set<string>();
    const look = sql`select id from budget_reservations`;
    for (let calls = 0; calls < 20; calls++) {
      await call();
      // Read only: what is written in the workspace has budgets looked at anew.
      const held = await at.database.db.asTenant(ada.tenantId, (tx) => tx.execute(look), { readOnly: true });
      for (const row of held) ids.add(String(row.id));
    }
    expect(ids.size).toBeLessThan(20);
    expect((await stand(id))[0]).toBe(10);
  });

  it('a slice whose process is killed counts as spent until it counts as gone', async () => {
    const id = await fresh({ limit_usd: '10000' });
    const child = await replica(5);
    for (let round = 1; round <= 2; round++) {
      child.process.kill('SIGUSR2');
      expect(await child.next()).toEqual({ left: 5 });
      if (round === 2) break;
      child.process.kill('SIGUSR1');
      await child.next();
    }
    await child.end('SIGKILL');
    const held = await reserved(id);
    expect([(await stand(id))[0], held >= 5]).toEqual([2.5, true]);
    await releaseReservations(at.hub);
    expect(await reserved(id)).toBe(held);
    await rows(sql`update budget_reservations set expires_at = now() - interval '1 second'`);
    await releaseReservations(at.hub);
    const [spent = 0, left] = await stand(id);
    // Each of the five prompts costs a tenth of a dollar.
    expect([spent >= 3, left]).toEqual([true, 0]);
  });

  it('a limit that was lowered holds with the next call', async () => {
    const id = await fresh({ limit_usd: '10000' });
    for (let calls = 0; calls < 5; calls++) await call();
    await changeBudget(ada, id, { limit_usd: '3' });
    expect((await refusal(call())).code).toBe('budget_exceeded');
  });

  it('what is left is given back before the process ends', async () => {
    const id = await fresh({ limit_usd: '10000' });
    for (let calls = 0; calls < 5; calls++) await call();
    expect(await reserved(id)).toBeGreaterThan(0);
    await returnSlices(at.hub);
    expect(await reserved(id)).toBe(0);
  });
});
