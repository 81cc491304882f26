import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { auth, type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { openAppToken } from '../../src/services/mcp-access/app-access.ts';
import { disconnectApp, listApps } from '../../src/services/mcp-access/apps.ts';
import { forgetUnusedApps } from '../../src/services/mcp-access/clients.ts';
import { removeMember } from '../../src/services/people/members.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { appDance, callback, connectedApp, newVerifier } from '../support/apps.ts';
import { freePort } from '../support/ports.ts';

let at: TestApp;
let dance: ReturnType<typeof appDance>;
let server: Server;
let connectorId: string;
let otherId: string;
beforeAll(async () => {
  const port = await freePort();
  at = await testApp({ BASE_URL: `http://127.0.0.1:${port}` });
  dance = appDance(at);
  server = serve({ fetch: at.app.fetch, port, hostname: '127.0.0.1' }) as Server;
  const auth = { method: 'token', access_token: `ghp_${'a'.repeat(36)}` };
  const input = { name: 'Blog', tags: [], config: { owner: 'octocat' }, auth };
  connectorId = await install('github', input);
  otherId = await install('github', { ...input, name: 'Shop' });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await at.close();
});

async function install(entry: string, input: Json): Promise<string> {
  const { id } = await installConnector(at.ctx(at.cast.ada), entry, input);
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
  return id;
}

const run = (text: string) => at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute<Json>(sql.raw(text)));
const actions = async () => (await run('select action from audit_events order by id')).map(({ action }) => action);
const errorOf = async (response: Response) => [response.status, ((await response.json()) as Json).error];

/** An app as the protocol’s own SDK makes one; its browser is Ben’s. */
class Scribe implements OAuthClientProvider {
  readonly redirectUrl = callback;
  readonly clientMetadata = { client_name: 'Scribe', redirect_uris: [callback], token_endpoint_auth_method: 'none' };
  asked: URL | null = null;
  information?: OAuthClientInformationMixed;
  kept?: OAuthTokens;
  verifier = '';
  state = () => 'a-state';
  clientInformation = () => this.information;
  saveClientInformation(information: OAuthClientInformationMixed) {
    this.information = information;
  }
  tokens = () => this.kept;
  saveTokens(tokens: OAuthTokens) {
    this.kept = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.asked = url;
  }
  saveCodeVerifier(verifier: string) {
    this.verifier = verifier;
  }
  codeVerifier = () => this.verifier;
}

