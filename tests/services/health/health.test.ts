import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import type { Ctx } from '../../../src/context.ts';
import { createConnection } from '../../../src/services/connections/connection-creation.ts';
import { deleteConnection } from '../../../src/services/connections/connection-deletion.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { getConnector } from '../../../src/services/connectors/installed.ts';
import { checkConnection, getHealth, listHealthChecks } from '../../../src/services/health/health.ts';
import { getPublishTargets } from '../../../src/services/publishing/publish-targets.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startGithub } from '../../sandbox/github.ts';
import { wiring } from '../../sandbox/wiring.ts';
import { type TestApp, testApp } from '../../support/app.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);

let github: StandIn;
let at: TestApp;
let ada: Ctx;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  ada = at.ctx(at.cast.ada);
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

let count = 0;
async function connected() {
  count += 1;
  const { client_id, client_secret } = demo.applications.github;
  const auth = { method: 'oauth2', client_id, client_secret };
  const { id: connectorId } = await installConnector(ada, 'github', {
    ...{ name: `Code ${count}`, tags: [], config: {}, auth },
  });
  const { connection } = await createConnection(ada, { connectorId, credential: { accessToken: octocat } });
  await setConnectorStatus(ada, connectorId, 'active');
  return { connectorId, id: connection.id };
}

const check = (id: string) => checkConnection(ada, id, 'schedule');
const state = async ({ id, connectorId }: { id: string; connectorId: string }) => {
  const { connection } = await getHealth(ada, id);
  const { connector } = await getConnector(ada, connectorId);
  return [connection.status, connection.health, connector.status];
};
const failedStep = (outcome: Awaited<ReturnType<typeof check>>) => {
  const step = outcome.steps.find(({ status }) => status === 'failed');
  return [step?.name, step?.field];
};

describe('a check', () => {
  it('times its steps, and learns account, scopes and rate limit', async () => {
    const { id } = await connected();
    const outcome = await check(id);
    expect(outcome.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'address passed',
      'connection passed',
      'tls skipped',
      'reply passed',
      'authentication passed',
      'permission passed',
    ]);
    const { connection, last } = await getHealth(ada, id);
    expect(connection).toMatchObject({ health: 'healthy', accountLabel: 'octocat', scopes: ['repo', 'read:user'] });
    expect(connection.rateLimit).toMatchObject({ limit: expect.any(Number), remaining: expect.any(Number) });
    expect(connection.nextCheckAt?.getTime()).toBeGreaterThan(Date.now() + 10 * 60_000);
    expect(last).toMatchObject({ status: 'healthy', trigger: 'schedule' });
  });

  it('calls a revoked credential one at once, and so does the connector', async () => {
    const made = await connected();
    await github.control.revoke({ token: octocat });
    const outcome = await check(made.id);
    expect(failedStep(outcome)).toEqual(['authentication', undefined]);
    expect(await state(made)).toEqual(['expired', 'unhealthy', 'error']);
    const { connector } = await getConnector(ada, made.connectorId);
    expect(connector.statusReason).toContain('GitHub does not accept the token');
    await github.control.reset();
    await check(made.id);
    expect(await state(made)).toEqual(['active', 'healthy', 'active']);
  });

  it('does not take another account for the one that was connected', async () => {
    const made = await connected();
    await check(made.id);
    await github.control.reassign({ token: octocat }, 'hubot');
    const outcome = await check(made.id);
    expect(outcome).toMatchObject({ verdict: 'failed', account: null });
    expect(outcome.message).toContain('belongs to hubot now, and not to octocat');
    expect(await state(made)).toEqual(['expired', 'unhealthy', 'error']);
    const { connection } = await getHealth(ada, made.id);
    expect(connection.accountLabel).toBe('octocat');
  });

  it('is patient with a service that fails, and one success heals', async () => {
    for (const fault of [
      ['status', { status: 500 }],
      ['html', {}],
      ['drop', {}],
    ] as const) {
      await github.control.reset();
      const made = await connected();
      await check(made.id);
      await github.control.fault(fault[0], fault[1]);
      const seen = [];
      for (let i = 0; i < 3; i++) {
        expect(failedStep(await check(made.id))[0]).toBe('reply');
        seen.push(await state(made));
      }
      expect([fault[0], seen]).toEqual([
        fault[0],
        [
          ['active', 'healthy', 'active'],
          ['active', 'degraded', 'active'],
          ['active', 'unhealthy', 'error'],
        ],
      ]);
      await github.control.clearFaults();
      await check(made.id);
      expect(await state(made)).toEqual(['active', 'healthy', 'active']);
      const soon = (await getHealth(ada, made.id)).connection.healthFailures;
      expect(soon).toBe(0);
    }
  });

  it('says so for a service that is slow to the end', async () => {
    const made = await connected();
    await github.control.fault('slow', { delay_ms: 400 });
    const outcome = await check(made.id);
    expect(outcome.verdict).toBe('passed');
    expect(outcome.latencyMs).toBeGreaterThanOrEqual(400);
  });

  it('writes what changed into the activity, once for each change', async () => {
    const made = await connected();
    await check(made.id);
    await github.control.revoke({ token: octocat });
    await check(made.id);
    await check(made.id);
    const rows = await at.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(
        sql`select action from audit_events where subject_id in (${made.id}, ${made.connectorId}) order by id`,
      ),
    );
    expect(rows.map(({ action }) => action)).toEqual([
      'connector.installed',
      'connection.created',
      'connector.activated',
      'connection.health_changed',
      'connection.expired',
      'connector.failed',
    ]);
  });

  it('is no change of the connector: whoever edits it meanwhile can save', async () => {
    const made = await connected();
    const connector = async () => (await at.as(at.cast.ada, 'GET', `/api/connectors/${made.connectorId}`)).json();
    const before = await connector();
    await github.control.revoke({ token: octocat });
    await check(made.id);
    const { status, version, updated_at } = await connector();
    expect({ status, version, updated_at }).toEqual({
      status: 'error',
      version: before.version,
      updated_at: before.updated_at,
    });
  });

  it('leaves nothing when the connection is deleted meanwhile', async () => {
    const { id } = await connected();
    await github.control.fault('slow', { path: '/user', delay_ms: 1_000, times: 1 });
    const running = check(id).catch((error: { code?: string }) => error.code);
    await expect
      .poll(async () => (await github.control.requests('/user')).length, { timeout: 10_000 })
      .toBeGreaterThan(1);
    await deleteConnection(ada, id);
    expect(await running).toBe('not_found');
    const [left] = await at.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(sql`select count(*)::int as n from health_checks where connection_id = ${id}`),
    );
    expect(left).toEqual({ n: 0 });
  });

  it('does not stop others when two run for connections of one connector', async () => {
    const made = await connected();
    const [, hubot = ''] = Object.keys(demo.tokens.github);
    const other = await createConnection(ada, { connectorId: made.connectorId, credential: { accessToken: hubot } });
    await Promise.all(Array.from({ length: 6 }, (_, i) => check(i % 2 ? made.id : other.connection.id)));
    expect(await listHealthChecks(ada, made.id)).toHaveLength(3);
    expect(await listHealthChecks(ada, other.connection.id)).toHaveLength(3);
  });
});

