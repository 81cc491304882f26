import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenAnswer } from '../../../src/auth/token-answer.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { existingTenantKeys } from '../../../src/services/secrets/keyring.ts';
import { sealSecrets } from '../../../src/services/secrets/secrets.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { connectionUnder } from '../../support/rows.ts';

/** What people paste along with a key, and no HTTP header can carry (RFC 9110, section 5.5). */
const long = 'abcdefgh'.repeat(6);
const unfit = ['\n', '\r\nx', '\u0000x', '\u0001x', '”', '…', '\u{1f511}'].map((bad) => `${long}${bad}`);

let server: Server;
let at: TestApp;
let config: Json;
beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(200).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  config = { base_url: `http://127.0.0.1:${port}/` };
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${port}` });
});
afterAll(async () => {
  await at.close();
  await new Promise((resolve) => server.close(resolve));
});

const ask = async (method: string, path: string, body?: Json) => {
  const answer = await at.as(at.cast.ada, method, path, body);
  return { status: answer.status, body: (await answer.json()) as Json };
};
const input = (api_key: string) => ({
  ...{ catalog_key: 'http-api', name: 'Keyed', config, tags: [] },
  auth: { method: 'api_key', api_key },
});
async function installed() {
  const { id, version } = await installConnector(at.ctx(at.cast.ada), 'http-api', {
    ...input('abcdefgh'),
    name: `Keyed ${crypto.randomUUID()}`,
  });
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
  return { id, version: version + 1, connectionId: await connectionUnder(at, id) };
}

describe('a credential that no HTTP header can carry', () => {
  it('is refused beside its field: at install, test, update and rotation', async () => {
    const { id, connectionId } = await installed();
    const { version } = (await ask('GET', `/api/connectors/${id}`)).body;
    for (const key of unfit) {
      const { auth } = input(key);
      const told = [
        await ask('POST', '/api/connectors', input(key)),
        await ask('POST', '/api/connectors/test', { catalog_key: 'http-api', config, auth }),
        await ask('PUT', `/api/connectors/${id}`, { version, auth }),
        await ask('POST', `/api/connections/${connectionId}/rotate`, { credential: { api_key: key } }),
      ];
      expect([key, ...told.map(({ status }) => status)]).toEqual([key, 422, 422, 422, 422]);
      const fields = told.map(({ body }) => Object.entries(body.errors as Record<string, string[]>));
      expect(fields.map(([first]) => first?.[0])).toEqual([
        'auth.api_key',
        'auth.api_key',
        'auth.api_key',
        'credential.api_key',
      ]);
      for (const [first] of fields) expect(first?.[1][0]).toMatch(/line breaks|can be typed/);
    }
  });

  it.each(['linkedin', 'twitter', 'wordpress', 'medium', 'github', 'slack', 'openai', 'composio'])(
    'is none of %s’s',
    async (key) => {
      const isKey = ['openai', 'composio'].includes(key);
      for (const text of unfit) {
        const auth = isKey ? { method: 'api_key', api_key: text } : { method: 'token', access_token: text };
        const { body } = await ask('POST', '/api/validate-config', { catalog_key: key, config: {}, auth });
        const field = isKey ? 'auth.api_key' : 'auth.access_token';
        expect([text, Object.keys(body.errors ?? {})]).toEqual([text, expect.arrayContaining([field])]);
      }
    },
  );

  it('is not taken as one that somebody brings along', async () => {
    const auth = { method: 'oauth2', client_id: '86abcdefghijkl', client_secret: 'WPL_AP1.abcdefgh' };
    const made = await ask('POST', '/api/connectors', { catalog_key: 'linkedin', name: 'In', config: {}, auth });
    expect([made.status, made.body.errors]).toEqual([201, undefined]);
    for (const access_token of unfit) {
      const brought = await ask('POST', '/api/connections', {
        connector_id: made.body.id,
        credential: { access_token },
      });
      expect([access_token, brought.status, Object.keys(brought.body.errors ?? {})]).toEqual([
        access_token,
        422,
        ['credential.access_token'],
      ]);
    }
  });

  it('is none that a token endpoint may grant', async () => {
    for (const access_token of unfit)
      await expect(tokenAnswer(Response.json({ access_token, token_type: 'Bearer' }))).rejects.toThrow('HTTP header');
  });

  it('that was saved before is named by a check, and is no failure of the hub', async () => {
    const { id, connectionId } = await installed();
    const { tenantId } = at.cast.ada;
    await at.database.db.asTenant(tenantId, async (tx) => {
      const keys = await existingTenantKeys(tx, at.hub.vault, tenantId);
      const seat = { tenantId, connectorId: id, part: 'auth' } as const;
      const schema = at.hub.drivers.get('http-api')?.entry.authSchema ?? {};
      const origin = new URL(config.base_url).origin;
      const auth = sealSecrets(at.hub.vault, keys, seat, schema, { method: 'api_key', api_key: 'abcd\nefgh' }, [
        origin,
      ]);
      await tx.execute(sql`update connectors set auth = ${JSON.stringify(auth)}::jsonb where id = ${id}`);
    });
    const { status, body } = await ask('GET', `/api/connections/${connectionId}/health?refresh=true`);
    expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining('no HTTP header can carry')]);
    const tool = { connection_id: connectionId, arguments: { method: 'GET', path: '/' } };
    expect((await ask('POST', '/api/tools/http-api.request/execute', tool)).status).toBeLessThan(500);
    expect(JSON.stringify([body, at.logged])).not.toMatch(/abcd(\\\\?n|\n)efgh/);
  });
});
