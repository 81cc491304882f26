import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refreshDue, scanDueRefreshes } from '../../../src/services/credentials/credential-refresh.ts';
import { systemCtx } from '../../../src/services/system.ts';
import type { FaultName, FaultOptions } from '../../sandbox/control.ts';
import { type RefreshStage, type Reuse, refreshStage } from './refresh-stage.ts';

let at: RefreshStage;
beforeAll(async () => {
  at = await refreshStage();
}, 60_000);
afterAll(() => at.close());
afterEach(async () => {
  await at.service.control.clearFaults();
  await at.service.control.settings({ rotate: true });
});

const patient = { timeout: 20_000, interval: 50 };
const token = '/token';
const states = async (id: string) => (await at.history(id)).map(({ state }) => state);

describe('a credential that ends soon', () => {
  it('is renewed by the call that needs it, and forgotten when its successor has worked', async () => {
    const id = await at.connected('revokes_family');
    await at.noteSecrets(id);
    await at.call(id);
    expect(await states(id)).toEqual(['current']);
    await at.endsIn(id, 30);
    expect(await at.call(id)).toBe('ada');
    await at.noteSecrets(id);
    expect(await at.history(id)).toMatchObject([
      { version: 1, state: 'revoked', ended_by: 'refreshed', empty: true },
      { version: 2, state: 'current', empty: false, verified_at: expect.anything() },
    ]);
    const { status, refresh_after, refresh_claim, refresh_claimed_until } = await at.connection(id);
    expect([status, refresh_claim, refresh_claimed_until]).toEqual(['active', null, null]);
    expect(Date.parse(refresh_after)).toBeGreaterThan(Date.now() + 30 * 60_000);
  });

  it('is renewed once for calls that come together', async () => {
    const id = await at.connected('revokes_family');
    await at.endsIn(id, -5);
    const before = await at.refreshes();
    const told = await Promise.all(Array.from({ length: 40 }, () => at.call(id)));
    expect(new Set(told)).toEqual(new Set(['ada']));
    expect(await at.refreshes()).toBe(before + 1);
  });

  it('is renewed by schedule, well before', async () => {
    const id = await at.connected('revokes_family');
    const ctx = systemCtx(at.hub, at.cast.ada.tenantId, 'test');
    await refreshDue(ctx, id);
    expect(await states(id)).toEqual(['current']);
    await at.later(id);
    const due = (await at.hub.db.system.execute(sql`select id from due_refreshes(10)`)) as unknown as { id: string }[];
    expect(due.map((row) => row.id)).toEqual([id]);
    await expect(scanDueRefreshes(at.hub)).rejects.toThrow('starting its queues');
    await refreshDue(ctx, id);
    expect(await states(id)).toEqual(['previous', 'current']);
    await refreshDue(ctx, id);
    expect(await states(id)).toEqual(['previous', 'current']);
  });

  it('is renewed when the service refuses it before its time, also for a write that was not taken up', async () => {
    const id = await at.connected('revokes_family');
    for (const sideEffect of ['none', 'write'] as const) {
      await at.service.control.expire({ kind: 'AccessToken' });
      expect(await at.call(id, sideEffect)).toBe('ada');
    }
    expect(await states(id)).toEqual(['revoked', 'revoked', 'current']);
  });

  it('is renewed before a check of its health judges it', async () => {
    const id = await at.connected('revokes_family');
    await at.service.control.expire({ kind: 'AccessToken' });
    await at.endsIn(id, -60);
    const { health, connection } = await check(id);
    expect([health, connection.status]).toEqual(['healthy', 'active']);
  });
});

const check = async (id: string) => {
  const { checkConnection } = await import('../../../src/services/health/health.ts');
  await checkConnection(systemCtx(at.hub, at.cast.ada.tenantId, 'test'), id, 'person');
  const connection = await at.connection(id);
  return { health: connection.health, connection };
};

