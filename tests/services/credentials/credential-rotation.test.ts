import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attentionTo } from '../../../src/services/connectors/attention.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { listCredentials } from '../../../src/services/credentials/credential-history.ts';
import { rollBackCredential, rotateCredential } from '../../../src/services/credentials/credential-rotation.ts';
import { checkConnection } from '../../../src/services/health/health.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startGithub } from '../../sandbox/github.ts';
import { wiring } from '../../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';

const [one, two, three, others] = ['one', 'two', 'three', 'others'].map(
  (name) => `ghp_canary${name}${'0'.repeat(30 - name.length)}`,
) as [string, string, string, string];
const octocat = { login: 'octocat', scopes: ['repo', 'read:user'] };
const tokens = { [one]: octocat, [two]: octocat, [three]: octocat, [others]: { login: 'hubot', scopes: ['repo'] } };

let github: StandIn;
let at: TestApp;
let count = 0;
beforeAll(async () => {
  github = await startGithub({ tokens });
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const run = (query: ReturnType<typeof sql>) =>
  at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query)) as Promise<Json[]>;

/** A connector that uses this token, checked once; the id of its connection. */
async function installed(access_token = one): Promise<{ id: string; connectorId: string }> {
  count += 1;
  const ctx = at.ctx(at.cast.ada);
  const input = { name: `Code ${count}`, tags: [], config: {}, auth: { method: 'token', access_token } };
  const connector = await installConnector(ctx, 'github', input);
  const [connection] = await run(sql`select id from connections where connector_id = ${connector.id}`);
  await checkConnection(ctx, connection.id, 'person');
  return { id: connection.id, connectorId: connector.id };
}

const rotate = (id: string, access_token: unknown = two, person = at.cast.ada) =>
  rotateCredential(at.ctx(person), id, { access_token });
const refused = (work: Promise<unknown>): Promise<Json> =>
  work.then(
    () => Promise.reject(new Error('it was accepted')),
    (error) => error,
  );
const digestOf = async (token: string) => (await import('../../sandbox/control.ts')).digest(token);
/** Which of the tokens the connection uses. */
async function inUse(id: string) {
  await github.control.clearRequests();
  await checkConnection(at.ctx(at.cast.ada), id, 'person');
  const sent = (await github.control.requests()).find(({ token }) => token)?.token;
  for (const token of [one, two, three, others]) if ((await digestOf(token)) === sent) return token;
  return null;
}
const history = async (id: string) =>
  (await run(
    sql`select state, kind, ended_by, sealed is null as empty from credentials where connection_id = ${id} order by version`,
  )) as Json[];
const connection = async (id: string) => (await run(sql`select * from connections where id = ${id}`))[0];