describe('an app that connects by URL', () => {
  it('finds its way in with the SDK of the protocol, is renewed, and ends when it is disconnected', async () => {
    const provider = new Scribe();
    const url = new URL(`${at.hub.config.baseUrl}/mcp`);
    const transport = () => new StreamableHTTPClientTransport(url, { authProvider: provider });
    const knocking = transport();
    await expect(new Client({ name: 'test', version: '1' }).connect(knocking)).rejects.toThrow(UnauthorizedError);
    const query = provider.asked?.searchParams ?? new URLSearchParams();
    expect(`${provider.asked?.origin}${provider.asked?.pathname}`).toBe(`${at.hub.config.baseUrl}/oauth/authorize`);
    expect(Object.fromEntries(query)).toMatchObject({ resource: url.href, scope: 'tools:read tools:execute' });

    const page = await (await dance.ask(at.cast.ben, query)).text();
    expect(page).toContain('Scribe');
    expect(page).toContain('127.0.0.1:33418');
    expect(page).toContain('nobody has checked it');
    const answer = await dance.answer(at.cast.ben, query, { access: 'read', reach: 'chosen', connectors: connectorId });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('a-state');
    expect(back.searchParams.get('iss')).toBe(at.hub.config.baseUrl);
    await knocking.finishAuth(back.searchParams.get('code') ?? '');
    expect(provider.kept).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'tools:read tools:execute' });

    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport());
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names.some((name) => name.startsWith('blog__'))).toBe(true);
    expect(names.some((name) => name.startsWith('shop__'))).toBe(false);
    expect(tools.filter(({ annotations }) => !annotations?.readOnlyHint)).toEqual([]);

    const before = provider.kept?.access_token;
    await run(`update mcp_tokens set expires_at = now() where kind = 'access'`);
    await client.listTools();
    expect(provider.kept?.access_token).not.toBe(before);

    const listed = await (await at.as(at.cast.ben, 'GET', '/settings/mcp')).text();
    const [, path = ''] = /href="([^"]*\/settings\/mcp\/apps\/[^"]*)\/disconnection"/.exec(listed) ?? [];
    expect(await (await at.as(at.cast.ada, 'GET', '/settings/mcp')).text()).toContain('Ben');
    expect((await at.post(at.cast.ben, path, { _method: 'DELETE' })).status).toBe(303);
    expect(await dance.opens(provider.kept?.access_token ?? '')).toBe(401);
    expect(await auth(provider, { serverUrl: url })).toBe('REDIRECT');
    expect((await actions()).filter((action) => action.startsWith('mcp_app'))).toEqual([
      'mcp_app.allowed',
      'mcp_app.revoked',
    ]);
    await client.close();
  });

  it('is told where to look, also in a page of another site', async () => {
    const { baseUrl } = at.hub.config;
    const refused = await at.as(null, 'POST', '/mcp', {});
    expect(refused.headers.get('www-authenticate')).toContain(
      `resource_metadata="${baseUrl}/.well-known/oauth-protected-resource/mcp"`,
    );
    const elsewhere = { origin: 'https://inspector.example', 'sec-fetch-site': 'cross-site' };
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp']) {
      const response = await at.as(null, 'GET', path, undefined, elsewhere);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(await response.json()).toMatchObject({ resource: `${baseUrl}/mcp`, authorization_servers: [baseUrl] });
    }
    const about = await (await at.as(null, 'GET', '/.well-known/oauth-authorization-server')).json();
    expect(about).toMatchObject({ issuer: baseUrl, code_challenge_methods_supported: ['S256'] });
    const preflight = {
      ...elsewhere,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    for (const path of ['/oauth/token', '/oauth/register', '/oauth/revoke'])
      expect(
        (await at.as(null, 'OPTIONS', path, undefined, preflight)).headers.get('access-control-allow-headers'),
      ).toBe('content-type');
    const registered = await at.as(null, 'POST', '/oauth/register', { redirect_uris: [callback] }, elsewhere);
    expect([registered.status, registered.headers.get('access-control-allow-origin')]).toEqual([201, '*']);
    expect((await at.as(null, 'GET', '/.well-known/openid-configuration')).status).toBe(404);
    const got = await at.as(null, 'GET', '/oauth/token');
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await (await at.as(null, 'GET', '/docs')).text()).toContain('/oauth/register');
  });
});