describe('asking for a fresh result', () => {
  it('is one check for all who ask at the same time, and for ten seconds after', async () => {
    const { id } = await connected();
    await github.control.clearRequests();
    await Promise.all(Array.from({ length: 5 }, () => getHealth(ada, id, { refresh: true })));
    await getHealth(ada, id, { refresh: true });
    expect(await listHealthChecks(ada, id)).toHaveLength(1);
  });
});

describe('a host that is not there', () => {
  it('fails at its first step and names the field', async () => {
    const far = await testApp({
      BASE_URL: 'http://hub.localhost',
      UPSTREAM_OVERRIDES: JSON.stringify({ 'https://api.github.com': 'http://127.0.0.1:1' }),
      ALLOWED_PRIVATE_HOSTS: '127.0.0.1:1',
    });
    try {
      const ctx = far.ctx(far.cast.ada);
      const auth = { method: 'token', access_token: octocat };
      const { id } = await installConnector(ctx, 'github', { name: 'Far', tags: [], config: {}, auth });
      await setConnectorStatus(ctx, id, 'active');
      const answer = await far.as(far.cast.ada, 'POST', `/api/connectors/${id}/test`);
      const { status, steps } = await answer.json();
      expect(status).toBe('unhealthy');
      expect(steps[1]).toMatchObject({ name: 'connection', status: 'failed', field: 'config.api_url' });
      expect(steps[1].message).toMatch(/^api\.github\.com: Nothing answers/);
      expect(steps.slice(2).map((step: { status: string }) => step.status)).toEqual(Array(4).fill('skipped'));
    } finally {
      await far.close();
    }
  });
});

describe('publish targets', () => {
  it('are ready by connection and health', async () => {
    const input = { name: 'Blog', tags: [], config: { site_url: 'https://blog.example' } };
    const auth = { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' };
    const { id } = await installConnector(ada, 'wordpress', { ...input, auth });
    await setConnectorStatus(ada, id, 'active');
    const set = (values: ReturnType<typeof sql>) =>
      at.database.db.asTenant(ada.tenantId, (tx) =>
        tx.execute(sql`update connections set ${values} where connector_id = ${id}`),
      );
    const target = async () => {
      const found = (await getPublishTargets(ada)).data.find((each) => each.id === id);
      return [found?.ready, found?.reason];
    };
    expect(await target()).toEqual([false, 'not_checked']);
    await set(sql`health = 'healthy'`);
    expect(await target()).toEqual([true, null]);
    await set(sql`health = 'degraded'`);
    expect(await target()).toEqual([true, null]);
    await set(sql`health = 'unhealthy'`);
    expect(await target()).toEqual([false, 'unhealthy']);
    await set(sql`status = 'inactive'`);
    expect(await target()).toEqual([false, 'not_connected']);
  });
});
