import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import { connectorVariables } from '../../../src/config/environment-connectors.ts';
import { ConfigError, readConfig } from '../../../src/config.ts';
import type { Hub } from '../../../src/context.ts';
import { syncEnvironmentConnectors } from '../../../src/services/connectors/environment-connectors.ts';
import { checkConnection } from '../../../src/services/health/health.ts';
import { executeTool } from '../../../src/services/tools/tools.ts';
import { fieldPaths } from '../../drivers/paths.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startOpenai } from '../../sandbox/openai.ts';
import { wiring } from '../../sandbox/wiring.ts';
import { type Json, masterKeys, type TestApp, testApp } from '../../support/app.ts';
import { connectionUnder } from '../../support/rows.ts';

/** Nobody may ever read these again. */
const canary = 'canary-of-the-environment-7391';
let provider: StandIn;
let at: TestApp;
let base: Record<string, string>;

beforeAll(async () => {
  provider = await startOpenai();
  base = { BASE_URL: 'http://hub.localhost', MASTER_KEYS: masterKeys, ...wiring({ openai: provider.url }) };
  at = await testApp({ ...base, ...described });
});
afterAll(async () => {
  await at.close();
  await provider.close();
});

const described = {
  API_KEY: demo.modelKey,
  OPENAI_TIMEOUT: '30',
  DEFAULT_TEMPERATURE: '0.2',
  POSTGRES_HOST: 'db.example.com',
  POSTGRES_DATABASE: 'analytics',
  POSTGRES_USER: 'reader',
  POSTGRES_PASSWORD: canary,
  ENV_CONNECTORS_TENANT: 'northwind',
};

/** The same hub after a restart with other variables. */
const restarted = (env: Record<string, string>): Hub => ({ ...at.hub, config: readConfig({ ...base, ...env }) });
const tenantName = async (id: string) =>
  (await at.database.db.system.execute(sql`select name from organizations where id = ${id}`))[0]?.name as string;
const describedFor = async (person = at.cast.ada) => ({
  ...described,
  ENV_CONNECTORS_TENANT: await tenantName(person.tenantId),
});
const connectors = async (person = at.cast.ada): Promise<Json[]> =>
  (await (await at.as(person, 'GET', '/api/installed')).json()).data;

describe('connectors that variables describe', () => {
  it('appear in the workspace that is named, and work, with nothing secret stored or shown', async () => {
    const hub = restarted(await describedFor());
    await Promise.all([syncEnvironmentConnectors(hub), syncEnvironmentConnectors(hub)]);
    const found = await connectors();
    expect(found.map(({ name, status, managed_by }) => [name, status, managed_by])).toEqual([
      ['OpenAI (environment)', 'active', 'environment'],
      ['PostgreSQL (environment)', 'active', 'environment'],
    ]);
    expect(found[0]).toMatchObject({
      config: { timeout_s: 30, temperature: 0.2 },
      auth: { method: 'api_key', api_key: { is_set: true } },
    });
    expect(found[1]).toMatchObject({ auth: { method: 'basic', username: 'reader', password: { is_set: true } } });
    expect(await connectors(at.cast.cleo)).toEqual([]);

    const ctx = { ...at.ctx(at.cast.ada), hub };
    const { status, data } = await executeTool(ctx, 'openai.list_models', { arguments: {} });
    expect([status, (data as Json).models.length > 0]).toEqual(['succeeded', true]);

    const shown = [JSON.stringify(found)];
    for (const path of ['/installed', ...found.map(({ id }) => `/connectors/${id}`)])
      shown.push(await (await at.as(at.cast.ada, 'GET', path)).text());
    const tables = await at.database.db.asTenant(at.cast.ada.tenantId, async (tx) => {
      const texts: string[] = [];
      for (const table of ['connectors', 'connections', 'credentials', 'audit_events', 'executions', 'health_checks'])
        texts.push(JSON.stringify(await tx.execute(sql`select * from ${sql.identifier(table)}`)));
      return texts;
    });
    expect(shown.join()).toContain('managed by the environment');
    for (const text of [...shown, ...tables, ...at.logged])
      for (const secret of [canary, demo.modelKey]) expect(text).not.toContain(secret);
  });

  it('are not changed, moved, rotated, switched off or deleted by people', async () => {
    const [{ id, version }] = await connectors();
    const { data: accounts } = await (
      await at.as(at.cast.ada, 'GET', `/api/organizations/${at.cast.ada.tenantId}/connections`)
    ).json();
    const connection = accounts.find((each: Json) => each.connector_id === id);
    const tries: [string, string, object?][] = [
      ['PUT', `/api/connectors/${id}`, { version, config: { base_url: 'https://evil.example.com/v1' } }],
      ['PATCH', `/api/connectors/${id}/status`, { status: 'inactive' }],
      ['DELETE', `/api/connectors/${id}`],
      ['DELETE', `/api/connections/${connection.id}`],
      ['POST', `/api/connections/${connection.id}/rotate`, { credential: { api_key: demo.modelKey } }],
    ];
    for (const [method, path, body] of tries) {
      const answer = await at.as(at.cast.ada, method, path, body);
      expect([method, path, answer.status]).toEqual([method, path, 409]);
      const problem = await answer.json();
      expect(problem.code).toBe('managed');
      expect(problem.detail).toContain('managed by the environment');
    }
    for (const path of [`/connectors/${id}/edit`, `/connectors/${id}/deletion`])
      expect([path, (await at.as(at.cast.ada, 'GET', path)).status]).toEqual([path, 409]);
    const elsewhere = { catalog_key: 'openai', connector_id: id, auth: { method: 'api_key' } };
    const moved = { ...elsewhere, config: { base_url: 'https://evil.example.com/v1' } };
    expect((await at.as(at.cast.ada, 'POST', '/api/connectors/test', moved)).status).toBe(422);
  });

  it('use no secret at an address that somebody wrote into the row', async () => {
    const hub = restarted(await describedFor());
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(
        sql`update connectors set config = config || '{"base_url": "https://evil.example.com/v1"}' where handle = 'openai-environment'`,
      ),
    );
    const ctx = { ...at.ctx(at.cast.ada), hub };
    const call = executeTool(ctx, 'openai.list_models', { arguments: {} });
    expect((await call).status).toBe('failed');
  });

  it('change with the variables at the next start, and rest when these are gone', async () => {
    const env = { ...(await describedFor()), POSTGRES_HOST: 'other.example.com' };
    const { API_KEY: _, ...withoutKey } = env;
    await syncEnvironmentConnectors(restarted(withoutKey));
    const [openai, postgresql] = await connectors();
    expect(openai).toMatchObject({ status: 'inactive', status_reason: expect.stringContaining('environment') });
    expect(postgresql).toMatchObject({ status: 'active', config: { host: 'other.example.com' } });
    await syncEnvironmentConnectors(restarted(env));
    expect((await connectors())[0]).toMatchObject({ id: openai.id, status: 'active', status_reason: null });
  });

  it('move with ENV_CONNECTORS_TENANT, and appear nowhere when that names nobody', async () => {
    await syncEnvironmentConnectors(restarted(await describedFor(at.cast.cleo)));
    expect((await connectors()).map(({ status }) => status)).toEqual(['inactive', 'inactive']);
    expect((await connectors(at.cast.cleo)).map(({ status }) => status)).toEqual(['active', 'active']);
    await provider.control.clearRequests();
    const [{ id }] = await connectors();
    const left = { ...at.ctx(at.cast.ada), hub: restarted(await describedFor(at.cast.cleo)) };
    const check = checkConnection(left, await connectionUnder(at, id), 'person');
    await expect(check).rejects.toThrow('does not describe');
    expect(await provider.control.requests()).toEqual([]);
    await syncEnvironmentConnectors(restarted({ ...described, ENV_CONNECTORS_TENANT: 'Nobody' }));
    expect((await connectors(at.cast.cleo)).map(({ status }) => status)).toEqual(['inactive', 'inactive']);
    expect(at.logged.join()).toContain('Set ENV_CONNECTORS_TENANT');
  });
});