describe('registration', () => {
  it('takes addresses that lead to the app alone, and gives no secret', async () => {
    const good = [
      'https://app.example/cb?x=1',
      'http://localhost/cb',
      'http://[::1]:1/cb',
      'com.example.app:/cb',
      'cursor://anysphere.cursor/cb',
    ];
    const made = await (
      await dance.register({ redirect_uris: good, token_endpoint_auth_method: 'client_secret_post' })
    ).json();
    expect(made).toMatchObject({ redirect_uris: good, token_endpoint_auth_method: 'none' });
    expect(made).not.toHaveProperty('client_secret');
    const bad = [
      ...[
        'http://app.example/cb',
        'https://app.example/cb#x',
        'https://user@app.example/cb',
        'https:/user@app.example/cb',
      ],
      ...[
        'javascript:alert(1)',
        'data:text/html,x',
        'file:///etc/passwd',
        'myapp:/cb',
        'https://*.example/cb',
        '/cb',
        '',
      ],
      ...[
        'http://127.0.0.1.evil.example/cb',
        'http://localhost@evil.example/',
        'https://app.example\\@evil.example',
        'https://ä.example/',
      ],
      ...[`https://app.example/${'a'.repeat(1000)}`, 7],
    ];
    for (const address of bad)
      expect([address, ...(await errorOf(await dance.register({ redirect_uris: [address] })))]).toEqual([
        address,
        400,
        'invalid_redirect_uri',
      ]);
    const many = Array.from({ length: 11 }, (_, index) => `https://app.example/${index}`);
    for (const uris of [many, [], undefined, 'https://app.example/'])
      expect(await errorOf(await dance.register({ redirect_uris: uris }))).toEqual([400, 'invalid_redirect_uri']);
    expect(await errorOf(await dance.register({ grant_types: ['client_credentials'] }))).toEqual([
      400,
      'invalid_client_metadata',
    ]);
    expect(await errorOf(await at.as(null, 'POST', '/oauth/register', 'no json'))).toEqual([
      400,
      'invalid_client_metadata',
    ]);
    expect(await errorOf(await dance.register({ client_name: 'x'.repeat(40_000) }))).toEqual([400, 'invalid_request']);
  });

  it('is limited, and what led to nothing goes after a day', async () => {
    const { clientId: used } = await dance.connected(at.cast.ben);
    const unused = await dance.client();
    await at.hub.db.system.execute(sql`update mcp_clients set created_at = now() - interval '25 hours'`);
    await forgetUnusedApps(at.hub);
    const left = await at.hub.db.system.execute<{ id: string }>(sql`select id from mcp_clients`);
    const ids = left.map(({ id }) => id);
    expect([ids.includes(used), ids.includes(unused)]).toEqual([true, false]);
    let response = await dance.register();
    for (let count = 0; count < 40 && response.status === 201; count += 1) response = await dance.register();
    expect(await errorOf(response)).toEqual([429, 'temporarily_unavailable']);
    await at.hub.db.system.execute(sql`delete from rate_limits`);
  });
});