describe('a token endpoint that fails', () => {
  const passing: [FaultName, FaultOptions?][] = [
    ['html'],
    ['status', { status: 500 }],
    ['status', { status: 503, headers: { 'retry-after': '1' } }],
    ['error_in_200', { body: { error: 'temporarily_unavailable' } }],
    ['drop'],
    ['redirect'],
    ['huge'],
    ['no_token_type'],
    ['form_encoded'],
    ['lose_answer'],
    ['status', { status: 429, headers: { 'retry-after': '90' }, body: { error: 'slow_down' } }],
  ];
  it.each(passing)('%s %j leaves the connection as it is while the access token lives', async (fault, options = {}) => {
    await at.service.control.settings({ rotate: false });
    const id = await at.connected('safe');
    await at.endsIn(id, 30);
    await at.service.control.fault(fault, { path: token, ...options });
    expect(await at.call(id)).toBe('ada');
    const failed = await at.connection(id);
    expect([failed.status, failed.refresh_failures, failed.refresh_claim]).toEqual(['active', 1, null]);
    expect(Date.parse(failed.refresh_after)).toBeGreaterThan(Date.now() + 5_000);
    const asked = (await at.service.control.requests(token)).length;
    expect(await at.call(id)).toBe('ada');
    expect((await at.service.control.requests(token)).length).toBe(asked);
    await at.service.control.clearFaults();
    await at.later(id);
    expect(await at.call(id)).toBe('ada');
    expect(await at.connection(id)).toMatchObject({ status: 'active', refresh_failures: 0 });
    expect((await at.history(id)).length).toBe(2);
  });

  it('is told by name when the access token has ended as well, and heals', async () => {
    await at.service.control.settings({ rotate: false });
    const id = await at.connected('safe');
    await at.endsIn(id, -1);
    await at.service.control.fault('status', { path: token, status: 500 });
    await expect(at.call(id)).rejects.toThrow(/^ada \(Service \d+\): the token endpoint of id\.example failed/);
    await expect(at.call(id)).rejects.toThrow('could not be renewed');
    const { health, connection } = await check(id);
    expect([health, connection.status]).toEqual(['unknown', 'active']);
    await at.service.control.clearFaults();
    await at.later(id);
    expect(await at.call(id)).toBe('ada');
  });

  it('that does not answer is left after a while', { timeout: 60_000 }, async () => {
    await at.service.control.settings({ rotate: false });
    const id = await at.connected('safe');
    await at.endsIn(id, 45);
    await at.service.control.fault('hang', { path: token });
    expect(await at.call(id)).toBe('ada');
    expect(await at.connection(id)).toMatchObject({ status: 'active', refresh_failures: 1 });
  });

  const final: [string, FaultOptions][] = [
    ['invalid_grant', { status: 400 }],
    ['invalid_client', { status: 401 }],
    ['invalid_scope', { status: 400 }],
  ];
  it.each(final)('with %s expires the connection with its reason, once', async (error, { status }) => {
    const id = await at.connected('safe');
    await at.endsIn(id, 30);
    const body = { error, error_description: 'The user removed the app.' };
    await at.service.control.fault('status', { path: token, status, body });
    await expect(at.call(id)).rejects.toThrow(`(${error}: The user removed the app)`);
    const { connector_id, ...connection } = await at.connection(id);
    expect(connection).toMatchObject({ status: 'expired', refresh_after: null, refresh_claim: null });
    expect(connection.status_reason).toMatch(
      /^ada \(Service \d+\): the token endpoint of id\.example .*removed the app/,
    );
    const asked = (await at.service.control.requests(token)).length;
    await at.call(id).catch(() => {});
    expect((await at.service.control.requests(token)).length).toBe(asked);
    const events = await at.run(
      sql`select action, details from audit_events where subject_id = ${id} and action = 'connection.expired'`,
    );
    expect(events).toMatchObject([{ details: { from: 'active', to: 'expired' } }]);
    const [connector] = await at.run(sql`select status from connectors where id = ${connector_id}`);
    expect(connector.status).toBe('inactive');
  });
});

describe('an answer that is lost after the service has rotated the refresh token', () => {
  const cases: [Reuse, RegExp, number][] = [
    ['grace', /invalid_grant/, 2],
    ['revokes_family', /was not tried\. A person has to connect the account again/, 1],
  ];
  it.each(cases)('with reuse %s', async (reuse, sentence, times) => {
    const id = await at.connected(reuse);
    await at.service.control.clearRequests();
    await at.endsIn(id, 30);
    await at.service.control.fault('lose_answer', { path: token, times: 1 });
    await expect(at.call(id)).rejects.toThrow(sentence);
    const { status, status_reason } = await at.connection(id);
    expect(status).toBe('expired');
    expect(status_reason).toMatch(sentence);
    const { refreshes } = await at.service.control.counts();
    expect(refreshes.map(({ asked }) => asked)).toEqual([times]);
  });
});

describe('a connection that goes away meanwhile', () => {
  it('takes the renewal along', async () => {
    const id = await at.connected('safe');
    await at.endsIn(id, -5);
    await at.service.control.fault('slow', { path: token, delay_ms: 1_000 });
    const call = at.call(id).catch((error) => error);
    await expect.poll(async () => (await at.connection(id)).refresh_claim, patient).not.toBeNull();
    await at.run(sql`delete from connections where id = ${id}`);
    expect(await call).toBeInstanceOf(Error);
    expect(await at.history(id)).toEqual([]);
  });

  it('is not overwritten when somebody authorised it anew', async () => {
    const id = await at.connected('safe');
    await at.endsIn(id, -5);
    await at.service.control.fault('slow', { path: token, delay_ms: 1_000 });
    const call = at.call(id).catch((error) => error);
    await expect.poll(async () => (await at.connection(id)).refresh_claim, patient).not.toBeNull();
    await at.run(sql`update connections set refresh_claim = null, refresh_claimed_until = null where id = ${id}`);
    await call;
    expect(await states(id)).toEqual(['current']);
  });
});

it('leaves no secret in logs, jobs and the audit trail', async () => {
  const audit = await at.run(sql`select * from audit_events`);
  const told = JSON.stringify([at.logged, audit]);
  expect(at.secrets.length).toBe(4);
  for (const secret of at.secrets) expect(told).not.toContain(secret);
});
