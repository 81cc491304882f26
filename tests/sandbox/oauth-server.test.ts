import * as client from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browse } from './browse.ts';
import { digest } from './control.ts';
import type { StandIn } from './front.ts';
import { startOauthServer } from './oauth-server.ts';

const callback = 'http://127.0.0.1:9/callback';
const app = { client_id: 'hub', client_secret: 'hub-secret-1', redirect_uris: [callback] };

let server: StandIn;
let config: client.Configuration;

beforeAll(async () => {
  server = await startOauthServer({ clients: [app] });
  const execute = [client.allowInsecureRequests];
  config = await client.discovery(new URL(server.url), app.client_id, app.client_secret, undefined, { execute });
});
afterAll(() => server.close());
beforeEach(() => server.control.reset());

async function authorize(more: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const start = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'read write',
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  const arrived = await browse(start, callback);
  return { arrived, checks: { pkceCodeVerifier: verifier, expectedState: state } };
}

async function grant(more: Record<string, string> = {}) {
  const { arrived, checks } = await authorize(more);
  const tokens = await client.authorizationCodeGrant(config, arrived, checks);
  return { ...tokens, refresh_token: tokens.refresh_token ?? '' };
}

const whoami = async (token: string) => {
  const answer = await fetch(`${server.url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? ((await answer.json()) as { account: string }).account : answer.status;
};

describe('the OAuth server', () => {
  it('grants a code with PKCE to the account of the login hint', async () => {
    const tokens = await grant();
    expect(tokens.token_type).toBe('bearer');
    expect(await whoami(tokens.access_token)).toBe('ada');
    expect(await whoami((await grant({ login_hint: 'ben' })).access_token)).toBe('ben');
    expect(await whoami('never-issued')).toBe(401);
  });

  it('names itself in the answer, and says when it was denied', async () => {
    const { arrived, checks } = await authorize({ login_hint: 'deny' });
    expect(arrived.searchParams.get('iss')).toBe(server.url);
    await expect(client.authorizationCodeGrant(config, arrived, checks)).rejects.toMatchObject({
      error: 'access_denied',
    });
  });

  it('asks for PKCE, and compares the redirect and the verifier', async () => {
    const bare = client.buildAuthorizationUrl(config, { redirect_uri: callback, scope: 'read', state: 's' });
    expect((await browse(bare, callback)).searchParams.get('error')).toBe('invalid_request');
    await expect(authorize({ redirect_uri: 'http://127.0.0.1:9/elsewhere' })).rejects.toThrow('answered 400');
    const { arrived, checks } = await authorize();
    const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, arrived, wrong)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('takes a code once', async () => {
    const { arrived, checks } = await authorize();
    const { access_token } = await client.authorizationCodeGrant(config, arrived, checks);
    await expect(client.authorizationCodeGrant(config, arrived, checks)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    expect(await whoami(access_token)).toBe(401);
  });

  it('rotates refresh tokens and ends the whole family when an old one comes back', async () => {
    const first = await grant();
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await whoami(second.access_token)).toBe('ada');
    const again = () => client.refreshTokenGrant(config, first.refresh_token);
    await expect(again()).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await whoami(second.access_token)).toBe(401);
    await expect(client.refreshTokenGrant(config, second.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    const { granted, refused, refreshes } = await server.control.counts();
    expect(granted).toEqual({ authorization_code: 1, refresh_token: 1 });
    expect(refused).toEqual({ refresh_token: 2 });
    expect(refreshes).toContainEqual({ refresh_token: digest(first.refresh_token), asked: 2, granted: 1 });
  });

  it('keeps refresh tokens when told to', async () => {
    await server.control.settings({ rotate: false });
    const first = await grant();
    expect((await client.refreshTokenGrant(config, first.refresh_token)).refresh_token).toBe(first.refresh_token);
    await client.refreshTokenGrant(config, first.refresh_token);
  });

  it('grants client credentials, introspects and revokes', async () => {
    const { access_token } = await client.clientCredentialsGrant(config, { scope: 'read' });
    expect(await client.tokenIntrospection(config, access_token)).toMatchObject({ active: true, scope: 'read' });
    await client.tokenRevocation(config, access_token);
    expect(await client.tokenIntrospection(config, access_token)).toEqual({ active: false });
    const { refresh_token } = await grant();
    await client.tokenRevocation(config, refresh_token);
    await expect(client.refreshTokenGrant(config, refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('takes new clients and short lives while it runs', async () => {
    const other = { client_id: 'late', client_secret: 'late-secret', redirect_uris: ['http://127.0.0.1:9/callback*'] };
    await server.control.register(other);
    await server.control.settings({ access_token_ttl_s: 77 });
    const late = new client.Configuration(config.serverMetadata(), other.client_id, other.client_secret);
    client.allowInsecureRequests(late);
    const tokens = await client.clientCredentialsGrant(late);
    expect(tokens.expires_in).toBe(77);
    const { arrived } = await authorize({ client_id: 'late', redirect_uri: `${callback}/connector-1` });
    expect(arrived.pathname).toBe('/callback/connector-1');
    expect(arrived.searchParams.get('code')).toBeTruthy();
  });

  it('lets tokens run out or be revoked, by account and kind', async () => {
    const ada = await grant();
    const ben = await grant({ login_hint: 'ben' });
    expect(await server.control.expire({ account: 'ada', kind: 'AccessToken' })).toBe(1);
    expect([await whoami(ada.access_token), await whoami(ben.access_token)]).toEqual([401, 'ben']);
    const renewed = await client.refreshTokenGrant(config, ada.refresh_token);
    expect(await whoami(renewed.access_token)).toBe('ada');
    expect(await server.control.revoke({ token: digest(ben.access_token) })).toBe(1);
    expect(await whoami(ben.access_token)).toBe(401);
    expect(await server.control.revoke({ account: 'ada' })).toBe(2);
    await expect(client.refreshTokenGrant(config, renewed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});