describe('the variables', () => {
  it('of the drivers are those that the configuration reads, each for one field of a schema', () => {
    const drivers = [...at.hub.drivers.values()];
    const named = drivers.flatMap(({ environment }) => Object.keys(environment?.fields ?? {}));
    expect([...named, 'OAUTH_GRANT_TYPE'].toSorted()).toEqual(connectorVariables.toSorted());
    for (const { entry, environment } of drivers)
      for (const path of Object.values(environment?.fields ?? {}))
        expect(['auth.method', ...fieldPaths(entry)]).toContain(path);
  });

  const problems = (env: Record<string, string>) =>
    syncEnvironmentConnectors(restarted({ ENV_CONNECTORS_TENANT: 'Nobody', ...env })).then(
      () => null,
      (error) => error.errors,
    );

  it('are told by their names when they make no sense, and stop the start', async () => {
    expect(await problems({ API_KEY: demo.modelKey, OPENAI_TIMEOUT: 'soon', DEFAULT_TEMPERATURE: '9' })).toEqual({
      OPENAI_TIMEOUT: [expect.any(String)],
      DEFAULT_TEMPERATURE: ['Enter a number from 0 to 2.'],
    });
    expect(await problems({ POSTGRES_HOST: 'db.example.com', POSTGRES_USER: 'a', POSTGRES_PASSWORD: canary })).toEqual({
      POSTGRES_DATABASE: [expect.any(String)],
    });
    expect(() => readConfig({ OAUTH_GRANT_TYPE: 'password' })).toThrow(ConfigError);
  });

  it('describe nothing unless there is a key, a client or a host', async () => {
    expect(await problems({ DEFAULT_MAX_TOKENS: 'many', POSTGRES_PASSWORD: canary })).toBeNull();
  });

  it('choose the method by AUTH_METHOD when both are set', async () => {
    const client = { OAUTH_ENDPOINT: 'https://login.example.com/token', OAUTH_CLIENT_ID: 'hub' };
    const env = { ...client, OAUTH_CLIENT_SECRET: canary, API_KEY: demo.modelKey, AUTH_METHOD: 'oauth' };
    const ENV_CONNECTORS_TENANT = at.cast.ada.tenantId;
    await syncEnvironmentConnectors(restarted({ ...env, ENV_CONNECTORS_TENANT }));
    const rows = await at.database.db.asTenant(ENV_CONNECTORS_TENANT, (tx) =>
      tx.execute(sql`select auth from connectors where handle = 'openai-environment'`),
    );
    const stored = { method: 'client_credentials', token_url: client.OAUTH_ENDPOINT, client_id: 'hub' };
    expect([...rows]).toEqual([{ auth: stored }]);
  });
});
