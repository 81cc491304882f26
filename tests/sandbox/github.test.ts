import { Octokit } from '@octokit/core';
import * as client from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { digest } from './control.ts';
import type { StandIn } from './front.ts';
import { startGithub } from './github.ts';

const { client_id, client_secret, redirect_uris } = demo.applications.github;
const callback = `${redirect_uris[0]}/connector-1`;
const [octocat = '', hubot = ''] = Object.keys(demo.tokens.github);

let github: StandIn;

beforeAll(async () => {
  github = await startGithub();
});
afterAll(() => github.close());
beforeEach(() => github.control.reset());

const octokit = (auth?: string) => new Octokit({ auth, baseUrl: github.url, log: quiet });
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const authorizeUrl = (more: Record<string, string> = {}) =>
  `${github.url}/login/oauth/authorize?${new URLSearchParams({ client_id, redirect_uri: callback, state: 's1', scope: 'repo read:user', ...more })}`;

/** Where the browser is sent after the decision. */
async function decide(more: Record<string, string>): Promise<URL> {
  const answer = await fetch(authorizeUrl(more), { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? `error:${await answer.text()}`);
}

async function exchange(fields: Record<string, string>, accept = 'application/json') {
  const body = new URLSearchParams({ client_id, client_secret, redirect_uri: callback, ...fields });
  return fetch(`${github.url}/login/oauth/access_token`, { method: 'POST', body, headers: { accept } });
}

const codeOf = async (login: string) => (await decide({ login_hint: login })).searchParams.get('code') ?? '';

interface Granted {
  access_token: string;
  refresh_token: string;
}

const granted = async (login: string) =>
  ((await (await exchange({ code: await codeOf(login) })).json()) as Granted).access_token;

const loginOf = async (token: string) => (await octokit(token).request('GET /user')).data.login;

describe('GitHub’s web flow', () => {
  it('shows a page, also for a redirect below the registered one, and can be cancelled there', async () => {
    const page = await (await fetch(authorizeUrl())).text();
    expect(page).toContain(`name="redirect_uri" value="${callback}"`);
    const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].slice(0, 5);
    const body = new URLSearchParams(fields.map(([, name = '', value = '']) => [name, value]));
    const answer = await fetch(`${github.url}/login/oauth/callback`, { method: 'POST', body, redirect: 'manual' });
    const arrived = new URL(answer.headers.get('location') ?? '');
    expect(arrived.href.startsWith(`${callback}?code=`)).toBe(true);
    const [, cancel = ''] = /class="deny" href="([^"]+)"/.exec(page) ?? [];
    const denied = new URL(cancel.replaceAll('&amp;', '&'));
    expect(Object.fromEntries(denied.searchParams)).toMatchObject({ error: 'access_denied', state: 's1' });
  });

  it('decides by itself when a login hint is given', async () => {
    expect(await loginOf(await granted('hubot'))).toBe('hubot');
    expect((await decide({ login_hint: 'deny' })).searchParams.get('error')).toBe('access_denied');
    await github.control.settings({ auto: 'octocat' });
    expect((await decide({})).searchParams.get('code')).toBeTruthy();
  });

  it('refuses foreign addresses and applications', async () => {
    for (const wrong of [
      { redirect_uri: 'http://evil.example/connections/oauth/callback' },
      { redirect_uri: `${redirect_uris[0]}evil` },
      { client_id: 'Ov23liSomebodyElse00' },
    ] as Record<string, string>[])
      expect((await fetch(authorizeUrl({ ...wrong, login_hint: 'octocat' }), { redirect: 'manual' })).status).toBe(400);
    const body = new URLSearchParams({ client_id, redirect_uri: 'http://evil.example', login: 'octocat' });
    expect(
      (await fetch(`${github.url}/login/oauth/callback`, { method: 'POST', body, redirect: 'manual' })).status,
    ).toBe(400);
  });

  it('checks the PKCE verifier, the redirect, the secret, and that a code is used once', async () => {
    const verifier = client.randomPKCECodeVerifier();
    const challenge = {
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    const code = async () => (await decide({ login_hint: 'octocat', ...challenge })).searchParams.get('code') ?? '';
    const errorOf = async (fields: Record<string, string>) => {
      const answer = await exchange(fields);
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { error?: string }).error;
    };
    expect(await errorOf({ code: await code() })).toBe('bad_verification_code');
    expect(await errorOf({ code: await code(), code_verifier: `${verifier}x` })).toBe('bad_verification_code');
    expect(await errorOf({ code: await code(), code_verifier: verifier, redirect_uri: redirect_uris[0] })).toBe(
      'bad_verification_code',
    );
    const guessed = await code();
    for (const tried of [`${verifier}x`, verifier])
      expect(await errorOf({ code: guessed, code_verifier: tried })).toBe('bad_verification_code');
    const good = { code: await code(), code_verifier: verifier };
    expect(await errorOf({ ...good, client_secret: 'wrong' })).toBe('incorrect_client_credentials');
    expect(await errorOf(good)).toBeUndefined();
    expect(await errorOf(good)).toBe('bad_verification_code');
    expect(await github.control.counts()).toMatchObject({
      granted: { authorization_code: 1 },
      refused: { authorization_code: 7 },
    });
  });

  it('learns tokens from answers of either encoding', async () => {
    const code = await codeOf('octocat');
    const text = await (await exchange({ code }, 'application/x-www-form-urlencoded')).text();
    expect(await loginOf(new URLSearchParams(text).get('access_token') ?? '')).toBe('octocat');
  });

  it('gives refresh tokens that work once, when it does so at all', async () => {
    expect(await (await exchange({ code: await codeOf('hubot') })).json()).not.toHaveProperty('refresh_token');
    await github.control.settings({ refresh_tokens: true });
    const first = (await (await exchange({ code: await codeOf('hubot') })).json()) as Granted;
    const renew = async (refresh_token: string) =>
      (await (await exchange({ grant_type: 'refresh_token', refresh_token })).json()) as Granted;
    const second = await renew(first.refresh_token);
    expect(await loginOf(second.access_token)).toBe('hubot');
    await expect(loginOf(first.access_token)).rejects.toMatchObject({ status: 401 });
    expect(await renew(first.refresh_token)).toMatchObject({ error: 'bad_refresh_token' });
    await github.control.revoke({ account: 'hubot' });
    expect(await renew(second.refresh_token)).toMatchObject({ error: 'bad_refresh_token' });
    const { refreshes } = await github.control.counts();
    expect(refreshes).toContainEqual({ refresh_token: digest(first.refresh_token), asked: 2, granted: 1 });
  });
});

