import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  type AuthorizationServer,
  authorizationUrl,
  newVerifier,
  redeemCode,
  refreshTokens,
} from '../../src/auth/oauth2-code.ts';
import type { OAuthProvider } from '../../src/drivers/execution.ts';

const redirectUri = 'https://hub.example/callback';
const client = { id: 'hub/1', secret: 'a:secret&b' };

const providerOf = (changes: Partial<OAuthProvider> = {}) =>
  ({ clientAuth: 'basic', scopeSeparator: ' ', ...changes }) as OAuthProvider;

const attempt: Attempt = { redirectUri, state: 'st', scopes: ['a', 'b'], verifier: 'v'.repeat(43), params: {} };
const endpoints = { authorization: 'https://id.example/authorize?team=7', token: 'https://id.example/token' };

describe('where the browser goes', () => {
  const url = (changes: Partial<Attempt> = {}, provider = providerOf()) =>
    authorizationUrl({ provider, endpoints, client }, { ...attempt, ...changes });
  const query = (...parts: Parameters<typeof url>) => Object.fromEntries(url(...parts).searchParams);

  it('is told by everything that the answer will be bound to', () => {
    expect(url().origin + url().pathname).toBe('https://id.example/authorize');
    expect(query()).toEqual({
      team: '7',
      response_type: 'code',
      client_id: 'hub/1',
      redirect_uri: redirectUri,
      scope: 'a b',
      state: 'st',
      code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
      code_challenge_method: 'S256',
    });
    expect(query({}, providerOf({ scopeSeparator: ',' })).scope).toBe('a,b');
    expect(query({ scopes: [], verifier: null })).toEqual({
      team: '7',
      response_type: 'code',
      client_id: 'hub/1',
      redirect_uri: redirectUri,
      state: 'st',
    });
  });

  it('lets further parameters take the place of none of ours', () => {
    const params = { prompt: 'consent', state: 'forged', redirect_uri: 'https://evil.example', response_type: 'token' };
    expect(query({ params })).toMatchObject({ ...query(), prompt: 'consent' });
    expect(url({ params }).searchParams.getAll('state')).toEqual(['st']);
  });

  it('has a verifier of its own each time', () => {
    expect(newVerifier()).toMatch(/^[\w-]{43}$/);
    expect(newVerifier()).not.toBe(newVerifier());
  });
});

interface Sent {
  url: string;
  method: string;
  headers: Headers;
  body: Record<string, string>;
  redirect: string;
}

const granted = { access_token: 'tok', token_type: 'bearer' };

/** A token endpoint that answers this, and what it was sent. */
function server(answer: unknown, changes: Partial<OAuthProvider> = {}, token = endpoints.token) {
  const sent: Sent[] = [];
  const given: AuthorizationServer = {
    provider: providerOf(changes),
    endpoints: { ...endpoints, token },
    client,
    fetch: async (input, init = {}) => {
      sent.push({
        url: String(input),
        method: init.method ?? '',
        headers: new Headers(init.headers),
        body: Object.fromEntries(new URLSearchParams(String(init.body))),
        redirect: init.redirect ?? '',
      });
      if (answer instanceof Error) throw answer;
      return Response.json(answer, { status: (answer as { error?: string }).error ? 400 : 200 });
    },
  };
  return { given, sent };
}

const redeem = (given: AuthorizationServer, verifier: string | null = attempt.verifier) =>
  redeemCode(given, { code: 'the code', redirectUri, verifier });

