import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findConnection } from '../../../src/db/queries/connections.ts';
import { findConnector } from '../../../src/db/queries/connectors.ts';
import { type LoadedDriver, requestJson } from '../../../src/drivers/driver.ts';
import { callService } from '../../../src/services/calls/connected-calls.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../../src/services/connectors/connectors.ts';
import { checkConnection } from '../../../src/services/health/health.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startOauthServer } from '../../sandbox/oauth-server.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';

const origin = 'https://oauth.demo.example';
const secret = 'client-canary-7f3a';
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clients = [
  { client_id: 'backend', client_secret: secret },
  { client_id: 'poster', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
  {
    ...{ client_id: 'keyed', token_endpoint_auth_method: 'private_key_jwt' },
    jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] },
  },
];

const signer = 'https://sign.example';
const signed = {
  ...{ client_id: 'signer', client_authentication: 'private_key_jwt', key_id: 'one' },
  private_key: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }),
};
/** What the token endpoint at `signer` was asked last. */
let asserted = new URLSearchParams();
const signing = createServer(async (request, response) => {
  asserted = new URLSearchParams(await text(request));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ access_token: 'signed-for', token_type: 'Bearer', expires_in: 300 }));
});

let service: StandIn;
/** At an address of its own: it takes assertions for that only. */
let strict: StandIn;
let at: TestApp;
let count = 0;
beforeAll(async () => {
  service = await startOauthServer({ clients });
  strict = await startOauthServer({ clients });
  await new Promise<void>((resolve) => signing.listen(0, '127.0.0.1', resolve));
  const signerUrl = `http://127.0.0.1:${(signing.address() as AddressInfo).port}`;
  at = await testApp({
    BASE_URL: 'http://hub.localhost',
    UPSTREAM_OVERRIDES: JSON.stringify({ [origin]: service.url, [signer]: signerUrl }),
    ALLOWED_PRIVATE_HOSTS: [service.url, strict.url, signerUrl].map((url) => new URL(url).host).join(','),
  });
});
afterAll(async () => {
  await at.close();
  await service.close();
  await strict.close();
  signing.close();
});
beforeEach(() => service.control.reset());

const run = (query: ReturnType<typeof sql>) =>
  at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query)) as Promise<Json[]>;

/** A connector with these auth fields; the ids of it and its connection. */
async function install(auth: Json) {
  count += 1;
  const config = { base_url: `${origin}/api` };
  const client = { method: 'client_credentials', token_url: `${origin}/token`, client_id: 'backend', ...auth };
  const body = { catalog_key: 'http-api', name: `Orders ${count}`, config, auth: client };
  const answer = await at.as(at.cast.ada, 'POST', '/api/connectors', body);
  expect(answer.status, await answer.clone().text()).toBe(201);
  const { id } = await answer.json();
  const [connection] = await run(sql`select id from connections where connector_id = ${id}`);
  return { connectorId: id as string, id: connection.id as string };
}

async function call(id: string, hub = at.hub) {
  const ctx = { ...at.ctx(at.cast.ada), hub };
  const target = await at.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connection = await findConnection(tx, ctx.tenantId, id);
    const connector = connection && (await findConnector(tx, ctx.tenantId, connection.connectorId));
    if (!connector) throw new Error('gone');
    return { connection, connector, driver: at.hub.drivers.get('http-api') as LoadedDriver };
  });
  let seen: Json;
  const { value } = await callService(ctx, target, { sideEffect: 'none' }, (context) => {
    seen = context.auth;
    const headers = { authorization: `Bearer ${context.auth.access_token}` };
    return requestJson(context, `${origin}/api/me`, { headers });
  });
  return { seen, value: value as Json };
}

const grants = async () => (await service.control.counts()).granted.client_credentials ?? 0;

