import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { claimSync } from '../../src/db/queries/repositories.ts';
import { repositories } from '../../src/db/schema/index.ts';
import { scanDueSyncs, syncRepositories } from '../../src/services/connections/repository-sync.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);

let github: StandIn;
let at: TestApp;
let connectorId: string;
let id: string;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  const auth = { method: 'token', access_token: octocat };
  const input = { name: 'Code', tags: [], config: {}, auth };
  connectorId = (await installConnector(at.ctx(at.cast.ada), 'github', input)).id;
  await setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'active');
  id = await connectionUnder(at, connectorId);
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const sync = () => syncRepositories(at.ctx(at.cast.ada), id);
const list = async (query = '?limit=100', person = at.cast.ben) => {
  const answer = await at.as(person, 'GET', `/api/connections/${id}/repositories${query}`);
  return { status: answer.status, ...(await answer.json()) };
};
const pages = async () => (await github.control.requests()).filter(({ path }) => path === '/user/repos');

describe('repositories of a connection', () => {
  it('are due until they were read once, and again after a day', async () => {
    expect(await list()).toMatchObject({ status: 200, data: [], sync: { status: 'waiting', finished_at: null } });
    expect(await scanDueSyncs(at.hub).catch((error: Error) => error.message)).toMatch(/still starting|1/);
    expect(await sync()).toBeGreaterThan(0);
    expect(await scanDueSyncs(at.hub)).toBe(0);
    const { data, sync: state } = await list();
    expect(state).toMatchObject({ status: 'succeeded', count: data.length, error: null });
    expect(data.map(({ full_name }: { full_name: string }) => full_name)).toContain('octocat/hello-world');
  });

  it('are listed in pages, and searched', async () => {
    await sync();
    const all = (await list()).data.map(({ id }: { id: string }) => id);
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await list(`?limit=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...page.data.map(({ id }: { id: string }) => id));
      cursor = page.next_cursor;
      if (!cursor) break;
    }
    expect(seen).toEqual(all);
    expect((await list('?q=HELLO')).data).toHaveLength(1);
    expect((await list('?q=%25')).data).toEqual([]);
  });

  it('go when they are gone at the service, and keep their id otherwise', async () => {
    await sync();
    const before = (await list()).data;
    const gone = {
      connectionId: id,
      externalId: 'gone',
      fullName: 'octocat/gone',
      private: false,
      url: 'https://github.com',
    };
    await at.hub.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx
        .insert(repositories)
        .values({ ...gone, tenantId: at.cast.ada.tenantId, id: crypto.randomUUID(), syncedAt: new Date(0) }),
    );
    expect((await list()).data).toHaveLength(before.length + 1);
    await sync();
    const after = (await list()).data;
    expect(after.map(({ id }: { id: string }) => id)).toEqual(before.map(({ id }: { id: string }) => id));
  });

  it('are read once when two begin at the same time', async () => {
    await github.control.fault('slow', { path: '/user/repos', times: 1, delay_ms: 1_500 }); // the first is still at it
    const counts = await Promise.all([sync(), sync(), sync()]);
    expect(counts.filter((count) => count > 0)).toHaveLength(1);
    expect((await pages()).length).toBe(1);
  });

  it('are left alone while somebody else reads them', async () => {
    const { tenantId } = at.cast.ada;
    await at.hub.db.asTenant(tenantId, (tx) => claimSync(tx, tenantId, id));
    expect(await sync()).toBe(0);
    const asked = await at.as(at.cast.ben, 'POST', `/api/connections/${id}/repositories/sync`);
    expect([asked.status, (await asked.json()).status]).toEqual([200, 'running']);
    expect(await pages()).toEqual([]);
    await at.database.db.asTenant(tenantId, (tx) =>
      tx.execute("update repository_syncs set due_at = now() - interval '1 second'"),
    );
    expect(await sync()).toBeGreaterThan(0); // that one was cut off
  });

  it('stay when the service fails, with the reason', async () => {
    await sync();
    const before = (await list()).data.length;
    await github.control.fault('status', { path: '/user/repos', status: 401, body: '{"message":"Bad credentials"}' });
    expect(await sync()).toBe(0);
    const { data, sync: state } = await list();
    expect([data.length, state.status]).toEqual([before, 'failed']);
    expect(state.error).toContain('GitHub does not accept the token');
    const { html } = { html: await (await at.as(at.cast.ben, 'GET', `/connectors/${connectorId}`)).text() };
    expect(html).toContain('The last reading failed: GitHub does not accept the token');
  });

  it('are shown with the connector, and read anew by a button', async () => {
    await sync();
    const html = await (await at.as(at.cast.ben, 'GET', `/connectors/${connectorId}/repositories?q=hello`)).text();
    expect(html).toContain('octocat/hello-world');
    const path = `/connectors/${connectorId}/repositories/sync`;
    const pressed = await at.post(at.cast.ben, path, { connection_id: id });
    expect([pressed.status, pressed.headers.get('location')]).toEqual([303, `/connectors/${connectorId}/repositories`]);
    const inPlace = await at.post(
      at.cast.ben,
      path,
      { connection_id: id },
      { 'hx-request': 'true', 'hx-request-type': 'partial' },
    );
    expect(await inPlace.text()).toContain('Reading them from the service…');
    expect((await at.as(at.cast.cleo, 'GET', path.replace('/sync', ''))).status).toBe(404);
    expect((await list('?limit=1', at.cast.cleo)).status).toBe(404);
  });
});
