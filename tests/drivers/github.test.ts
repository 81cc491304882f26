import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { LoadedDriver, RepositoryRecord } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { type DriverHarness, driverHarness } from '../support/driver.ts';

const [octocat = '', hubot = ''] = Object.keys(demo.tokens.github).map((access_token) => access_token);
const auth = { method: 'token', access_token: octocat };

let github: StandIn;
let at: DriverHarness;
beforeAll(async () => {
  github = await startGithub();
  at = await driverHarness('github', { github: github.url });
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(() => github.control.reset());

const { checkHealth, whoami, listRepositories } = (await loadDrivers()).get('github') as Required<LoadedDriver>;

describe('health and whoami', () => {
  it('tell who is connected, with what scopes, and how many calls are left', async () => {
    expect(await at.call(auth, whoami)).toMatchObject({ label: 'octocat', scopes: ['repo', 'read:user'] });
    expect((await at.call(auth, checkHealth)).message).toMatch(/^Signed in as octocat; [\d,]+ of [\d,]+ calls left\.$/);
    expect((await at.call({ ...auth, access_token: hubot }, whoami)).label).toBe('hubot');
  });

  it('tell a refused token from a failing service and a dead host', async () => {
    await github.control.revoke({ token: octocat });
    await expect(at.call(auth, checkHealth)).rejects.toMatchObject({
      fault: 'credential',
      permanent: true,
      status: 401,
    });
    await github.control.fault('status', { status: 500, times: 1 });
    await expect(at.call({ ...auth, access_token: hubot }, checkHealth)).rejects.toMatchObject({
      fault: 'service',
      permanent: false,
    });
    const gone = await startGithub();
    await gone.close();
    const away = await driverHarness('github', { github: gone.url }, crypto.randomUUID());
    await expect(away.call(auth, checkHealth)).rejects.toMatchObject({ code: 'unreachable' });
    await away.close();
  });

  it('do not take a page or half an answer for one of GitHub’s', async () => {
    await github.control.fault('html', { times: 1 });
    const page = await at.call(auth, checkHealth).catch((error: unknown) => error);
    expect(page).toMatchObject({ fault: 'service', field: 'config.api_url' });
    await github.control.fault('status', { status: 200, body: {}, times: 1 });
    await expect(at.call(auth, whoami)).rejects.toMatchObject({ fault: 'service' });
    await github.control.fault('huge', { times: 1, bytes: 11 * 1024 * 1024 });
    await expect(at.tool(auth, 'get_user', {})).rejects.toMatchObject({ fault: 'service' });
  });

  it('take the secondary limit for what it is, and not for a missing right', async () => {
    await github.control.fault('secondary_rate_limited', { retry_after: 120 });
    await expect(at.call(auth, checkHealth)).rejects.toMatchObject({ fault: 'rate_limited', retryAfterMs: 120_000 });
  });
});

describe('repositories', () => {
  it('come page by page until there are no more', async () => {
    const pages = await at.call(auth, async (context) => {
      const all: RepositoryRecord[][] = [];
      for await (const page of listRepositories(context)) all.push(page);
      return all;
    });
    const names = pages.flat().map(({ fullName }) => fullName);
    expect(names.length).toBeGreaterThanOrEqual(65);
    expect(new Set(names).size).toBe(names.length);
    expect(pages.flat().find(({ fullName }) => fullName === 'octocat/secret-plans')).toMatchObject({ private: true });
  });
});

describe('tools', () => {
  it('work on issues', async () => {
    const repo = { owner: 'octocat', repo: 'hello-world' };
    const made = await at.tool(auth, 'create_issue', {
      ...repo,
      title: 'It <b>rains</b>',
      body: '☔',
      labels: ['bug'],
    });
    expect(made).toMatchObject({ title: 'It <b>rains</b>', state: 'open', user: 'octocat' });
    const { number } = made;
    expect(await at.tool(auth, 'get_issue', { ...repo, number })).toMatchObject({ body: '☔' });
    expect(await at.tool(auth, 'comment_issue', { ...repo, number, body: 'Me too' })).toHaveProperty('html_url');
    const list = await at.tool(auth, 'list_issues', { ...repo, state: 'open' });
    expect(list.items).toEqual([expect.objectContaining({ number })]);
    expect(list.has_more).toBe(false);
  });

  it('read and write files, and refuse to overwrite what changed meanwhile', async () => {
    const file = { owner: 'octocat', repo: 'hello-world', path: 'notes/día 1.md' };
    const made = await at.tool(auth, 'create_or_update_file', { ...file, message: 'Begin', text: 'ñ\n' });
    expect(await at.tool(auth, 'get_file', file)).toMatchObject({ text: 'ñ\n', sha: made.sha });
    const stale = { ...file, message: 'Again', text: 'x', sha: '0'.repeat(40) };
    await expect(at.tool(auth, 'create_or_update_file', stale)).rejects.toMatchObject({ name: 'ServiceError' });
    expect(await at.tool(auth, 'get_file', file)).toMatchObject({ text: 'ñ\n' });
    await expect(at.tool(auth, 'get_file', { ...file, path: '../../user' })).rejects.toMatchObject({ fault: 'input' });
  });

  it('list, search and page', async () => {
    const first = await at.tool(auth, 'list_repositories', { per_page: 10, page: 1, sort: 'full_name' });
    expect([(first.items as unknown[]).length, first.has_more]).toEqual([10, true]);
    const found = await at.tool(auth, 'search', { kind: 'repositories', query: 'secret-plans' });
    expect(JSON.stringify(found.items)).toContain('secret-plans');
    expect(await at.tool(auth, 'get_user', {})).toMatchObject({ login: 'octocat' });
    expect(
      await at.tool(auth, 'get_repository', { repo: 'hello-world' }, { config: { owner: 'octocat' } }),
    ).toMatchObject({
      full_name: 'octocat/hello-world',
    });
  });

  it('say in GitHub’s words what is missing, and which field is', async () => {
    const gone = { owner: 'octocat', repo: 'nothing-here' };
    await expect(at.tool(auth, 'get_repository', gone)).rejects.toMatchObject({ fault: 'not_found', status: 404 });
    await expect(at.tool(auth, 'get_repository', { repo: 'x' })).rejects.toMatchObject({
      fault: 'input',
      field: 'owner',
    });
  });

  it('take no dots for a name: they would lead to another route', async () => {
    for (const [tool, given, field] of [
      ['get_file', { owner: 'octocat', repo: '..', path: 'hello-world/readme.md' }, 'repo'],
      ['create_issue', { owner: 'octocat', repo: '.', title: 'x' }, 'repo'],
      ['get_user', { login: '..' }, 'login'],
      ['list_repositories', { owner: '..' }, 'login'],
    ] as const)
      await expect(at.tool(auth, tool, given)).rejects.toMatchObject({ fault: 'input', field });
  });

  it('never send a write twice', async () => {
    const repo = { owner: 'octocat', repo: 'hello-world' };
    await github.control.fault('lose_answer', { method: 'POST', times: 1 });
    await expect(at.tool(auth, 'create_issue', { ...repo, title: 'Once' })).rejects.toMatchObject({
      mayHaveArrived: true,
    });
    const list = await at.tool(auth, 'list_issues', { ...repo, state: 'open' });
    expect((list.items as { title: string }[]).filter(({ title }) => title === 'Once')).toHaveLength(1);
    await github.control.fault('lose_answer', { method: 'GET', times: 2 });
    expect(await at.tool(auth, 'get_user', {})).toMatchObject({ login: 'octocat' });
  });
});