describe('GitHub’s API', () => {
  it('knows its tokens, and no others', async () => {
    const { data, headers } = await octokit(octocat).request('GET /user');
    expect(data.login).toBe('octocat');
    expect(headers).toMatchObject({ 'x-oauth-scopes': 'repo, read:user', 'x-ratelimit-limit': '5000' });
    await expect(loginOf('ghp_unknown')).rejects.toMatchObject({
      status: 401,
      response: { data: { message: 'Bad credentials' } },
    });
    expect((await octokit().request('GET /users/octocat')).data.name).toBe('The Octocat');
  });

  it('links its pages to itself', async () => {
    const first = await octokit(octocat).request('GET /user/repos', { per_page: 30 });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.link ?? '')?.[1] ?? '';
    expect(next.startsWith(`${github.url}/`)).toBe(true);
    const last = await octokit(octocat).request('GET /user/repos', { per_page: 30, page: 3 });
    expect([first.data.length, last.data.length]).toEqual([30, 5]);
  });

  it('hides what an account may not see', async () => {
    const look = (token: string) => octokit(token).request('GET /repos/octocat/secret-plans');
    expect((await look(octocat)).data.private).toBe(true);
    await expect(look(hubot)).rejects.toMatchObject({ status: 404 });
  });

  it('says what an issue lacks', async () => {
    const repo = { owner: 'octocat', repo: 'hello-world' };
    const create = (title: string) => octokit(octocat).request('POST /repos/{owner}/{repo}/issues', { ...repo, title });
    expect((await create('It works')).data.number).toBe(1);
    await expect(create('')).rejects.toMatchObject({
      status: 422,
      response: { data: { errors: [{ resource: 'Issue', code: 'missing_field', field: 'title' }] } },
    });
  });

  it('revokes a token, or all that an application has of an account, for that application alone', async () => {
    const [first, second, other] = [await granted('octocat'), await granted('octocat'), await granted('hubot')];
    const headers = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
    const remove = (what: 'token' | 'grant', access_token: string, as: Record<string, string> = headers) =>
      fetch(`${github.url}/applications/${client_id}/${what}`, {
        method: 'DELETE',
        headers: { ...as, 'content-type': 'application/json' },
        body: JSON.stringify({ access_token }),
      }).then(({ status }) => status);
    expect(await remove('token', first, { authorization: `Basic ${btoa(`${client_id}:wrong`)}` })).toBe(404);
    expect(await remove('token', octocat)).toBe(404); // a personal token is not the application's
    expect(await remove('token', first)).toBe(204);
    await expect(loginOf(first)).rejects.toMatchObject({ status: 401 });
    expect(await loginOf(second)).toBe('octocat');
    expect(await remove('grant', second)).toBe(204);
    await expect(loginOf(second)).rejects.toMatchObject({ status: 401 });
    expect([await loginOf(other), await loginOf(octocat)]).toEqual(['hubot', 'octocat']);
  });

  it('gives a token to another account when told to', async () => {
    expect(await github.control.reassign({ token: octocat }, 'hubot')).toBe(1);
    expect(await loginOf(octocat)).toBe('hubot');
  });

  it('limits rates as GitHub does', async () => {
    const ask = () => octokit(hubot).request('GET /user');
    await github.control.fault('rate_limited', { times: 1, retry_after: 120 });
    await expect(ask()).rejects.toMatchObject({ status: 403, response: { headers: { 'x-ratelimit-remaining': '0' } } });
    await github.control.fault('secondary_rate_limited', { times: 1, retry_after: 7 });
    await expect(ask()).rejects.toMatchObject({ status: 403, response: { headers: { 'retry-after': '7' } } });
    await github.control.fault('quota', { remaining: 12 });
    expect((await ask()).headers['x-ratelimit-remaining']).toBe('12');
  });

  it('forgets everything on reset', async () => {
    const token = await granted('octocat');
    await octokit(token).request('POST /repos/{owner}/{repo}/issues', {
      owner: 'octocat',
      repo: 'hello-world',
      title: 'x',
    });
    await github.control.revoke({ token: digest(octocat) });
    await github.control.reset();
    await expect(loginOf(token)).rejects.toMatchObject({ status: 401 });
    const { data } = await octokit(octocat).request('GET /repos/octocat/hello-world/issues');
    expect(data).toEqual([]);
  });
});