describe('rotation', () => {
  it('tests the new token as the same account, uses it, and keeps the one before for a day', async () => {
    const { id } = await installed();
    const { rollbackUntil, steps } = await rotate(id);
    expect(steps.map(({ status }) => status)).not.toContain('failed');
    expect(Math.round((Number(rollbackUntil) - Date.now()) / 3_600_000)).toBe(24);
    expect(await inUse(id)).toBe(two);
    expect(await history(id)).toEqual([{ state: 'previous', kind: 'entered', ended_by: 'rotated', empty: false }]);
    expect(await connection(id)).toMatchObject({
      status: 'active',
      health: 'healthy',
      external_account_id: expect.anything(),
    });
    const events = await run(
      sql`select actor_name, details from audit_events where action = 'connection.credential_rotated' and subject_id = ${id}`,
    );
    expect(events).toEqual([{ actor_name: 'Ada', details: { changed: ['auth.access_token'] } }]);
    await rotate(id, three);
    expect(await inUse(id)).toBe(three);
    expect((await history(id)).map(({ state, empty }) => [state, empty])).toEqual([
      ['revoked', true],
      ['previous', false],
    ]);
    const shown = await listCredentials(at.ctx(at.cast.ben), id);
    expect(shown.versions.map(({ version, createdByName }) => [version, createdByName])).toEqual([
      [2, 'Ada'],
      [1, 'Ada'],
    ]);
    expect(JSON.stringify(shown)).not.toContain('sealed');
  });

  it('refuses another account’s good token, and changes nothing', async () => {
    const { id } = await installed();
    const error = await refused(rotate(id, others));
    expect([error.code, error.message]).toEqual([
      'invalid_input',
      expect.stringMatching(/octocat.*credential of hubot.*Nothing was changed/),
    ]);
    expect(error.errors['credential.access_token']).toHaveLength(1);
    expect(await inUse(id)).toBe(one);
    expect(await history(id)).toEqual([{ state: 'revoked', kind: 'entered', ended_by: 'rejected', empty: true }]);
    const events = await run(
      sql`select details from audit_events where action = 'connection.rotation_refused' and subject_id = ${id}`,
    );
    expect(events).toHaveLength(1);
  });

  it('refuses another account’s token also where nobody has asked yet whose the one in use is', async () => {
    const { id } = await installed();
    await run(sql`update connections set external_account_id = null, account_label = null where id = ${id}`);
    expect((await refused(rotate(id, others))).message).toContain('credential of hubot');
    expect(await inUse(id)).toBe(one);
  });

  it('refuses what the service does not know, and what cannot be tested', async () => {
    const { id } = await installed();
    expect((await refused(rotate(id, `ghp_${'9'.repeat(36)}`))).code).toBe('invalid_input');
    await github.control.fault('status', { status: 502 });
    const unavailable = await refused(rotate(id));
    await github.control.clearFaults();
    expect([unavailable.code, unavailable.message]).toEqual([
      'unavailable',
      expect.stringContaining('could not be tested'),
    ]);
    expect(await inUse(id)).toBe(one);
  });

  it.each([
    ['the token in use', { access_token: one }, 'credential.access_token'],
    ['an unknown field', { password: 'x' }, 'credential.password'],
    ['nothing', {}, 'credential'],
    ['an empty text', { access_token: '' }, 'credential.access_token'],
    ['a mask', { access_token: '••••••' }, 'credential.access_token'],
    ['a number', { access_token: 7 }, 'credential.access_token'],
    ['null', { access_token: null }, 'credential.access_token'],
  ])('refuses %s before it asks anybody', async (_what, credential, field) => {
    const { id } = await installed();
    await github.control.clearRequests();
    const error = await refused(rotateCredential(at.ctx(at.cast.ada), id, credential));
    expect([error.code, Object.keys(error.errors ?? {})]).toEqual(['invalid_input', [field]]);
    expect(await github.control.requests()).toEqual([]);
  });

  it('is for admins of the workspace', async () => {
    const { id } = await installed();
    expect((await refused(rotate(id, two, at.cast.ben))).code).toBe('forbidden');
    expect((await refused(rotate(id, two, at.cast.cleo))).code).toBe('not_found');
    expect((await refused(rollBackCredential(at.ctx(at.cast.ben), id))).code).toBe('forbidden');
    expect((await refused(listCredentials(at.ctx(at.cast.cleo), id))).code).toBe('not_found');
  });

  it('forgets the new one when the settings were changed while it was tested', async () => {
    const { id, connectorId } = await installed();
    await github.control.fault('slow', { times: 1, delay_ms: 5_000 });
    const rotating = refused(rotate(id, two));
    await expect.poll(async () => (await history(id)).map(({ state }) => state)).toEqual(['pending']);
    await run(sql`update connectors set config = '{"owner":"octocat"}' where id = ${connectorId}`);
    expect((await rotating).code).toBe('conflict');
    expect(await history(id)).toEqual([{ state: 'revoked', kind: 'entered', ended_by: 'rejected', empty: true }]);
    expect(await inUse(id)).toBe(one);
  });

  it('of two at once leaves one in use, whole', async () => {
    const { id } = await installed();
    const outcomes = await Promise.allSettled([rotate(id, two), rotate(id, three)]);
    const won = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(won).toBeGreaterThan(0);
    expect([two, three]).toContain(await inUse(id));
    expect((await history(id)).filter(({ empty }) => !empty)).toHaveLength(1);
  });

  it('heals a connection whose token had been revoked', async () => {
    const { id } = await installed();
    await github.control.revoke({ token: one });
    await checkConnection(at.ctx(at.cast.ada), id, 'person');
    expect((await connection(id)).status).toBe('expired');
    await rotate(id);
    expect(await connection(id)).toMatchObject({ status: 'active', health: 'healthy' });
  });
});

