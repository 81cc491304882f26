import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { startOpenai } from '../sandbox/openai.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { mcpHub } from '../support/mcp.ts';
import { connectionUnder } from '../support/rows.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);

let github: StandIn;
let openai: StandIn;
let at: TestApp;
let hub: Awaited<ReturnType<typeof mcpHub>>;
const ids: Record<string, string> = {};
const accounts: Record<string, string> = {};
beforeAll(async () => {
  [github, openai] = [await startGithub(), await startOpenai()];
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url, openai: openai.url }) });
  const token = { method: 'token', access_token: octocat };
  for (const name of ['Code', 'Other']) await install(name, 'github', { config: { owner: 'octocat' }, auth: token });
  await install('Models', 'openai', { config: {}, auth: { method: 'api_key', api_key: demo.modelKey } });
  hub = await mcpHub(at);
});
afterAll(async () => {
  await hub.close();
  await at.close();
  await Promise.all([github.close(), openai.close()]);
});

async function install(name: string, entry: string, input: Json) {
  const ctx = at.ctx(at.cast.ada);
  const { id } = await installConnector(ctx, entry, { name, tags: [], ...input });
  await setConnectorStatus(ctx, id, 'active');
  ids[name] = id;
  accounts[name] = await connectionUnder(at, id);
}

const scopes = ['tools:read', 'tools:execute', 'proxy:execute', 'llm:use'];
const keyWith = (limits: Json) => hub.keyOf(at.cast.ada, scopes, { limits });

/** The same call in each of the ways that there are; whether it was made, or what was told. */
function ways(key: string) {
  const send = async (method: string, path: string, body?: Json) => {
    const answer = await at.as(null, method, path, body, { authorization: `Bearer ${key}` });
    const text = await answer.text();
    return answer.status < 400 && !/"status":"failed"/.test(text) ? 'made' : `${answer.status} ${text}`;
  };
  return {
    api: (slug = 'get_user', connector = 'Code') =>
      send('POST', `/api/tools/github.${slug}/execute`, {
        connector_id: ids[connector],
        arguments: slug === 'get_user' ? { login: 'octocat' } : { repo: 'hello-world', title: 'x' },
      }),
    proxy: (method = 'GET', connector = 'Code') => send(method, `/api/proxy/${accounts[connector]}/user`),
    model: () =>
      send('POST', '/v1/chat/completions', { model: 'gpt-5', messages: [{ role: 'user', content: 'Hello' }] }),
    mcp: async (name: string, values: Json = { login: 'octocat' }) => {
      const agent = await hub.agent(key);
      return agent.call(name, values).then(
        ({ isError, text }) => (isError ? text : 'made'),
        (error) => String(error.code),
      );
    },
    offered: async () => (await (await hub.agent(key)).tools()).map(({ name }) => name),
    listed: async () => {
      const answer = await at.as(null, 'GET', '/api/tools?limit=200', undefined, { authorization: `Bearer ${key}` });
      return (await answer.json()).data as Json[];
    },
  };
}

describe('a key without limits', () => {
  it('calls in every way', async () => {
    const { key, limits } = await keyWith({});
    expect(limits).toEqual({});
    const all = ways(key);
    expect(await Promise.all([all.api(), all.proxy(), all.model(), all.mcp('code__get_user')])).toEqual(
      Array(4).fill('made'),
    );
  });
});