describe('the question', () => {
  it('sends nobody to an address that was not registered, and back only by their own click', async () => {
    const clientId = await dance.client({ redirect_uris: [callback, 'https://app.example/cb'] });
    const verifier = newVerifier();
    const query = (more: Record<string, string>) => dance.query(clientId, verifier, more);
    const elsewhere = [
      ...[
        'https://app.example/cb/',
        'https://app.example/cb?x',
        'https://app.example/cbx',
        'https://app.example:444/cb',
      ],
      ...['https://app.example.evil.example/cb', 'https://app.example@evil.example/cb', 'https://app.example/cb#x'],
      ...[
        'http://127.0.0.1:1/other',
        'http://localhost:33418/callback',
        'http://127.0.0.1:1@evil.example/callback',
        '',
      ],
    ];
    for (const address of elsewhere) {
      const response = await dance.ask(at.cast.ben, query({ redirect_uri: address }));
      expect([address, response.status, response.headers.get('location')]).toEqual([address, 400, null]);
      expect(await response.text()).not.toContain('href="https://app');
    }
    expect((await dance.ask(at.cast.ben, query({ redirect_uri: 'http://127.0.0.1:5/callback' }))).status).toBe(200);
    expect((await dance.ask(at.cast.ben, query({ client_id: at.cast.ben.id }))).status).toBe(400);
    const twice = query({});
    twice.append('redirect_uri', 'https://app.example/cb');
    expect((await dance.ask(at.cast.ben, twice)).status).toBe(400);

    const wrong: [Record<string, string>, string][] = [
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge: '' }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ resource: 'https://other.example/mcp' }, 'invalid_target'],
      [{ resource: `${at.hub.config.baseUrl}/api` }, 'invalid_target'],
      [{ scope: 'connectors:write' }, 'invalid_scope'],
    ];
    for (const [more, error] of wrong)
      for (const response of [
        await dance.ask(at.cast.ben, query(more)),
        await dance.answer(at.cast.ben, query(more)),
      ]) {
        expect([error, response.status, response.headers.get('location')]).toEqual([error, 400, null]);
        expect(await response.text()).toContain(`error=${error}`);
      }
  });

  it('is asked of somebody who is signed in, and answered from the hub’s own page alone', async () => {
    const query = dance.query(await dance.client({ client_name: '<b>Bold</b>\u202e' }), newVerifier());
    const anonymous = await dance.ask(null, query);
    expect(anonymous.status).toBe(303);
    const next = new URL(anonymous.headers.get('location') ?? '', 'http://x').searchParams.get('next') ?? '';
    expect(new URL(next, 'http://x').searchParams.toString()).toBe(query.toString());
    expect((await dance.answer(null, query)).headers.get('location')).toContain('/signin');
    const shown = await dance.ask(at.cast.ben, query);
    expect(shown.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(shown.headers.get('content-security-policy')).toContain("form-action 'self' https: http://127.0.0.1:*");
    expect(await shown.text()).toContain('&lt;b&gt;Bold&lt;/b&gt;');
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const forged = await dance.answer(at.cast.ben, query, {}, headers);
      expect([forged.status, forged.headers.get('location')]).toEqual([403, null]);
    }
  });

  it('lets an app into a workspace of one’s own only, with connectors of that workspace, for a time that is offered', async () => {
    const query = dance.query(await dance.client(), newVerifier());
    const { ben, cleo } = at.cast;
    expect((await dance.answer(ben, query, { workspace: cleo.tenantId })).status).toBe(404);
    expect((await dance.answer(cleo, query, { reach: 'chosen', connectors: connectorId })).status).toBe(422);
    const wrongs: Record<string, string>[] = [
      { reach: 'chosen' },
      { duration: '4000' },
      { access: 'everything' },
      { reach: 'chosen', connectors: 'x' },
    ];
    for (const wrong of wrongs) expect([wrong, (await dance.answer(ben, query, wrong)).status]).toEqual([wrong, 422]);
    const [home] = await at.hub.db.system.execute<{ id: string }>(
      sql`select id from organizations where name = 'Home of Ben'`,
    );
    const page = await (await dance.ask(ben, new URLSearchParams([...query, ['workspace', home?.id ?? '']]))).text();
    expect(page).toContain('Home of Ben');
    expect(page).not.toContain('>Blog<');
    const location = (await dance.answer(ben, query, { workspace: home?.id ?? '' })).headers.get('location') ?? '';
    expect(new URL(location).searchParams.get('code')).toMatch(/^pbc_/);
  });

  it('tells the app when somebody says no', async () => {
    const query = dance.query(await dance.client(), newVerifier());
    const back = new URL((await dance.answer(at.cast.ben, query, { decision: 'deny' })).headers.get('location') ?? '');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      ...{ error: 'access_denied', state: 'st-1', iss: at.hub.config.baseUrl },
    });
    expect((await actions()).at(-1)).toBe('mcp_app.refused');
  });
});

/** Another one by its last character. */
const changed = (secret: string) => secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0');