describe('rollback', () => {
  it('brings the one before back, once', async () => {
    const { id } = await installed();
    await rotate(id);
    await rollBackCredential(at.ctx(at.cast.ada), id);
    expect(await inUse(id)).toBe(one);
    expect(await history(id)).toEqual([{ state: 'revoked', kind: 'entered', ended_by: 'rolled_back', empty: true }]);
    const again = await refused(rollBackCredential(at.ctx(at.cast.ada), id));
    expect([again.code, again.message]).toEqual(['conflict', expect.stringContaining('no credential to go back to')]);
  });

  it('tests it first', async () => {
    const { id } = await installed();
    await rotate(id);
    await github.control.revoke({ token: one });
    const error = await refused(rollBackCredential(at.ctx(at.cast.ada), id));
    expect([error.code, error.message]).toEqual(['conflict', expect.stringContaining('could not be brought back')]);
    expect(await inUse(id)).toBe(two);
  });

  it('ends with the time that it is kept', async () => {
    const { id } = await installed();
    await rotate(id);
    await run(sql`update credentials set kept_until = now() - interval '1 second' where connection_id = ${id}`);
    expect((await listCredentials(at.ctx(at.cast.ada), id)).rollbackUntil).toBeNull();
    expect((await refused(rollBackCredential(at.ctx(at.cast.ada), id))).code).toBe('conflict');
  });

  it('happens by itself when the new one is refused right after, and is told', async () => {
    const { id } = await installed();
    await rotate(id);
    await github.control.revoke({ token: two });
    await checkConnection(at.ctx(at.cast.ada), id, 'schedule');
    expect(await connection(id)).toMatchObject({ status: 'active', health: 'healthy' });
    expect(await inUse(id)).toBe(one);
    const [event] = await run(
      sql`select actor_name, details from audit_events where action = 'connection.credential_rolled_back' and subject_id = ${id}`,
    );
    expect(event).toMatchObject({ actor_name: 'Patchbay', details: { automatic: true, reason: expect.any(String) } });
  });

  it('does not happen by itself later, nor to one that is refused as well', async () => {
    const late = await installed();
    await rotate(late.id);
    await run(sql`update credentials set updated_at = now() - interval '11 minutes' where connection_id = ${late.id}`);
    await github.control.revoke({ token: two });
    await checkConnection(at.ctx(at.cast.ada), late.id, 'schedule');
    expect((await connection(late.id)).status).toBe('expired');
    await github.control.reset();
    const both = await installed();
    await rotate(both.id);
    await github.control.revoke({});
    await checkConnection(at.ctx(at.cast.ada), both.id, 'schedule');
    expect((await connection(both.id)).status).toBe('expired');
    expect((await listCredentials(at.ctx(at.cast.ada), both.id)).rollbackUntil).not.toBeNull();
  });
});

describe('an account that was authorised', () => {
  const granted = async () => {
    const auth = { method: 'oauth2', client_id: 'Ov23liPatchbayDemo01', client_secret: '5e0de'.repeat(8) };
    count += 1;
    const input = { name: `Team ${count}`, tags: [], config: {}, auth };
    const connector = await installConnector(at.ctx(at.cast.ada), 'github', input);
    const body = { connector_id: connector.id, credential: { access_token: one } };
    const made = await at.as(at.cast.ada, 'POST', '/api/connections', body);
    expect(made.status, await made.clone().text()).toBe(201);
    return (await made.json()).id as string;
  };

  it('takes a token that was got elsewhere, and goes back', async () => {
    const id = await granted();
    expect((await refused(rotate(id, others))).code).toBe('invalid_input');
    await rotate(id);
    expect(await inUse(id)).toBe(two);
    expect((await history(id)).map(({ state, ended_by }) => [state, ended_by])).toEqual([
      ['previous', 'rotated'],
      ['revoked', 'rejected'],
      ['current', null],
    ]);
    const { connector_id } = await connection(id);
    const html = await (await at.as(at.cast.ada, 'GET', `/connectors/${connector_id}`)).text();
    expect(html).toMatch(/Roll back.*Refused, never used.*by Ada.*Replaced by a new one.*Rotate/s);
    expect(html).not.toMatch(/ghp_/);
    await rollBackCredential(at.ctx(at.cast.ada), id);
    expect(await inUse(id)).toBe(one);
    expect((await history(id)).map(({ state, ended_by }) => [state, ended_by])).toEqual([
      ['current', null],
      ['revoked', 'rejected'],
      ['revoked', 'rolled_back'],
    ]);
  });

  it('is named when its credential ends within a week and nothing renews it', async () => {
    const id = await granted();
    const { connector_id: connectorId } = await connection(id);
    await setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'active');
    const ending = () => attentionTo(at.ctx(at.cast.ada), connectorId);
    expect(await ending()).toBeNull();
    const expires_at = new Date(Date.now() + 3 * 24 * 3_600_000).toISOString();
    await rotateCredential(at.ctx(at.cast.ada), id, { access_token: two, expires_at });
    expect(await ending()).toEqual({ cause: 'ending', connectionId: id, endsAt: new Date(expires_at) });
    await rotateCredential(at.ctx(at.cast.ada), id, { access_token: three, refresh_token: 'ghr_x', expires_at });
    expect(await ending()).toBeNull();
  });
});

it('leaves no secret in logs, jobs and the audit trail', async () => {
  const told = JSON.stringify([
    at.logged,
    await run(sql`select * from audit_events`),
    await run(sql`select * from health_checks`),
  ]);
  expect(told).not.toContain('ghp_canary');
});