describe('a key that is limited', () => {
  it('to connectors goes through no other, in any way, and is told of no other', async () => {
    const { key, limits } = await keyWith({ connectors: [ids.Code] });
    expect(limits).toEqual({ connectors: [ids.Code] });
    const all = ways(key);
    expect([await all.api(), await all.proxy(), await all.mcp('code__get_user')]).toEqual(Array(3).fill('made'));
    for (const told of [await all.api('get_user', 'Other'), await all.proxy('GET', 'Other'), await all.model()])
      expect(told).toMatch(/^403 .*limited to other connectors/);
    expect(await all.mcp('other__get_user')).toBe('-32602');
    expect((await all.offered()).filter((name) => name.includes('__') && !name.startsWith('code__'))).toEqual([]);
    const listed = await all.listed();
    expect(listed.length).toBeGreaterThan(3);
    for (const tool of listed) expect(tool.connectors.map(({ name }: Json) => name)).toEqual(['Code']);
  });

  it('to tools calls no other', async () => {
    const all = ways((await keyWith({ tools: ['github.get_*', 'llm.*'] })).key);
    expect([await all.api(), await all.model(), await all.mcp('code__get_user')]).toEqual(Array(3).fill('made'));
    for (const told of [await all.api('create_issue'), await all.proxy()])
      expect(told).toMatch(/^403 .*limited to github\.get_\*/);
    expect(await all.mcp('code__create_issue', { repo: 'hello-world', title: 'x' })).toBe('-32602');
    expect((await all.listed()).every(({ slug }) => slug.startsWith('github.get_'))).toBe(true);
    const dots = ways((await keyWith({ tools: ['github.get.user', 'github-get_user'] })).key);
    expect(await dots.api()).toMatch(/^403/);
  });

  it('to reading changes nothing', async () => {
    const all = ways((await keyWith({ read_only: true })).key);
    expect([await all.api(), await all.proxy(), await all.model(), await all.mcp('code__get_user')]).toEqual(
      Array(4).fill('made'),
    );
    for (const told of [await all.api('create_issue'), await all.proxy('POST')])
      expect(told).toMatch(/^403 .*may only read/);
    expect(await all.mcp('code__create_issue', { repo: 'hello-world', title: 'x' })).toBe('-32602');
    expect((await all.listed()).every(({ side_effect }) => side_effect === 'none')).toBe(true);
  });

  it('to calls an hour makes just so many, of all kinds together and at the same moment', async () => {
    const all = ways((await keyWith({ calls_per_hour: 4 })).key);
    const many = Array.from({ length: 20 }, () => all.api());
    const told = await Promise.all([...many, all.proxy(), all.proxy(), all.model(), all.mcp('code__get_user')]);
    expect(told.filter((each) => each === 'made')).toHaveLength(4);
    for (const each of told.filter((each) => each !== 'made')) expect(each).toContain('may make 4 calls an hour');
    const refused = await at.as(
      null,
      'POST',
      '/api/tools/github.get_user/execute',
      { connector_id: ids.Code, arguments: { login: 'octocat' } },
      {
        authorization: `Bearer ${(await keyWith({ calls_per_hour: 1 })).key}`,
      },
    );
    expect(refused.status).toBe(200);
  });

  it('is made by the form too, which says what is wrong', async () => {
    const fields = { name: 'Reader', role: 'member', scopes: 'tools:read', expires_at: '30' };
    const wrong = await at.post(at.cast.ada, '/settings/api-keys', {
      ...fields,
      'limits.tools': 'git hub; x',
      'limits.calls_per_hour': '0',
    });
    expect(wrong.status).toBe(422);
    const text = await wrong.text();
    for (const word of ['Give names of tools', 'Give a whole number', 'value="git hub; x"', 'id="limits.tools"'])
      expect(text).toContain(word);
    const made = await at.post(at.cast.ada, '/settings/api-keys', {
      ...{ ...fields, limit_connectors: ids.Code ?? '', 'limits.tools': 'github.*, proxy' },
      ...{ limit_read_only: 'on', 'limits.calls_per_hour': '10' },
    });
    expect(made.status).toBe(200);
    const { data } = await (await at.as(at.cast.ada, 'GET', '/api/api-keys')).json();
    const limits = { connectors: [ids.Code], tools: ['github.*', 'proxy'], read_only: true, calls_per_hour: 10 };
    expect(data[0].limits).toEqual(limits);
    const list = await (await at.as(at.cast.ada, 'GET', '/settings/api-keys')).text();
    for (const word of ['Only reads', '1 connector only', 'Only github.*, proxy', '10 calls an hour'])
      expect(list).toContain(word);
    for (const bad of [{ tools: ['(a+)+'] }, { calls_per_hour: 0 }, { connectors: ['x'] }, { more: 1 }])
      expect(
        (await at.as(at.cast.ada, 'POST', '/api/api-keys', { name: 'Bad', role: 'member', scopes, limits: bad }))
          .status,
      ).toBe(422);
  });
});