describe('the token endpoint', () => {
  it('is asked once, with the code, the verifier and the address it was sent to, and may not redirect', async () => {
    const { given, sent } = server(granted);
    await redeem(given);
    expect(sent).toMatchObject([{ url: endpoints.token, method: 'POST', redirect: 'manual' }]);
    expect(sent[0]?.body).toEqual({
      grant_type: 'authorization_code',
      code: 'the code',
      redirect_uri: redirectUri,
      code_verifier: 'v'.repeat(43),
    });
    expect(sent[0]?.headers.get('accept')).toBe('application/json');
    expect(sent[0]?.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
  });

  it('is sent no verifier where the service takes none', async () => {
    const { given, sent } = server(granted);
    await redeem(given, null);
    expect(sent[0]?.body).not.toHaveProperty('code_verifier');
  });

  it.each<[OAuthProvider['clientAuth'], string | null, object]>([
    ['basic', 'hub%2F1:a%3Asecret%26b', {}],
    ['basic_raw', 'hub/1:a:secret&b', {}],
    ['post', null, { client_id: 'hub/1', client_secret: 'a:secret&b' }],
  ])('is told who asks: %s', async (clientAuth, pair, inBody) => {
    const { given, sent } = server(granted, { clientAuth });
    await redeem(given);
    const header = pair && `Basic ${Buffer.from(pair).toString('base64')}`;
    expect(sent[0]?.headers.get('authorization')).toBe(header);
    expect(sent[0]?.body).toMatchObject(inBody);
    if (clientAuth !== 'post') expect(JSON.stringify(sent[0]?.body)).not.toContain('secret');
  });

  it('is reached without TLS where it has none', async () => {
    const { given, sent } = server(granted, {}, 'http://127.0.0.1:1/token');
    await redeem(given);
    expect(sent[0]?.url).toBe('http://127.0.0.1:1/token');
  });

  it('refreshes with the refresh token alone', async () => {
    const { given, sent } = server({ ...granted, refresh_token: 'next' });
    expect(await refreshTokens(given, 'the old one')).toMatchObject({ value: { refresh_token: 'next' } });
    expect(sent[0]?.body).toEqual({ grant_type: 'refresh_token', refresh_token: 'the old one' });
  });
});

describe('what was granted', () => {
  it('is told in full', async () => {
    const answer = { ...granted, refresh_token: 'ref', scope: 'a  b', expires_in: 60, team: { id: 7 }, other: 1 };
    expect(await redeem(server(answer, { keep: ['team', 'missing'] }).given)).toStrictEqual({
      value: { team: { id: 7 }, access_token: 'tok', token_type: 'Bearer', refresh_token: 'ref' },
      scopes: ['a', 'b'],
      expiresIn: 60,
    });
  });

  it('leaves open what the service does not say', async () => {
    expect(await redeem(server(granted).given)).toStrictEqual({
      value: { access_token: 'tok', token_type: 'Bearer' },
      scopes: null,
      expiresIn: null,
    });
  });

  it('takes nothing kept for the token itself', async () => {
    const { value } = await redeem(
      server({ ...granted, token_type: 'bearer' }, { keep: ['access_token', 'token_type'] }).given,
    );
    expect(value).toEqual({ access_token: 'tok', token_type: 'Bearer' });
  });

  it('lists scopes as this service parts them', async () => {
    const answer = { ...granted, scope: 'a, b' };
    expect((await redeem(server(answer, { scopeSeparator: ',' }).given)).scopes).toEqual(['a', 'b']);
    expect((await redeem(server(answer, { quirks: { scopeSeparator: ',' } }).given)).scopes).toEqual(['a', 'b']);
  });
});

describe('what goes wrong', () => {
  it('is told as it was: a refusal, or the way out', async () => {
    await expect(redeem(server({ error: 'invalid_grant' }).given)).rejects.toMatchObject({
      name: 'TokenError',
      fault: 'grant',
      code: 'invalid_grant',
    });
    await expect(redeem(server(new Error('blocked')).given)).rejects.toThrow('blocked');
  });

  it('is an answer that only the library finds wrong', async () => {
    await expect(redeem(server({ ...granted, expires_in: 'soon' }).given)).rejects.toMatchObject({
      name: 'TokenError',
      fault: 'unreadable',
      message: 'sent an answer that breaks the standard',
      cause: expect.any(Error),
    });
  });
});
