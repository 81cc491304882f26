import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { browse } from '../sandbox/browse.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startApart } from '../sandbox/run.ts';
import { wiring } from '../sandbox/wiring.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { type HubProcess, startHub } from '../support/processes.ts';

// Hubs and the service as processes of their own; a balancer in front of the hubs is what BASE_URL names.

const baseUrl = 'http://127.0.0.1:9';
const password = 'correct horse battery';
const { client_id, client_secret } = demo.applications.github;

describe('an authorisation', { timeout: 120_000 }, () => {
  const dataDir = temporaryDirectory('authorization');
  const hubs: HubProcess[] = [];
  let github: StandIn;
  let env: Record<string, string>;
  beforeAll(async () => {
    const redirect_uris = [`${baseUrl}/connections/oauth/callback`];
    github = await startApart('github', { apps: [{ client_id, client_secret, redirect_uris }], auto: 'octocat' });
    const admin = { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password, ADMIN_TENANT: 'Northwind' };
    env = { DATA_DIR: dataDir, BASE_URL: baseUrl, ...admin, ...wiring({ github: github.url }) };
  });
  afterAll(async () => {
    for (const hub of hubs.toReversed()) await hub.stop();
    await github.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function start(): Promise<HubProcess> {
    const hub = await startHub(env);
    hubs.push(hub);
    return hub;
  }

  /** Ada’s browser. */
  async function signIn({ url }: HubProcess) {
    const jar = new Map<string, string>();
    const send = async (hub: { url: string }, path: string, body?: unknown) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { cookie, ...(body ? { 'content-type': 'application/json' } : {}) };
      const method = body === undefined ? 'GET' : 'POST';
      const init = { method, headers, redirect: 'manual', body: body ? JSON.stringify(body) : undefined } as const;
      const answer = await fetch(`${hub.url}${path}`, init);
      for (const each of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
        if (value) jar.set(name, value);
      }
      return answer;
    };
    await send({ url }, '/api/auth/sign-in/email', { email: 'ada@example.com', password });
    return send;
  }

  type Send = Awaited<ReturnType<typeof signIn>>;

  /** Begun and agreed to at this hub, and at GitHub; the path that the browser is sent back to. */
  async function agreeAt(hub: HubProcess, send: Send, name: string) {
    const body = { catalog_key: 'github', name, config: {}, auth: { method: 'oauth2', client_id, client_secret } };
    const { id } = (await (await send(hub, '/api/connectors', body)).json()) as { id: string };
    const begun = await send(hub, '/api/connections/oauth/initiate', { connector_id: id });
    const { redirect_url, connection_request_id } = (await begun.json()) as Record<string, string>;
    const sent = await send(hub, String(redirect_url).slice(baseUrl.length), null);
    const callback = await browse(sent.headers.get('location') ?? '', baseUrl);
    return { callback: callback.pathname + callback.search, connection_request_id };
  }

  const stateAt = async (hub: HubProcess, send: Send, connection_request_id: string | undefined) =>
    (await send(hub, '/api/connections/oauth/wait', { connection_request_id, timeout_s: 30 })).json();

  it('goes on at another hub after the one that began it was killed', async () => {
    const first = await start();
    const send = await signIn(first);
    const { callback, connection_request_id } = await agreeAt(first, send, 'Code');
    await first.stop('SIGKILL');
    const second = await start();
    expect((await send(second, callback)).status).toBe(303);
    expect(await stateAt(second, send, connection_request_id)).toMatchObject({
      status: 'succeeded',
      connection: { account_label: expect.stringContaining('octocat') },
    });
  });

  it('is used by one of two hubs that get its answer at once, and both know how it ended', async () => {
    const [one, two] = [hubs.at(-1) as HubProcess, await start()];
    const send = await signIn(one);
    for (let round = 0; round < 10; round++) {
      const { callback, connection_request_id } = await agreeAt(one, send, `Round ${round}`);
      const before = (await github.control.counts()).granted.authorization_code ?? 0;
      const answers = await Promise.all([send(one, callback), send(two, callback), send(two, callback)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
      expect((await github.control.counts()).granted.authorization_code).toBe(before + 1);
      for (const hub of [one, two])
        expect(await stateAt(hub, send, connection_request_id)).toMatchObject({ status: 'succeeded' });
    }
  });
});
