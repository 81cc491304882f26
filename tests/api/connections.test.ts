import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { withConnection } from '../../src/db/connection.ts';
import { purgeDeletedConnectors } from '../../src/services/connectors/connector-purge.ts';
import { digest } from '../sandbox/control.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { startSlack } from '../sandbox/slack.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

const [octocat = '', hubot = ''] = Object.keys(demo.tokens.github);
const [bot = ''] = Object.keys(demo.tokens.slack);

let github: StandIn;
let slack: StandIn;
let at: TestApp;
beforeAll(async () => {
  [github, slack] = [await startGithub(), await startSlack()];
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url, slack: slack.url }) });
});
afterAll(async () => {
  await at.close();
  await Promise.all([github.close(), slack.close()]);
});
beforeEach(async () => {
  await Promise.all([github.control.reset(), slack.control.reset()]);
});

const ask = async (person: Person | null, method: string, path: string, body?: Json) => {
  const answer = await at.as(person, method, path, body);
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
};
let count = 0;
async function install(catalogKey: string, auth: Json): Promise<string> {
  count += 1;
  const body = { catalog_key: catalogKey, name: `${catalogKey} ${count}`, config: {}, auth };
  const { body: made } = await ask(at.cast.ada, 'POST', '/api/connectors', body);
  return made.id;
}
const oauth = (key: 'github' | 'slack', more = {}) => {
  const { client_id, client_secret } = demo.applications[key];
  return install(key, { method: 'oauth2', client_id, client_secret, ...more });
};
const bring = (connectorId: string, token: string, person = at.cast.ada, more: Json = {}) =>
  ask(person, 'POST', '/api/connections', {
    connector_id: connectorId,
    credential: { access_token: token },
    ...more,
  });
const list = async (person: Person, connectorId: string) =>
  (await ask(person, 'GET', `/api/organizations/${person.tenantId}/connections?connector_id=${connectorId}`)).body.data;
const events = async (): Promise<Json[]> => (await ask(at.cast.ada, 'GET', '/api/audit?limit=200')).body.data;