describe('client credentials', () => {
  it('are exchanged for a token at the first call, which is kept and renewed; the secret goes nowhere else', async () => {
    const { id } = await install({ client_secret: secret, scope: 'read' });
    const { seen, value } = await call(id);
    expect(value).toMatchObject({ client_id: 'backend', scope: 'read' });
    expect(Object.keys(seen).toSorted()).toEqual(['access_token', 'method', 'scopes', 'token_type']);
    await call(id);
    expect(await grants()).toBe(1);
    await run(
      sql`update credentials set created_at = now() - interval '1 hour', expires_at = now() where connection_id = ${id}`,
    );
    await Promise.all([call(id), call(id), call(id)]);
    expect(await grants()).toBe(2);
    await service.control.expire({});
    await call(id);
    expect(await grants()).toBe(3);
    const told = JSON.stringify([at.logged, await run(sql`select * from audit_events`)]);
    for (const each of [secret, seen.access_token]) expect(told).not.toContain(each);
  });

  it('prove themselves in the body where the service wants that', async () => {
    const { id } = await install({ client_id: 'poster', client_secret: secret, client_authentication: 'post' });
    expect((await call(id)).value.client_id).toBe('poster');
  });

  it('prove themselves by an assertion that is signed for the token endpoint', async () => {
    const { id } = await install({ ...signed, token_url: `${signer}/token`, signing_algorithm: 'ES256' });
    await call(id).catch(() => {}); // its tokens open nothing at the other service
    const [header = '', payload = '', signature = ''] = String(asserted.get('client_assertion')).split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toMatchObject({ alg: 'ES256', kid: 'one' });
    expect(read(payload)).toMatchObject({ iss: 'signer', sub: 'signer', aud: `${signer}/token` });
    const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const good = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
    expect(good).toBe(true);
    expect(asserted.get('client_secret')).toBeNull();
  });

  it('prove themselves by a key to a certified implementation, anew with each try', async () => {
    const keyed = { ...signed, client_id: 'keyed', token_url: `${strict.url}/token`, signing_algorithm: 'ES256' };
    await strict.control.fault('status', { path: '/token', times: 1 });
    const { connectorId } = await install({ ...keyed, token_retry_base_s: 0.1 });
    await setConnectorStatus(at.ctx(at.cast.ada), connectorId, 'active');
    const answer = await at.as(at.cast.ada, 'POST', `/api/connectors/${connectorId}/oauth-token`);
    const body = await answer.json();
    expect([answer.status, body]).toEqual([200, expect.objectContaining({ configured: true, reason: null })]);
    expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now());
    expect(JSON.stringify(body)).not.toMatch(/token"|eyJ/);
  });

  it('are asked for as often as the settings say, and not again when they are refused', async () => {
    const asked = async () => (await service.control.requests()).filter(({ path }) => path.startsWith('/token')).length;
    await service.control.fault('status', { path: '/token', times: 9 });
    const { id } = await install({ client_secret: secret, token_retries: 2, token_retry_base_s: 0.1 });
    await expect(call(id)).rejects.toThrow('token endpoint');
    expect(await asked()).toBe(3);
    await service.control.reset();
    const wrong = await install({ client_secret: 'wrong', token_retries: 5 });
    await expect(call(wrong.id)).rejects.toThrow('Check the client ID');
    expect(await asked()).toBe(1);
    const hurried = await install({
      client_secret: secret,
      token_retries: 5,
      token_retry_base_s: 10,
      token_deadline_s: 1,
    });
    await service.control.fault('status', { path: '/token', times: 9 });
    await expect(call(hurried.id)).rejects.toThrow('token endpoint');
    expect(await asked()).toBe(2);
  });

  it('go by the grant type of the settings', async () => {
    const { id } = await install({
      ...signed,
      token_url: `${signer}/token`,
      signing_algorithm: 'ES256',
      grant_type: 'urn:example:machine',
    });
    await call(id).catch(() => {});
    expect(asserted.get('grant_type')).toBe('urn:example:machine');
  });

  it('give one token to two replicas that need it at once', async () => {
    const { id } = await install({ client_secret: secret });
    const other = { ...at.hub };
    await Promise.all([call(id), call(id, other), call(id), call(id, other)]);
    expect(await grants()).toBe(1);
  });

  it('are told plainly to be missing where a connector needs none', async () => {
    const input = { name: 'Open', tags: [], config: { base_url: origin }, auth: { method: 'none' } };
    const { id } = await installConnector(at.ctx(at.cast.ada), 'http-api', input);
    const answer = await at.as(at.cast.ada, 'POST', `/api/connectors/${id}/oauth-token`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        configured: false,
        reason: expect.stringContaining('no OAuth client credentials'),
        scopes: [],
        obtained_at: null,
        expires_at: null,
      },
    ]);
  });

  it('that are wrong expire the connection, and work again once they are mended', async () => {
    const { id, connectorId } = await install({ client_secret: 'wrong' });
    await expect(call(id)).rejects.toThrow('Check the client ID and the client secret');
    const state = async () => (await run(sql`select status, status_reason from connections where id = ${id}`))[0];
    expect(await state()).toMatchObject({ status: 'expired' });
    await checkConnection(at.ctx(at.cast.ada), id, 'person');
    expect(await state()).toMatchObject({ status: 'expired' });
    const [{ version }] = await run(sql`select version from connectors where id = ${connectorId}`);
    const auth = {
      ...{ method: 'client_credentials', token_url: `${origin}/token` },
      ...{ client_id: 'backend', client_secret: secret },
    };
    await updateConnector(at.ctx(at.cast.ada), connectorId, { version, auth });
    await checkConnection(at.ctx(at.cast.ada), id, 'person');
    expect(await state()).toMatchObject({ status: 'active', status_reason: null });
    expect((await call(id)).value.client_id).toBe('backend');
  });

  it('need a key of the algorithm that was chosen', async () => {
    const { id } = await install({ ...signed, signing_algorithm: 'RS256' });
    await expect(call(id)).rejects.toThrow('the private key is no RS256 key');
  });
});
