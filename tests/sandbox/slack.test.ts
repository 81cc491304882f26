import { WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { StandIn } from './front.ts';
import { startSlack } from './slack.ts';

const { client_id, client_secret, redirect_uris } = demo.applications.slack;
const redirect_uri = `${redirect_uris[0]}/connector-1`;
const [bot = '', person = ''] = Object.keys(demo.tokens.slack);

let slack: StandIn;

beforeAll(async () => {
  slack = await startSlack({ filesUrl: 'https://files.slack.example' });
});
afterAll(() => slack.close());
beforeEach(() => slack.control.reset());

const web = (token?: string) =>
  new WebClient(token, {
    slackApiUrl: `${slack.url}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: {
      debug() {},
      info() {},
      warn() {},
      error() {},
      setLevel() {},
      setName() {},
      getLevel: () => 'error' as never,
    },
  });

async function codeFor(login_hint: string, more: Record<string, string> = {}): Promise<URLSearchParams> {
  const query = new URLSearchParams({
    client_id,
    redirect_uri,
    state: 's1',
    scope: 'chat:write,users:read',
    login_hint,
    ...more,
  });
  const answer = await fetch(`${slack.url}/oauth/v2/authorize?${query}`, { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? `error:${await answer.text()}`).searchParams;
}

const exchange = (code: string | null, more = {}) =>
  web().oauth.v2.access({ client_id, client_secret, code: code ?? '', redirect_uri, ...more });

const refused = (error: string) => expect.objectContaining({ data: expect.objectContaining({ ok: false, error }) });

describe('Slack', () => {
  it('installs the app: the bot’s token, and the person’s when asked for', async () => {
    const answer = await exchange((await codeFor('ben', { user_scope: 'users:read' })).get('code'));
    expect(answer).toMatchObject({ ok: true, token_type: 'bot', team: { name: 'Northwind' } });
    const asBot = await web(answer.access_token).auth.test();
    expect(asBot).toMatchObject({ team: 'Northwind', user: 'patchbay' });
    expect(await web(answer.authed_user?.access_token).auth.test()).toMatchObject({ user: 'ben' });
    const kinds = (await slack.control.tokens()).filter(({ account }) => account === 'ben').map(({ kind }) => kind);
    expect(kinds).toEqual(['bot', 'user']);
    expect((await slack.control.counts()).granted).toEqual({ authorization_code: 1 });
  });

  it('can be denied, takes a code once, and compares secret and redirect', async () => {
    expect((await codeFor('deny')).get('error')).toBe('access_denied');
    await expect(exchange('never-issued')).rejects.toEqual(refused('invalid_code'));
    const wrongSecret = { client_secret: '0'.repeat(32) };
    await expect(exchange((await codeFor('ada')).get('code'), wrongSecret)).rejects.toEqual(
      refused('invalid_client_id'),
    );
    const elsewhere = { redirect_uri: redirect_uris[0] };
    await expect(exchange((await codeFor('ada')).get('code'), elsewhere)).rejects.toEqual(refused('invalid_code'));
    const code = (await codeFor('ada')).get('code');
    await exchange(code);
    await expect(exchange(code)).rejects.toEqual(refused('invalid_code'));
  });

  it('knows its tokens, and says why it takes one no longer', async () => {
    expect(await web(bot).auth.test()).toMatchObject({ ok: true, user: 'patchbay' });
    await expect(web('xoxb-nope').auth.test()).rejects.toEqual(refused('invalid_auth'));
    await expect(web().auth.test()).rejects.toEqual(refused('not_authed'));
    await slack.control.expire({ account: 'ada' });
    await expect(web(person).auth.test()).rejects.toEqual(refused('token_expired'));
  });

  it('revokes a token on its holder’s word, after a rehearsal if wanted', async () => {
    expect(await web(bot).auth.revoke({ test: true })).toMatchObject({ revoked: false });
    expect(await web(bot).auth.revoke()).toMatchObject({ revoked: true });
    await expect(web(bot).auth.test()).rejects.toEqual(refused('token_revoked'));
  });

  it('rotates tokens when the app does', async () => {
    await slack.control.settings({ refresh_tokens: true });
    const first = await exchange((await codeFor('ada')).get('code'));
    const renew = (refresh_token: string | undefined) =>
      web().oauth.v2.access({ client_id, client_secret, grant_type: 'refresh_token', refresh_token });
    await slack.control.expire({ account: 'ada', kind: 'bot' });
    await expect(web(first.access_token).auth.test()).rejects.toEqual(refused('token_expired'));
    const second = await renew(first.refresh_token);
    expect(second).toMatchObject({ token_type: 'bot', expires_in: 43_200, scope: 'chat:write,users:read' });
    expect(await web(second.access_token).auth.test()).toMatchObject({ user: 'patchbay' });
    await expect(renew(first.refresh_token)).rejects.toEqual(refused('invalid_refresh_token'));
    expect((await slack.control.counts()).granted).toEqual({ authorization_code: 1, refresh_token: 1 });
  });

  it('holds tokens to their scopes and tells them', async () => {
    await expect(web(bot).files.list({})).rejects.toEqual(refused('missing_scope'));
    const answer = await fetch(`${slack.url}/api/auth.test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bot}` },
    });
    expect(answer.headers.get('x-oauth-scopes')).toContain('chat:write');
  });

  it('posts, edits and pages', async () => {
    const { channels = [], response_metadata } = await web(bot).conversations.list({ limit: 1 });
    expect(channels).toHaveLength(1);
    expect(response_metadata?.next_cursor).toBeTruthy();
    const channel = channels[0]?.id ?? '';
    const { ts = '' } = await web(bot).chat.postMessage({ channel, text: 'Shipped' });
    expect(await web(bot).chat.update({ channel, ts, text: 'Shipped again' })).toMatchObject({ ok: true });
  });

  it('takes calls by GET too', async () => {
    const url = `${slack.url}/api/conversations.list?limit=1`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${bot}` } });
    expect(await answer.json()).toMatchObject({ ok: true, channels: [{ name: 'general' }] });
  });

  it('sends uploads to their own origin', async () => {
    const code = (await codeFor('ada', { scope: 'files:write' })).get('code');
    const { access_token } = await exchange(code);
    const { upload_url } = await web(access_token).files.getUploadURLExternal({ filename: 'a.txt', length: 3 });
    expect(upload_url).toMatch(/^https:\/\/files\.slack\.example\/upload\//);
  });

  it('can be another workspace or another person', async () => {
    await slack.control.settings({ team_id: 'T0TAILSPIN' });
    expect(await web(bot).auth.test()).toMatchObject({ team_id: 'T0TAILSPIN' });
    await slack.control.reassign({ token: bot }, 'ada');
    expect(await web(bot).auth.test()).toMatchObject({ user: 'ada' });
  });

  it('limits rates as Slack does', async () => {
    await slack.control.fault('rate_limited', { times: 1, retry_after: 9 });
    const error = await web(bot)
      .auth.test()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WebAPIRateLimitedError);
    expect(error).toMatchObject({ retryAfter: 9 });
    expect(await web(bot).auth.test()).toMatchObject({ ok: true });
  });
});
