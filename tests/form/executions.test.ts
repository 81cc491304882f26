import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { ExecutionRow } from '../../src/db/queries/executions.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { whyNoReplay } from '../../src/services/tools/replays.ts';
import { executeTool } from '../../src/services/tools/tools.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type TestApp, testApp } from '../support/app.ts';
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
  await setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'active');
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const run = (tool: string, args: Record<string, unknown>, person = at.cast.ben) =>
  executeTool(at.ctx(person), `github.${tool}`, { connectorId, arguments: args });
const page = async (path: string, person: Person = at.cast.ben) => {
  const answer = await at.as(person, 'GET', path);
  return { status: answer.status, html: await answer.text() };
};
const setting = (keep: boolean, person = at.cast.dan) =>
  at.post(person, '/settings/executions', { _method: 'PUT', ...(keep && { keep: 'true' }) });
const asked = async () => (await github.control.requests()).length;

describe('executions', () => {
  it('stand on the page of their connector, and in a list that can be filtered', async () => {
    await run('get_user', { login: 'octocat' });
    const { executionId } = await run('get_repository', { repo: 'nope' });
    const detail = (await page(`/connectors/${connectorId}`)).html;
    expect(detail).toContain(`/executions/${executionId}`);
    expect(detail).toMatch(/<strong>Ben<\/strong> <code>github.get_user<\/code> 1 time/);
    const failed = (await page(`/executions?status=failed&connector_id=${connectorId}`)).html;
    expect(failed).toContain('github.get_repository');
    expect(failed).not.toContain('<code>github.get_user');
    expect((await page('/executions?tool=%3Cb%3E')).html).toContain('No run has the tool “&lt;b&gt;”');
    expect((await page('/executions', at.cast.cleo)).html).toContain('Nothing was called yet');
  });

  it('tell how each went', async () => {
    const { executionId } = await run('get_repository', { repo: 'nope' });
    const { html } = await page(`/executions/${executionId}`);
    for (const text of ['Failed', 'service_not_found', 'GitHub does not know this', 'Its arguments were not kept'])
      expect(html).toContain(text);
    expect((await page(`/executions/${executionId}`, at.cast.cleo)).status).toBe(404);
  });

  it('keep what went in and out when admins want that, and lose it when they do not any more', async () => {
    expect((await setting(true, at.cast.ben)).status).toBe(403);
    expect((await setting(true)).status).toBe(303);
    const { executionId } = await run('get_user', { login: 'hubot' });
    const kept = (await page(`/executions/${executionId}`)).html;
    expect(kept).toContain('&quot;login&quot;: &quot;hubot&quot;');
    const prefilled = (await page(`/connectors/${connectorId}/tools/get_user?from=${executionId}`)).html;
    expect(prefilled).toContain('value="hubot"');
    await setting(false);
    expect((await page(`/executions/${executionId}`)).html).not.toContain('hubot');
    const { data } = await (await at.as(at.cast.ada, 'GET', '/api/audit?action=settings.updated')).json();
    expect(data).toHaveLength(2);
  });

  it('say of calls without a tool why they cannot be run again', () => {
    const call = { status: 'succeeded', input: null } as ExecutionRow;
    const why = ['llm.chat', 'proxy', 'github.gone'].map((tool) => whyNoReplay(null, { ...call, tool }));
    expect(why).toEqual([
      'Calls of language models cannot be replayed.',
      'Requests through the proxy cannot be replayed.',
      'There is no such tool any more.',
    ]);
  });

  it('run again with the same arguments where that changes nothing, else in the form', async () => {
    await setting(true);
    const { executionId } = await run('get_user', { login: 'hubot' });
    const again = await at.post(at.cast.ben, `/executions/${executionId}/replays`, {});
    expect([again.status, await again.text()]).toEqual([200, expect.stringContaining('Run again')]);
    const wrote = await run('create_issue', { repo: 'hello-world', title: 'Once' });
    const before = await asked();
    const refused = await at.post(at.cast.ben, `/executions/${wrote.executionId}/replays`, {});
    expect([refused.status, refused.headers.get('location')]).toEqual([
      303,
      `/connectors/${connectorId}/tools/create_issue?from=${wrote.executionId}`,
    ]);
    const masked = await run('search', { kind: 'issues', query: `token=${octocat}` }).catch(() => null);
    if (masked) expect((await page(`/executions/${masked.executionId}`)).html).not.toContain(octocat);
    expect(await asked()).toBe(before + (masked ? 1 : 0));
    // What Ben kept is not for another member's replay, but for admins.
    const byAdmin = await at.post(at.cast.dan, `/executions/${executionId}/replays`, {});
    expect(byAdmin.status).toBe(200);
    await setting(false);
  });
});

describe('before something stops', () => {
  it('is told who used it in the last 30 days', async () => {
    await run('get_user', { login: 'octocat' });
    const { data } = await (
      await at.as(at.cast.ada, 'GET', `/api/organizations/${at.cast.ada.tenantId}/connections`)
    ).json();
    const [{ id }] = data.filter((each: { connector_id: string }) => each.connector_id === connectorId);
    const connection = `/connections/${id}`;
    const connector = `/connectors/${connectorId}`;
    const paths = [
      `${connector}/deactivation`,
      `${connector}/deletion`,
      `${connection}/deletion`,
      `${connection}/rotation`,
    ];
    for (const path of paths) {
      const { status, html } = await page(path, at.cast.ada);
      const [question = ''] = html.match(/<dialog.*<\/dialog>/s) ?? [];
      expect([path, status]).toEqual([path, 200]);
      expect(question).toMatch(
        /Used in the last 30 days.*<strong>Ben<\/strong> <code>github.get_user<\/code> \d+ time/s,
      );
    }
    expect((await page(`${connector}/deactivation`)).status).toBe(403);
    const active = await (await at.as(at.cast.ada, 'GET', `/api/connectors/${connectorId}`)).json();
    expect(active.status).toBe('active');
  });
});
