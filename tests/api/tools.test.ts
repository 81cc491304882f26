import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { upsertSettings } from '../../src/db/queries/tenant-settings.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { OperatorCtx } from '../../src/services/tenants/operator-trail.ts';
import { setQuotas } from '../../src/services/tenants/tenant-admin.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);

let github: StandIn;
let at: TestApp;
let connectorId: string;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  const auth = { method: 'token', access_token: octocat };
  const input = { name: 'Code', tags: [], config: { owner: 'octocat' }, auth };
  connectorId = (await installConnector(at.ctx(at.cast.ada), 'github', input)).id;
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const execute = async (slug: string, body: Json, person: Person | null = at.cast.ada, headers = {}) => {
  const answer = await at.as(person, 'POST', `/api/tools/${slug}/execute`, body, headers);
  return { status: answer.status, body: await answer.json() };
};
const activate = () => setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'active');
const deactivate = () => setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'inactive');

describe('tools of a connector', () => {
  it('are offered once it is active, with what they take', async () => {
    const list = async () => (await (await at.as(at.cast.ben, 'GET', '/api/tools?search=create issue')).json()).data;
    await deactivate();
    expect(await list()).toEqual([]);
    await activate();
    const [tool, ...others] = await list();
    expect(others.map(({ slug }: Json) => slug)).not.toContain('github.get_user');
    expect(tool).toMatchObject({ slug: 'github.create_issue', side_effect: 'write', toolkit: { slug: 'github' } });
    expect(tool.input_schema.required).toEqual(['repo', 'title']);
    expect(tool.connectors).toEqual([{ id: connectorId, name: 'Code', handle: 'code' }]);
  });

  it('come page by page, in an order that outlasts a connector', async () => {
    await activate();
    const input = { name: 'Any', tags: [], config: { base_url: 'https://any.example' }, auth: { method: 'none' } };
    const other = (await installConnector(at.ctx(at.cast.ada), 'http-api', input)).id;
    await setConnectorStatus(at.ctx(at.cast.ada), other, 'active');
    const list = async (query: string) => (await at.as(at.cast.ben, 'GET', `/api/tools?${query}`)).json();
    const slugs = ({ data }: Json): string[] => data.map((tool: Json) => tool.slug);
    const all = slugs(await list('limit=200'));
    expect(all.at(-1)).toBe('http-api.request');
    expect(all).toContain('github.get_user');
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Json = await list(`limit=3${cursor && `&cursor=${cursor}`}`);
      paged.push(...slugs(page));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
    const first = await list('limit=1');
    await deactivate();
    expect(slugs(await list(`limit=5&cursor=${first.next_cursor}`))).toEqual(['http-api.request']);
    expect(slugs(await list('search=http-api request'))).toEqual(['http-api.request']);
    expect(slugs(await list('toolkits=http-api.any'))).toEqual([]);
    expect((await at.as(at.cast.ben, 'GET', '/api/tools?cursor=x')).status).toBe(422);
    await setConnectorStatus(at.ctx(at.cast.ada), other, 'inactive');
  });

  it('run, leave a record, and show it to who may see it', async () => {
    await activate();
    const { status, body } = await execute('github.get_repository', { arguments: { repo: 'hello-world' } });
    expect([status, body.status, body.data.full_name]).toEqual([200, 'succeeded', 'octocat/hello-world']);
    const record = await (await at.as(at.cast.ada, 'GET', `/api/executions/${body.execution_id}`)).json();
    expect(record).toMatchObject({
      tool: 'github.get_repository',
      status: 'succeeded',
      attempts: 1,
      input: null,
      output: null,
    });
    const path = `/api/executions/${body.execution_id}`;
    expect((await at.as(at.cast.ben, 'GET', path)).status).toBe(200);
    expect((await at.as(at.cast.cleo, 'GET', path)).status).toBe(404);
    expect((await at.as(null, 'GET', path)).status).toBe(401);
  });

  it('tell what is wrong with arguments, names and states before anything is called', async () => {
    await activate();
    const wrong = await execute('github.create_issue', { arguments: { repo: 'a b', labels: 'x' } });
    expect(wrong.status).toBe(422);
    expect(Object.keys(wrong.body.errors).toSorted()).toEqual([
      'arguments.labels',
      'arguments.repo',
      'arguments.title',
    ]);
    expect((await execute('github.nothing', {})).status).toBe(404);
    expect((await execute('slack.post', {})).status).toBe(404);
    expect((await execute('github.get_user', {}, at.cast.cleo)).body.detail).toContain(
      'No connector of GitHub is active',
    );
    expect((await execute('github.get_user', { connector_id: connectorId }, at.cast.cleo)).status).toBe(404);
    expect((await execute('github.get_user', {}, null)).status).toBe(401);
    await deactivate();
    const inactive = await execute('github.get_user', { connector_id: connectorId });
    expect([inactive.status, inactive.body.detail]).toEqual([409, 'Code is inactive. Activate it first.']);
    expect(await github.control.requests()).toEqual([]);
  });

  it('say what the service said, as a result', async () => {
    await activate();
    const missing = await execute('github.get_repository', { arguments: { repo: 'nope' } });
    expect([missing.status, missing.body.status, missing.body.error.code]).toEqual([
      200,
      'failed',
      'service_not_found',
    ]);
    expect(missing.body.error.retryable).toBe(false);
    await github.control.fault('lose_answer', { method: 'POST', times: 1 });
    const lost = await execute('github.create_issue', { arguments: { repo: 'hello-world', title: 'Lost' } });
    expect([lost.body.status, lost.body.error.code, lost.body.usage.attempts]).toEqual([
      'outcome_unknown',
      'outcome_unknown',
      1,
    ]);
    const made = (await github.control.requests()).filter(({ method }) => method === 'POST');
    expect(made).toHaveLength(1);
  });

  it('run once for one Idempotency-Key', async () => {
    await activate();
    const call = () =>
      execute('github.create_issue', { arguments: { repo: 'hello-world', title: 'Once' } }, at.cast.ada, {
        'idempotency-key': 'issue-1',
      });
    const [first, second] = [await call(), await call()];
    expect(second.body).toEqual(first.body);
    expect((await github.control.requests()).filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('keep masked inputs and outputs only when the workspace wants that', async () => {
    await activate();
    const { id, tenantId } = at.cast.ada;
    const keep = (keepPayloads: boolean) =>
      at.hub.db.asTenant(tenantId, (tx) =>
        upsertSettings(tx, tenantId, { keepPayloads, updatedBy: id, updatedByName: 'Ada' }),
      );
    await keep(true);
    const { body } = await execute('github.get_user', { arguments: { login: 'hubot' } });
    await keep(false);
    const record = await (await at.as(at.cast.ada, 'GET', `/api/executions/${body.execution_id}`)).json();
    expect(record).toMatchObject({ input: { login: 'hubot' }, output: { login: 'hubot' } });
    const forOthers = await (await at.as(at.cast.ben, 'GET', `/api/executions/${body.execution_id}`)).json();
    expect(forOthers).toMatchObject({ status: 'succeeded', input: null, output: null });
  });

  it('stop at the workspace’s limit', async () => {
    await activate();
    const { tenantId } = at.cast.ada;
    const { id, name } = at.cast.ada;
    const operator: OperatorCtx = { ...at.ctx(at.cast.ada), actor: { type: 'user', id, name } };
    const limit = (executions: string) =>
      setQuotas(operator, tenantId, { max_connectors: '', executions_per_hour: executions });
    await limit('1');
    const refused = await execute('github.get_user', {});
    await limit('');
    expect([refused.status, refused.body.code]).toEqual([409, 'quota_exceeded']);
  });

  it('let no secret out', async () => {
    await activate();
    await github.control.revoke({ token: octocat });
    const { body } = await execute('github.get_user', {});
    expect(body.error.code).toBe('service_credential');
    const everything = JSON.stringify([body, await github.control.requests(), at.logged]);
    expect(everything).not.toContain(octocat);
  });
});