describe('POST /api/connections', () => {
  it('gives a connector that needs no grant its one connection, once', async () => {
    const id = await install('github', { method: 'token', access_token: octocat });
    const [own] = await list(at.cast.ada, id);
    const { tenantId: tenant_id } = at.cast.ada;
    expect(own).toMatchObject({ tenant_id, connector_id: id, user_id: null, status: 'active', health: 'unknown' });
    const again = await ask(at.cast.ada, 'POST', '/api/connections', { connector_id: id });
    expect([again.status, again.body.id]).toEqual([200, own.id]);
    await ask(at.cast.ada, 'DELETE', `/api/connections/${own.id}`);
    const anew = await ask(at.cast.ada, 'POST', '/api/connections', { connector_id: id });
    expect(anew.status).toBe(201);
    expect(await list(at.cast.ada, id)).toHaveLength(1);
  });

  it('proves a credential that is brought along, and returns the same connection for the same account', async () => {
    const id = await oauth('github');
    const first = await bring(id, octocat);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ account_label: 'octocat', status: 'active', scopes: ['repo', 'read:user'] });
    const [second, other] = [await bring(id, octocat), await bring(id, hubot)];
    expect([second.status, second.body.id]).toEqual([200, first.body.id]);
    expect([other.status, other.body.account_label]).toEqual([201, 'hubot']);
    expect(await list(at.cast.ada, id)).toHaveLength(2);
  });

  it('takes a connector that is no broker for its own toolkit, and for no other', async () => {
    const id = await oauth('github');
    const first = await bring(id, octocat);
    const named = await bring(id, octocat, at.cast.ada, { toolkit_slug: 'github' });
    expect([named.status, named.body.id, named.body.toolkit_slug]).toEqual([200, first.body.id, null]);
    const wrong = { connector_id: id, toolkit_slug: 'gmail' };
    for (const answer of [
      await bring(id, octocat, at.cast.ada, wrong),
      await ask(at.cast.ada, 'POST', '/api/connections/oauth/initiate', wrong),
    ])
      expect([answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([422, ['toolkit_slug']]);
    expect(await list(at.cast.ada, id)).toHaveLength(1);
    const own = await install('github', { method: 'token', access_token: octocat });
    const asked = { connector_id: own, toolkit_slug: 'github' };
    expect((await ask(at.cast.ada, 'POST', '/api/connections', asked)).status).toBe(200);
    const other = await ask(at.cast.ada, 'POST', '/api/connections', { ...asked, toolkit_slug: 'gmail' });
    expect([other.status, Object.keys(other.body.errors)]).toEqual([422, ['toolkit_slug']]);
  });

  it('makes one connection when the same account comes many times at once', async () => {
    const id = await oauth('github');
    const answers = await Promise.all(Array.from({ length: 8 }, () => bring(id, octocat)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  it('saves nothing that the service does not know, and says where to mend it', async () => {
    const id = await oauth('github');
    const unknown = await bring(id, 'ghp_nobodysTokenAtAll00000000000000000000');
    expect([unknown.status, Object.keys(unknown.body.errors)]).toEqual([422, ['credential.access_token']]);
    const ended = await bring(id, octocat, at.cast.ada, {
      credential: { access_token: octocat, expires_at: '2020-01-01T00:00:00Z' },
    });
    expect(Object.keys(ended.body.errors)).toEqual(['credential.expires_at']);
    await github.control.fault('status', { status: 500 });
    const broken = await bring(id, octocat);
    expect([broken.status, broken.body.code]).toEqual([503, 'unavailable']);
    const none = await ask(at.cast.ada, 'POST', '/api/connections', { connector_id: id });
    expect([none.status, Object.keys(none.body.errors)]).toEqual([422, ['credential']]);
    expect(await list(at.cast.ada, id)).toEqual([]);
  });

  it('lets members bring their own account where the connector allows it, and nobody else’s', async () => {
    const [shared, personal] = [await oauth('github'), await oauth('github', { personal_accounts: true })];
    expect((await bring(shared, octocat, at.cast.ben)).status).toBe(403);
    expect((await bring(shared, octocat, at.cast.ben, { user_id: 'me' })).status).toBe(403);
    const own = await bring(personal, octocat, at.cast.ben, { user_id: 'me' });
    expect([own.status, own.body.user_id]).toEqual([201, at.cast.ben.id]);
    expect((await bring(personal, hubot, at.cast.ben, { user_id: at.cast.ada.id })).status).toBe(403);
    expect((await bring(personal, hubot, at.cast.ada, { user_id: at.cast.cleo.id })).status).toBe(422);
    expect((await bring(personal, octocat, at.cast.cleo)).status).toBe(404);
  });
});

describe('who reaches a connection', () => {
  it('is everybody for the workspace’s, and its owner and admins for a personal one', async () => {
    const { ada, ben, cleo, dan } = at.cast;
    const id = await oauth('github', { personal_accounts: true });
    const ofAda = (await bring(id, octocat, ada, { user_id: 'me' })).body.id;
    const ofBen = (await bring(id, hubot, ben, { user_id: 'me' })).body.id;
    const shared = (await bring(id, octocat)).body.id;
    const reached = async (person: Person | null) =>
      Promise.all(
        [ofAda, ofBen, shared].map(async (each) => (await ask(person, 'GET', `/api/connections/${each}`)).status),
      );
    expect(await reached(ada)).toEqual([200, 200, 200]);
    expect(await reached(dan)).toEqual([200, 200, 200]);
    expect(await reached(ben)).toEqual([404, 200, 200]);
    expect(await reached(cleo)).toEqual([404, 404, 404]);
    expect(await reached(null)).toEqual([401, 401, 401]);
    expect((await list(ben, id)).map((each: Json) => each.id)).toEqual([ofBen, shared]);
    expect((await ask(cleo, 'GET', `/api/organizations/${ada.tenantId}/connections`)).status).toBe(404);
    for (const method of ['DELETE', 'PATCH'] as const) {
      const path = (each: string) => `/api/connections/${each}${method === 'PATCH' ? '/status' : ''}`;
      const body = method === 'PATCH' ? { status: 'inactive' } : undefined;
      expect((await ask(ben, method, path(shared), body)).status).toBe(403);
      expect((await ask(ben, method, path(ofAda), body)).status).toBe(404);
      expect((await ask(cleo, method, path(shared), body)).status).toBe(404);
    }
    expect((await ask(ben, 'PATCH', `/api/connections/${ofBen}/status`, { status: 'inactive' })).status).toBe(200);
    expect((await ask(ben, 'DELETE', `/api/connections/${ofBen}`)).status).toBe(204);
  });

  it('is an API key for what its maker has, not for others’', async () => {
    const id = await oauth('github', { personal_accounts: true });
    const ofAda = (await bring(id, octocat, at.cast.ada, { user_id: 'me' })).body.id;
    const ofBen = (await bring(id, hubot, at.cast.ben, { user_id: 'me' })).body.id;
    const made = await ask(at.cast.ada, 'POST', '/api/api-keys', {
      ...{ name: 'Reader', role: 'member', scopes: ['connections:read'] },
    });
    const authorization = `Bearer ${made.body.key}`;
    const status = async (each: string) =>
      (await at.as(null, 'GET', `/api/connections/${each}`, undefined, { authorization })).status;
    expect([await status(ofAda), await status(ofBen)]).toEqual([200, 404]);
  });
});

describe('PATCH /api/connections/{id}/status', () => {
  const set = (id: string, status: string) => ask(at.cast.ada, 'PATCH', `/api/connections/${id}/status`, { status });

  it('switches off and on, and refuses what only the service decides', async () => {
    const id = await oauth('github');
    const { body } = await bring(id, octocat);
    expect((await set(body.id, 'inactive')).body.status).toBe('inactive');
    expect((await set(body.id, 'active')).body.status).toBe('active');
    await github.control.revoke({ token: octocat });
    await ask(at.cast.ada, 'GET', `/api/connections/${body.id}/health?refresh=true`);
    const refused = await set(body.id, 'active');
    expect([refused.status, refused.body.code]).toEqual([409, 'invalid_transition']);
    expect((await set(body.id, 'expired')).status).toBe(422);
  });

  it('keeps the connector’s status true', async () => {
    const id = await oauth('github');
    const activate = () => ask(at.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const none = await activate();
    expect([none.status, none.body.detail]).toEqual([409, expect.stringContaining('no authorised account yet')]);
    const { body } = await bring(id, octocat);
    expect((await activate()).body.status).toBe('active');
    const status = async () => (await ask(at.cast.ada, 'GET', `/api/connectors/${id}`)).body;
    await set(body.id, 'inactive');
    expect(await status()).toMatchObject({ status: 'error', status_reason: expect.stringContaining('switched on') });
    await set(body.id, 'active');
    expect(await status()).toMatchObject({ status: 'active', status_reason: null });
    await ask(at.cast.ada, 'DELETE', `/api/connections/${body.id}`);
    expect(await status()).toMatchObject({ status: 'error', status_reason: expect.stringContaining('No account') });
  });
});

describe('DELETE /api/connections/{id}', () => {
  const last = async () => (await events()).find(({ action }) => action === 'connection.deleted');

  it('ends the access at the service where that can be done, and says so', async () => {
    const id = await oauth('slack');
    const { body } = await bring(id, bot);
    expect((await ask(at.cast.ada, 'DELETE', `/api/connections/${body.id}`)).status).toBe(204);
    expect((await ask(at.cast.ada, 'GET', `/api/connections/${body.id}`)).status).toBe(404);
    const token = (await slack.control.tokens()).find((each) => each.token === digest(bot));
    expect(token?.state).toBe('revoked');
    expect((await last()).details).toMatchObject({ revocation: 'revoked' });
  });

  it('deletes also when the service does not end it, and says what is left to do', async () => {
    const id = await oauth('github');
    const { body } = await bring(id, octocat); // not granted to this application: GitHub will not hear of it
    expect((await ask(at.cast.ada, 'DELETE', `/api/connections/${body.id}`)).status).toBe(204);
    expect((await last()).details).toMatchObject({
      revocation: 'failed',
      reason: expect.stringContaining('End it in the account’s settings there.'),
    });
    expect(await list(at.cast.ada, id)).toEqual([]);
  });

  it('hides the connections of a deleted connector at once, until it is brought back', async () => {
    const id = await install('github', { method: 'token', access_token: octocat });
    const [own] = await list(at.cast.ada, id);
    const one = () => ask(at.cast.ada, 'GET', `/api/connections/${own.id}`);
    const every = async () => {
      const path = `/api/organizations/${at.cast.ada.tenantId}/connections?limit=200`;
      return (await ask(at.cast.ada, 'GET', path)).body.data.map((each: Json) => each.id);
    };
    expect(await every()).toContain(own.id);
    await ask(at.cast.ada, 'DELETE', `/api/connectors/${id}`);
    expect([(await one()).status, await list(at.cast.ada, id)]).toEqual([404, []]);
    expect(await every()).not.toContain(own.id);
    await at.post(at.cast.ada, `/connectors/${id}/restoration`, {});
    expect((await one()).status).toBe(200);
    expect(await every()).toContain(own.id);
  });

  it('happens for everything that a deleted connector was granted, ten minutes later', async () => {
    const id = await oauth('slack');
    await bring(id, bot);
    await ask(at.cast.ada, 'DELETE', `/api/connectors/${id}`);
    const bots = async () => (await slack.control.tokens()).find((each) => each.token === digest(bot))?.state;
    await purgeDeletedConnectors(at.hub);
    expect(await bots()).toBe('active');
    await withConnection(
      at.database.admin,
      (db) => db`update connectors set deleted_at = now() - interval '11 minutes' where id = ${id}`,
    );
    expect(await purgeDeletedConnectors(at.hub)).toBe(1);
    expect(await bots()).toBe('revoked');
    const purged = (await events()).find(({ action }) => action === 'connector.purged');
    expect(purged.details).toEqual({ revocations: { revoked: 1 } });
  });
});

describe('a connector whose settings change', () => {
  it('follows its way to authenticate with its connections', async () => {
    const id = await oauth('github');
    const { body: granted } = await bring(id, hubot);
    await ask(at.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const change = async (auth: Json) => {
      const { version } = (await ask(at.cast.ada, 'GET', `/api/connectors/${id}`)).body;
      return (await ask(at.cast.ada, 'PUT', `/api/connectors/${id}`, { version, auth })).body;
    };
    expect((await change({ method: 'token', access_token: octocat })).status).toBe('active');
    const [before, own] = await list(at.cast.ada, id);
    expect([before.id, before.status]).toEqual([granted.id, 'inactive']);
    expect([own.status, own.health]).toEqual(['active', 'unknown']);
    const health = await ask(at.cast.ada, 'GET', `/api/connections/${own.id}/health?refresh=true`);
    expect(health.body.account.label).toBe('octocat');
    // Another account’s token that an admin enters is theirs to enter.
    await change({ method: 'token', access_token: hubot });
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update connections set health_checked_at = null where id = ${own.id}`),
    );
    const anew = await ask(at.cast.ada, 'GET', `/api/connections/${own.id}/health?refresh=true`);
    expect(anew.body).toMatchObject({ status: 'healthy', account: { label: 'hubot' } });
  });
});

describe('secrets', () => {
  it('are in no answer, no log and no history', async () => {
    const id = await oauth('github');
    const secret = { access_token: octocat, refresh_token: 'ghr_canaryThatNobodyMaySee' };
    const answers = [await bring(id, octocat, at.cast.ada, { credential: secret })];
    const { id: connection } = answers[0]?.body ?? {};
    for (const path of [
      `connections/${connection}`,
      `connections/${connection}/health?refresh=true`,
      `connectors/${id}`,
    ])
      answers.push(await ask(at.cast.ada, 'GET', `/api/${path}`));
    answers.push(await ask(at.cast.ada, 'POST', `/api/connectors/${id}/test`));
    answers.push(await ask(at.cast.ada, 'DELETE', `/api/connections/${connection}`));
    const everything = JSON.stringify([answers, await events(), at.logged]);
    for (const canary of [octocat, secret.refresh_token, demo.applications.github.client_secret])
      expect(everything).not.toContain(canary);
  });
});

it('what was called through somebody’s own account is theirs to see, and admins’', async () => {
  const { ada, ben, dan } = at.cast;
  const id = await oauth('github', { personal_accounts: true });
  const own = (await bring(id, octocat, ada, { user_id: 'me' })).body.id;
  await ask(ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  const run = await ask(ada, 'POST', '/api/tools/github.get_user/execute', { connection_id: own });
  expect(run.body.status).toBe('succeeded');
  const seenBy = async (person: Person) => [
    (await ask(person, 'GET', `/api/executions/${run.body.execution_id}`)).status,
    (await ask(person, 'GET', `/api/executions?connection_id=${own}`)).body.data.length,
  ];
  expect([await seenBy(ada), await seenBy(dan), await seenBy(ben)]).toEqual([
    [200, 1],
    [200, 1],
    [404, 0],
  ]);
});

describe('a member who is removed', () => {
  it('leaves none of their own accounts connected, and the workspace’s as they were', async () => {
    const { ada, dan } = at.cast;
    const id = await oauth('github', { personal_accounts: true });
    const own = (await bring(id, hubot, dan, { user_id: 'me' })).body.id;
    const shared = (await bring(id, octocat)).body.id;
    const { data } = (await ask(ada, 'GET', '/api/members')).body;
    const member = data.find(({ user }: Json) => user.id === dan.id);
    const question = await (await at.as(ada, 'GET', `/settings/members/${member.id}/removal`)).text();
    expect(question).toMatch(/accounts of their own are disconnected: hubot \(github \d+\)/);
    expect((await ask(ada, 'DELETE', `/api/members/${member.id}`)).status).toBe(204);
    expect((await list(ada, id)).map((each: Json) => each.id)).toEqual([shared]);
    const [removed] = (await events()).filter(({ action }) => action === 'member.removed');
    expect(removed.details.ended_connections).toBe(1);
    expect((await events()).some(({ action, subject }) => action === 'connection.deleted' && subject.id === own)).toBe(
      true,
    );
  });
});
