import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Child, runChild } from '../../support/child.ts';
import { type RefreshStage, type Reuse, refreshStage } from './refresh-stage.ts';

let at: RefreshStage;
const children: Child[] = [];
beforeAll(async () => {
  at = await refreshStage();
}, 60_000);
afterAll(() => at.close());
afterEach(async () => {
  for (const { process } of children.splice(0)) process.kill('SIGKILL');
  await at.service.control.clearFaults();
  await at.service.control.settings({ rotate: true });
});

interface Told {
  succeeded: number;
  failed: string[];
}

const patient = { timeout: 30_000, interval: 50 };
const token = '/token';

/** A drill asks for more than the suite has time for. */
const { REFRESH_PROCESSES, REFRESH_TOKENS, REFRESH_ROUNDS } = process.env;
const many = {
  processes: Number(REFRESH_PROCESSES) || 2,
  tokens: Number(REFRESH_TOKENS) || 5,
  rounds: Number(REFRESH_ROUNDS) || 20,
};

async function replica(stage: RefreshStage, ids: string | string[], more: object = {}): Promise<Child> {
  const { database, env, cast } = stage;
  const usual = {
    database: database.hub,
    env,
    tenantId: cast.ada.tenantId,
    ids: [ids].flat(),
    few: [ids].flat().length,
    replicas: 1,
    calls: 1,
    clockOffsetS: 0,
  };
  const child = runChild('services/credentials/refresh-process.ts', JSON.stringify({ ...usual, ...more }));
  children.push(child);
  await child.next();
  return child;
}

const go = (each: Child[]) => {
  for (const { process } of each) process.kill('SIGUSR2');
  return Promise.all(each.map((child) => child.next<Told>()));
};

describe('processes at once', { timeout: 120_000 + many.tokens * many.rounds * 2_000 }, () => {
  const { processes, tokens, rounds } = many;
  it(`renew once, however many of their calls need it: ${processes} processes, ${tokens} tokens, ${rounds} times`, async () => {
    const ids: string[] = [];
    for (let count = 0; count < tokens; count++) ids.push(await at.connected('revokes_family'));
    const few = 5;
    const together = await Promise.all(Array.from({ length: processes }, () => replica(at, ids, { few })));
    const before = await at.refreshes();
    const all = { succeeded: few, failed: [] };
    for (let turn = 0; turn < (rounds * tokens) / few; turn++) {
      const from = (turn * few) % tokens;
      await Promise.all(ids.slice(from, from + few).map((id) => at.endsIn(id, -5)));
      expect([turn, ...(await go(together))]).toEqual([turn, ...together.map(() => all)]);
    }
    // Counted by the service, which stands in a process of its own.
    expect((await at.refreshes()) - before).toBe(tokens * rounds);
    const { refreshes } = await at.service.control.counts();
    expect(refreshes).toHaveLength(tokens * rounds);
    expect(refreshes.filter(({ asked, granted }) => asked !== 1 || granted !== 1)).toEqual([]);
    for (const id of ids)
      expect((await at.history(id)).map(({ state }) => state)).toEqual([...Array(rounds).fill('revoked'), 'current']);
  });

  it('whose clocks are two minutes off on either side neither renew too often nor fail', async () => {
    const id = await at.connected('revokes_family');
    await at.endsIn(id, 90);
    const both = await Promise.all([-120, 120].map((clockOffsetS) => replica(at, id, { calls: 5, clockOffsetS })));
    const before = await at.refreshes();
    for (let round = 1; round <= 3; round++) expect((await go(both)).flatMap(({ failed }) => failed)).toEqual([]);
    expect((await at.refreshes()) - before).toBe(0);
    await at.endsIn(id, -5);
    await at.service.control.expire({ kind: 'AccessToken' });
    for (let round = 1; round <= 3; round++) expect((await go(both)).flatMap(({ failed }) => failed)).toEqual([]);
    expect((await at.refreshes()) - before).toBe(1);
  });
});

describe('a process that is killed', { timeout: 120_000 }, () => {
  /** Dies after the service has granted, before the answer was stored. */
  async function dieBeforeSaving(id: string) {
    await at.service.control.clearRequests();
    await at.endsIn(id, -5);
    await at.service.control.fault('slow', { path: token, delay_ms: 1_500, times: 1 });
    const child = await replica(at, id);
    child.process.kill('SIGUSR2');
    await expect.poll(async () => (await at.service.control.requests(token)).length, patient).toBe(1);
    await child.end('SIGKILL');
    await expect.poll(() => at.refreshes(), patient).toBe(1);
    expect((await at.history(id)).map(({ state }) => state)).toEqual(['current']);
    expect((await at.connection(id)).refresh_claim).not.toBeNull();
  }

  it('before it saved costs nothing where refresh tokens stay good', async () => {
    await at.service.control.settings({ rotate: false });
    const id = await at.connected('safe');
    await dieBeforeSaving(id);
    await at.later(id);
    expect(await at.call(id)).toBe('ada');
    expect((await at.history(id)).map(({ state }) => state)).toEqual(['revoked', 'current']);
  });

  const lost: [Reuse, RegExp, number][] = [
    ['grace', /invalid_grant/, 2],
    ['revokes_family', /may be used up.*A person has to connect the account again/, 1],
  ];
  it.each(lost)('before it saved needs a person where a used one is refused: %s', async (reuse, sentence, asked) => {
    const id = await at.connected(reuse);
    await dieBeforeSaving(id);
    await at.later(id);
    await expect(at.call(id)).rejects.toThrow(sentence);
    expect(await at.connection(id)).toMatchObject({
      status: 'expired',
      status_reason: expect.stringMatching(sentence),
    });
    expect((await at.service.control.counts()).refreshes.map((each) => each.asked)).toEqual([asked]);
  });

  it('is waited for as long as its claim holds', async () => {
    await at.service.control.settings({ rotate: false });
    const id = await at.connected('safe');
    await dieBeforeSaving(id);
    const waiting = at.call(id);
    const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 1_000, 'waits'))]);
    expect(early).toBe('waits');
    await at.later(id);
    expect(await waiting).toBe('ada');
  });

  it('after it saved costs nothing', async () => {
    const id = await at.connected('revokes_family');
    await at.endsIn(id, -5);
    await at.service.control.clearRequests();
    // What it renewed for hangs, so it dies with the credential stored and never used.
    await at.service.control.fault('hang', { path: '/api/me' });
    const child = await replica(at, id);
    child.process.kill('SIGUSR2');
    await expect.poll(async () => (await at.history(id)).length, patient).toBe(2);
    await child.end('SIGKILL');
    await at.service.control.clearFaults();
    expect(await at.call(id)).toBe('ada');
    expect(await at.refreshes()).toBe(1);
  });
});

describe('a service whose clock is off', { timeout: 60_000 }, () => {
  it.each([-120, 120])('by %i seconds is served all the same', async (offset) => {
    const other = await refreshStage(offset);
    try {
      const id = await other.connected('revokes_family');
      for (const seconds of [30, -30]) {
        await other.endsIn(id, seconds);
        expect(await other.call(id)).toBe('ada');
      }
      expect(await other.refreshes()).toBe(2);
    } finally {
      await other.close();
    }
  });
});
