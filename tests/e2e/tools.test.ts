import { afterAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);
const github = await startGithub();
const hub = useStage({ env: wiring({ github: github.url }) });
afterAll(() => github.close());

let id = '';
async function connector(): Promise<string> {
  if (id) return id;
  const auth = { method: 'token', access_token: octocat };
  const body = { catalog_key: 'github', name: 'Code', config: { owner: 'octocat' }, auth };
  id = (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  return id;
}
const writes = async () => (await github.control.requests()).filter(({ method }) => method === 'POST').length;

describe('trying a tool', () => {
  it('is found by its words and run from the keyboard', async () => {
    const page = await hub.open(hub.cast.ben, `/connectors/${await connector()}`);
    await page.getByLabel('Search tools').fill('get repository');
    await soon(() => page.locator('#tools .tool-list li').count()).toBe(1);
    await expectAccessible(page, 'the page of the connector');
    await page.getByRole('link', { name: 'Get a repository' }).click();
    await page.getByRole('heading', { level: 1, name: 'Get a repository' }).waitFor();
    await page.locator('#tool-arguments-repo').fill('hello-world');
    await page.keyboard.press('Enter');
    await page.getByText('Succeeded').waitFor();
    expect(await page.locator('pre.json').textContent()).toContain('"full_name": "octocat/hello-world"');
    expect(await page.locator('#tool-arguments-repo').inputValue()).toBe('hello-world');
    await expectAccessible(page, 'the tool with its answer');
    await page.getByRole('link', { name: 'Open the run' }).click();
    await page.getByRole('heading', { name: 'How it went' }).waitFor();
    await expectAccessible(page, 'the record');
  });

  it('asks before it writes, and tells what is wrong at its field', async () => {
    const page = await hub.open(hub.cast.ben, `/connectors/${await connector()}/tools/create_issue`);
    const before = await writes();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('link', { name: /^Repository: / }).waitFor();
    await page.locator('#tool-arguments-repo').fill('hello-world');
    await page.getByLabel('Title').fill('<b>From the form</b>');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('this changes something at GitHub').waitFor();
    await expectAccessible(page, 'the question');
    expect(await writes()).toBe(before);
    await page.getByRole('button', { name: 'Yes, run it' }).click();
    await page.getByText('Succeeded').waitFor();
    await soon(() => page.evaluate(() => document.activeElement?.hasAttribute('data-answer'))).toBe(true);
    expect(await page.locator('pre.json b').count()).toBe(0);
    expect(await writes()).toBe(before + 1);
  });

  it('takes maps by rows', async () => {
    const body = {
      catalog_key: 'http-api',
      name: 'Any',
      config: { base_url: 'https://api.github.com' },
      auth: { method: 'none' },
    };
    const { id } = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
    await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const page = await hub.open(hub.cast.ben, `/connectors/${id}/tools/request`);
    await page.locator('#tool-arguments-path').fill('/rate_limit');
    for (const [list, name, value] of [
      ['Query', 'page', '2 & "3"'],
      ['Headers', 'X-Asked-By', 'Ben'],
    ] as const) {
      const rows = page.getByRole('group', { name: new RegExp(`^${list}`) }).first();
      await rows.getByRole('button', { name: 'Add' }).click();
      await rows.getByLabel('Name').fill(name);
      await rows.getByLabel('Value').fill(value);
    }
    await expectAccessible(page, 'the tool with rows');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('button', { name: 'Yes, run it' }).click();
    await page.getByRole('link', { name: 'Open the run' }).waitFor();
    const asked = (await github.control.requests()).at(-1);
    expect(JSON.stringify(asked)).toContain('/rate_limit');
    expect(await page.getByLabel('Value').first().inputValue()).toBe('2 & "3"');
  });

  it('shows a run that goes on elsewhere, and how it ends', async () => {
    await connector();
    await github.control.fault('slow', { delay_ms: 6_000 });
    const input = { connector_id: id, arguments: { repo: 'hello-world' } };
    const running = hub.as(hub.cast.ben, 'POST', '/api/tools/github.get_repository/execute', input);
    const list = async () => (await (await hub.as(hub.cast.ben, 'GET', '/api/executions?status=running')).json()).data;
    await soon(async () => (await list()).length).toBe(1);
    const page = await hub.open(hub.cast.ben, `/executions/${(await list())[0].id}`);
    await page.getByText('Running', { exact: true }).waitFor();
    await github.control.clearFaults();
    expect((await (await running).json()).status).toBe('succeeded');
    await page.getByText('Succeeded', { exact: true }).waitFor();
  });

  it('works without JavaScript', async () => {
    const page = await hub.open(hub.cast.ben, `/connectors/${await connector()}/tools?q=create+issue`, {
      javaScriptEnabled: false,
    });
    await page.getByRole('link', { name: 'Create an issue' }).click();
    const before = await writes();
    await page.locator('#tool-arguments-repo').fill('hello-world');
    await page.getByLabel('Title').fill('Without scripts');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('button', { name: 'Yes, run it' }).click();
    await page.getByText('Succeeded').waitFor();
    expect(await writes()).toBe(before + 1);
  });
});
