import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { establishConnection } from '../../src/services/connections/connections.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type TestApp, testApp } from '../support/app.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);
const partial = { 'hx-request': 'true', 'hx-request-type': 'partial' };

let github: StandIn;
let at: TestApp;
let id: string;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  const auth = { method: 'token', access_token: octocat };
  const input = { name: 'Code', tags: [], config: { owner: 'octocat' }, auth };
  id = (await installConnector(at.ctx(at.cast.ada), 'github', input)).id;
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const page = async (path: string, person = at.cast.ben) => {
  const answer = await at.as(person, 'GET', path);
  return { status: answer.status, html: await answer.text() };
};
const run = async (tool: string, fields: Record<string, string>, headers = {}) => {
  const path = `/connectors/${id}/tools/${tool}/executions`;
  const answer = await at.post(at.cast.ben, path, fields, headers);
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text(), answer };
};
const writes = async () => (await github.control.requests()).filter(({ method }) => method === 'POST');
const reservedIn = (html: string) => /name="execution_id" value="([^"]+)"/.exec(html)?.[1] ?? '';

describe('trying a tool', () => {
  it('begins with a list that can be searched', async () => {
    expect((await page(`/connectors/${id}`)).html).toMatch(/Tools <span class="muted small">\d+</);
    const found = (await page(`/connectors/${id}/tools?q=comment`)).html;
    expect(found).toContain(`/connectors/${id}/tools/comment_issue`);
    expect(found).not.toContain(`/connectors/${id}/tools/get_user"`);
    expect((await page(`/connectors/${id}/tools?q=%3Cb%3E`)).html).toContain('No tool matches “&lt;b&gt;”');
  });

  it('runs what only reads at once, and shows the answer as text', async () => {
    const { html } = await page(`/connectors/${id}/tools/get_repository`);
    expect(html).toContain('name="arguments.repo"');
    const ran = await run('get_repository', { 'arguments.repo': 'hello-world' });
    expect(ran.status).toBe(200);
    expect(ran.html).toContain('Succeeded');
    expect(ran.html).toContain('&quot;full_name&quot;: &quot;octocat/hello-world&quot;');
    expect(ran.html).toMatch(/\d+ (ms|s) · 1 request ·/);
  });

  it('asks before it writes, and runs a form that is sent twice once', async () => {
    const fields = { 'arguments.repo': 'hello-world', 'arguments.title': '<b>Once</b>' };
    const asked = await run('create_issue', fields);
    expect(asked.status).toBe(422);
    expect(asked.html).toContain('this changes something at GitHub, through Code. Run it?');
    expect(asked.html).toContain('value="&lt;b&gt;Once&lt;/b&gt;"');
    expect(await writes()).toEqual([]);
    const agreed = { ...fields, confirmed: 'yes', execution_id: reservedIn(asked.html) };
    const ran = await run('create_issue', agreed);
    expect(ran.html).toContain('Succeeded');
    expect(reservedIn(ran.html)).not.toBe(agreed.execution_id);
    const again = await run('create_issue', agreed);
    expect([again.status, again.location]).toEqual([303, `/executions/${agreed.execution_id}`]);
    const inPlace = await run('create_issue', agreed, partial);
    expect(inPlace.answer.headers.get('hx-redirect')).toBe(`/executions/${agreed.execution_id}`);
    expect(await writes()).toHaveLength(1);
  });

  it('tells what is wrong at its field, and what the service refused with what to mend', async () => {
    const wrong = await run('get_repository', {}, partial);
    expect([wrong.status, wrong.html]).toEqual([422, expect.stringContaining('This field is required.')]);
    expect(wrong.html).toMatch(/^\s*<div class="trial" id="trial">/);
    const missing = await run('get_file', { 'arguments.repo': 'nope', 'arguments.path': 'x' });
    expect([missing.status, missing.html]).toEqual([200, expect.stringContaining('Failed')]);
    expect(missing.html).toContain('GitHub does not know this');
    await github.control.fault('lose_answer', { method: 'POST', times: 1 });
    const fields = { 'arguments.repo': 'hello-world', 'arguments.title': 'Lost', confirmed: 'yes' };
    expect((await run('create_issue', fields)).html).toContain('Outcome unknown');
    expect(await writes()).toHaveLength(1);
  });

  it('lets choose among several accounts', async () => {
    const ctx = at.ctx(at.cast.ada);
    const account = { connectorId: id, userId: null, toolkitSlug: null, externalAccountId: '42' };
    await at.hub.db.asTenant(ctx.tenantId, (tx) =>
      establishConnection(tx, ctx, { id, name: 'Code' }, { ...account, accountLabel: 'second<b>', scopes: [] }),
    );
    const { html } = await page(`/connectors/${id}/tools/get_user`);
    expect(html).toContain('name="connection_id"');
    expect(html).toContain('second&lt;b&gt;');
    const other = /<option value="([^"]+)">second/.exec(html)?.[1] ?? '';
    const ran = await run('get_user', { 'arguments.login': 'octocat', connection_id: other });
    expect(ran.html).toMatch(new RegExp(`<option value="${other}" selected`));
    const { data } = await (await at.as(at.cast.ada, 'GET', '/api/executions?limit=1')).json();
    expect(data[0].connection_id).toBe(other);
  });

  it('says why nothing can be run', async () => {
    await setConnectorStatus(at.ctx(at.cast.ada), id, 'inactive');
    const { html } = await page(`/connectors/${id}/tools/get_user`);
    const refused = await run('get_user', {});
    await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
    expect(html).toContain('Code is inactive. Activate it first.');
    expect(html).toContain('aria-disabled="true" aria-describedby="blocked"');
    expect([refused.status, refused.html]).toEqual([409, expect.stringContaining('Code is inactive')]);
  });

  it('is not there for others, nor for tools that are not there', async () => {
    expect((await page(`/connectors/${id}/tools`, at.cast.cleo)).status).toBe(404);
    expect((await page(`/connectors/${id}/tools/get_user`, at.cast.cleo)).status).toBe(404);
    expect((await page(`/connectors/${id}/tools/nothing`)).status).toBe(404);
    expect((await page(`/connectors/${id}/tools/__proto__`)).status).toBe(404);
  });
});