describe('a code', () => {
  it('is worth nothing without its verifier, its app and its address, and works once', async () => {
    const [clientId, verifier] = [await dance.client(), newVerifier()];
    const other = await dance.client();
    const code = await dance.code(at.cast.ben, dance.query(clientId, verifier));
    const wrong: [string, Promise<Response>][] = [
      ['invalid_grant', dance.redeem(clientId, code, newVerifier())],
      ['invalid_grant', dance.redeem(clientId, code, '')],
      ['invalid_grant', dance.redeem(other, code, verifier)],
      ['invalid_grant', dance.redeem(clientId, changed(code), verifier)],
      ['invalid_grant', dance.redeem(clientId, code, verifier, { redirect_uri: 'http://127.0.0.1:1/callback' })],
      ['invalid_grant', dance.redeem(clientId, code, verifier, { redirect_uri: '' })],
      ['invalid_target', dance.redeem(clientId, code, verifier, { resource: 'https://other.example/mcp' })],
      ['invalid_grant', dance.refresh(clientId, code)],
      ['unsupported_grant_type', dance.redeem(clientId, code, verifier, { grant_type: 'password' })],
    ];
    for (const [error, response] of wrong) expect(await errorOf(await response)).toEqual([400, error]);
    expect(await errorOf(await dance.redeem('', code, verifier))).toEqual([401, 'invalid_client']);
    const doubled: [string, string][] = [
      ['grant_type', 'refresh_token'],
      ['client_id', clientId],
      ['client_id', other],
    ];
    expect(await errorOf(await dance.form('/oauth/token', doubled))).toEqual([400, 'invalid_request']);

    const both = await Promise.all([dance.redeem(clientId, code, verifier), dance.redeem(clientId, code, verifier)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    const bodies: Json[] = await Promise.all(both.map((response) => response.json()));
    const token = bodies.find((body) => body.access_token).access_token;
    expect(await dance.opens(token)).toBe(401);
    expect((await actions()).at(-1)).toBe('mcp_app.revoked');
  });

  it('ends after a minute, and when the app has no tokens by then it ends as well', async () => {
    const [clientId, verifier] = [await dance.client(), newVerifier()];
    const code = await dance.code(at.cast.ben, dance.query(clientId, verifier));
    const [row] = await run(
      `select extract(epoch from expires_at - now()) as left from mcp_tokens where kind = 'code' order by id desc limit 1`,
    );
    expect(Number(row.left)).toBeLessThanOrEqual(60);
    await run(`update mcp_tokens set expires_at = now() - interval '1 second' where kind = 'code'`);
    expect(await errorOf(await dance.redeem(clientId, code, verifier))).toEqual([400, 'invalid_grant']);
    await forgetUnusedApps(at.hub);
    const [app] = await run(`select revoked_at from api_keys where client_id = '${clientId}'`);
    expect(app.revoked_at).not.toBeNull();
  });
});

describe('tokens', () => {
  it('stand nowhere but in the answer', async () => {
    const { code, access_token, refresh_token } = await dance.connected(at.cast.ben);
    expect([access_token, refresh_token]).toEqual([expect.stringMatching(/^pba_/), expect.stringMatching(/^pbr_/)]);
    const rows = JSON.stringify([
      await run('select * from mcp_tokens'),
      await run('select * from api_keys'),
      await run('select * from audit_events'),
    ]);
    for (const secret of [code, access_token, refresh_token]) {
      expect(rows).not.toContain(secret);
      expect(at.logged.join('\n')).not.toContain(secret);
    }
  });

  it('open the tools for agents and nothing else', async () => {
    const { access_token, refresh_token } = await dance.connected(at.cast.ada);
    expect(await dance.opens(access_token)).toBe(200);
    for (const path of ['/api/catalog', '/api/installed', '/v1/models', '/api/tools'])
      expect([path, await dance.opens(access_token, path)]).toEqual([path, 401]);
    expect(await dance.opens(refresh_token)).toBe(401);
    expect(await dance.opens(changed(access_token))).toBe(401);
  });

  it('are renewed once each; a refresh token that comes twice ends the app', async () => {
    const { clientId, access_token, refresh_token } = await dance.connected(at.cast.ben);
    expect(await errorOf(await dance.refresh(await dance.client(), refresh_token))).toEqual([400, 'invalid_grant']);
    expect(await errorOf(await dance.refresh(clientId, access_token))).toEqual([400, 'invalid_grant']);
    expect(await errorOf(await dance.refresh(clientId, refresh_token, { scope: 'audit:read' }))).toEqual([
      400,
      'invalid_scope',
    ]);
    const next: Json = await (await dance.refresh(clientId, refresh_token, { scope: 'tools:read' })).json();
    expect(await dance.opens(next.access_token)).toBe(200);
    expect(await errorOf(await dance.refresh(clientId, refresh_token))).toEqual([400, 'invalid_grant']);
    for (const token of [access_token, next.access_token]) expect(await dance.opens(token)).toBe(401);
    expect(await errorOf(await dance.refresh(clientId, next.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('have the scopes that they were asked for with; renewing gives all that was allowed again', async () => {
    const { clientId, refresh_token } = await dance.connected(at.cast.ben);
    const scopesOf = async (token: string) => (await openAppToken(at.hub, token))?.scopes;
    const less: Json = await (await dance.refresh(clientId, refresh_token, { scope: 'tools:read' })).json();
    expect([less.scope, await scopesOf(less.access_token)]).toEqual(['tools:read', ['tools:read']]);
    expect(await dance.opens(less.access_token)).toBe(200);
    const all: Json = await (await dance.refresh(clientId, less.refresh_token)).json();
    expect(all.scope).toBe('tools:read tools:execute');
    expect(await scopesOf(all.access_token)).toEqual(['tools:read', 'tools:execute']);
    expect(await scopesOf(less.access_token)).toEqual(['tools:read']);
  });

  it('are of 50 apps of one person at most, however many are let in at once', async () => {
    const apps = async () =>
      (await listApps(at.ctx(at.cast.dan))).filter(({ createdBy }) => createdBy === at.cast.dan.id);
    const first = await dance.connected(at.cast.dan);
    for (let n = (await apps()).length; n < 48; n++) await connectedApp(at, at.cast.dan, `App ${n}`);
    const more = await Promise.allSettled(Array.from({ length: 6 }, () => connectedApp(at, at.cast.dan)));
    const refused = more.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(refused.map(({ code, extra }) => [code, extra])).toEqual(
      Array(4).fill(['quota_exceeded', { max_apps: 50 }]),
    );
    expect(await apps()).toHaveLength(50);
    const page = await dance.answer(at.cast.dan, dance.query(await dance.client(), newVerifier()));
    expect([page.status, await page.text()]).toEqual([409, expect.stringContaining('You have let in 50 apps')]);
    // One that is connected anew takes its own place, and one that goes makes room.
    const again = await dance.answer(at.cast.dan, dance.query(first.clientId, newVerifier()));
    expect(again.status).toBe(303);
    for (const { id } of await apps()) await disconnectApp(at.ctx(at.cast.dan), id);
    await connectedApp(at, at.cast.dan);
  });

  it('end with the app’s own goodbye, which another app cannot say for it', async () => {
    const { clientId, access_token, refresh_token } = await dance.connected(at.cast.ben);
    const revoke = (client: string, token: string) => dance.form('/oauth/revoke', { client_id: client, token });
    expect((await revoke(await dance.client(), refresh_token)).status).toBe(200);
    expect((await revoke(clientId, 'nonsense')).status).toBe(200);
    expect(await dance.opens(access_token)).toBe(200);
    expect((await revoke(clientId, refresh_token)).status).toBe(200);
    expect(await dance.opens(access_token)).toBe(401);
  });

  it('give way to those of a new connection of the same app', async () => {
    const first = await dance.connected(at.cast.ben);
    const verifier = newVerifier();
    const code = await dance.code(at.cast.ben, dance.query(first.clientId, verifier));
    expect(await dance.opens(first.access_token)).toBe(200);
    const second: Json = await (await dance.redeem(first.clientId, code, verifier)).json();
    expect([await dance.opens(first.access_token), await dance.opens(second.access_token)]).toEqual([401, 200]);
  });

  it('see no connector that was not chosen, and change nothing when only reading was allowed', async () => {
    const { access_token } = await dance.connected(at.cast.ada, {
      access: 'read',
      reach: 'chosen',
      connectors: otherId,
    });
    const headers = { authorization: `Bearer ${access_token}`, accept: 'application/json, text/event-stream' };
    const send = async (method: string, params = {}) =>
      (await at.as(null, 'POST', '/mcp', { jsonrpc: '2.0', id: 1, method, params }, headers)).json();
    const { tools } = (await send('tools/list')).result;
    expect(tools.every(({ name }: Json) => !name.startsWith('blog__'))).toBe(true);
    for (const name of ['blog__get_user', 'shop__create_issue'])
      expect((await send('tools/call', { name })).error.code).toBe(-32602);
  });

  it('hold what changes something for an admin when that was chosen', async () => {
    const { access_token } = await dance.connected(at.cast.ada, { access: 'approved' });
    const headers = { authorization: `Bearer ${access_token}`, accept: 'application/json, text/event-stream' };
    const params = { name: 'blog__create_issue', arguments: { repo: 'hello', title: 'Made' } };
    const held = await at.as(null, 'POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers);
    expect((await held.json()).result).toMatchObject({ structuredContent: { status: 'awaiting_approval' } });
  });

  it('of one workspace show nothing of another', async () => {
    const { access_token } = await dance.connected(at.cast.cleo);
    const headers = { authorization: `Bearer ${access_token}`, accept: 'application/json, text/event-stream' };
    const listed = await at.as(null, 'POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers);
    expect(JSON.stringify(await listed.json())).not.toContain('blog__');
  });

  it('rest while the workspace is suspended, and end with the membership of their person', async () => {
    const { clientId, access_token, refresh_token } = await dance.connected(at.cast.dan);
    const { tenantId } = at.cast.dan;
    await at.hub.db.system.execute(sql`update organizations set suspended_at = now() where id = ${tenantId}`);
    expect(await dance.opens(access_token)).toBe(403);
    await at.hub.db.system.execute(sql`update organizations set suspended_at = null where id = ${tenantId}`);
    expect(await dance.opens(access_token)).toBe(200);
    const [membership] = await at.hub.db.system.execute<{ id: string }>(
      sql`select id from members where organization_id = ${tenantId} and user_id = ${at.cast.dan.id}`,
    );
    await removeMember(at.ctx(at.cast.ada), membership?.id ?? '');
    expect(await dance.opens(access_token)).toBe(401);
    expect(await errorOf(await dance.refresh(clientId, refresh_token))).toEqual([400, 'invalid_grant']);
    const again = await dance.answer(at.cast.dan, dance.query(clientId, newVerifier()));
    expect(again.headers.get('location')).toContain('/signin');
  });
});

it('an app is nobody’s to disconnect but its person’s and the admins’', async () => {
  const { clientId } = await dance.connected(at.cast.ada);
  const [{ id }] = (await run(`select id from api_keys where client_id = '${clientId}'`)) as Json;
  for (const person of [at.cast.ben, at.cast.cleo])
    expect((await at.post(person, `/settings/mcp/apps/${id}`, { _method: 'DELETE' })).status).toBe(404);
  expect((await at.as(at.cast.ada, 'GET', `/settings/mcp/apps/${id}/disconnection`)).status).toBe(200);
});

it('below a path, what is well known stands in front of it as well, and tokens are for that path', async () => {
  const below = await testApp({ BASE_URL: 'https://example.com/hub' });
  const get = async (path: string) => below.app.request(`https://example.com${path}`);
  for (const path of ['/.well-known/oauth-authorization-server/hub', '/hub/.well-known/oauth-authorization-server']) {
    const response = await get(path);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.json()).toMatchObject({
      ...{ issuer: 'https://example.com/hub', token_endpoint: 'https://example.com/hub/oauth/token' },
    });
  }
  for (const path of ['/.well-known/oauth-protected-resource/hub/mcp', '/hub/.well-known/oauth-protected-resource/mcp'])
    expect(await (await get(path)).json()).toMatchObject({ resource: 'https://example.com/hub/mcp' });
  expect((await get('/oauth/token')).status).toBe(404);
  const { access_token } = await appDance(below).connected(below.cast.ben);
  expect(access_token).toMatch(/^pba_/);
  await below.close();
});
