import { createServer, type IncomingHttpHeaders, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { upsertSettings } from '../../src/db/queries/tenant-settings.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { connectionUnder } from '../support/rows.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);
const canary = 'canary/secret+of the-service';

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A service that says what it was asked, and answers as a test wants it to. */
let echo: Server;
let seen: Seen[] = [];
let answerWith: (response: ServerResponse, request: Seen) => void;
const plainly = (response: ServerResponse) => response.end('{"ok":true}');

let github: StandIn;
let at: TestApp;
let own: string;
let code: string;
beforeAll(async () => {
  echo = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const asked = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    seen.push(asked);
    answerWith(response, asked);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const { port } = echo.address() as AddressInfo;
  github = await startGithub();
  const wired = wiring({ github: github.url });
  at = await testApp({
    BASE_URL: 'http://hub.localhost',
    ...wired,
    ALLOWED_PRIVATE_HOSTS: `${wired.ALLOWED_PRIVATE_HOSTS},127.0.0.1:${port}`,
  });
  const install = async (key: string, name: string, config: Json, auth: Json) => {
    const { id } = await installConnector(at.ctx(at.cast.ada), key, { name, tags: [], config, auth });
    await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
    return connectionUnder(at, id);
  };
  const key = { method: 'api_key', api_key: canary, placement: 'header', name: 'X-Service-Key' };
  const config = {
    base_url: `http://127.0.0.1:${port}/v1`,
    headers: { 'X-Always': 'yes' },
    query: [{ name: 'format', value: 'json' }],
  };
  own = await install('http-api', 'Own', config, key);
  code = await install('github', 'Code', { owner: 'octocat' }, { method: 'token', access_token: octocat });
});
afterAll(async () => {
  await at.close();
  await github.close();
  await new Promise((resolve) => echo.close(resolve));
});
beforeEach(async () => {
  seen = [];
  answerWith = plainly;
  await github.control.reset();
});

const pass = (
  path: string,
  method = 'GET',
  init: { body?: string; headers?: Record<string, string> } = {},
  person: Person | null = at.cast.ben,
) =>
  at.app.request(`http://hub.localhost/api/proxy/${path}`, {
    method,
    headers: { ...(person && { cookie: person.cookie }), ...init.headers },
    body: init.body,
  });
const latest = async () => (await (await at.as(at.cast.ada, 'GET', '/api/executions?limit=1')).json()).data[0];

describe('the tool of a service of one’s own', () => {
  const call = async (args: Json) => {
    const body = { connection_id: own, arguments: args };
    return (await (await at.as(at.cast.ben, 'POST', '/api/tools/http-api.request/execute', body)).json()) as Json;
  };

  it('sends a request below the base URL', async () => {
    answerWith = (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":7}');
    const asked = { method: 'POST', path: 'things', query: { a: '1' }, headers: { 'X-Custom': 'yes' }, body: '{}' };
    const { status, data } = await call(asked);
    expect([status, data.status, data.body]).toEqual(['succeeded', 201, { id: 7 }]);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/things?format=json&a=1', body: '{}' });
    expect(seen[0]?.headers).toMatchObject({ 'x-custom': 'yes', 'x-always': 'yes', 'x-service-key': canary });
  });

  it('does not leave it, and tells which argument is to mend', async () => {
    for (const path of ['../admin', '//evil.example', '/..%2fadmin'])
      expect((await call({ method: 'GET', path })).error).toMatchObject({ code: 'service_input', field: 'path' });
    expect(seen).toEqual([]);
  });

  it('refuses headers that cannot be sent, and calls that no defect of its own', async () => {
    for (const headers of [{ 'no name': 'x' }, { 'x-line': 'a\r\nX-Injected: b' }, { 'x-wide': '€' }])
      expect((await call({ method: 'GET', path: '/', headers })).error).toMatchObject({
        code: 'service_input',
        field: 'headers',
      });
    expect(seen).toEqual([]);
  });

  it('tells nobody the credential that the service says back', async () => {
    answerWith = (response, { headers }) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-sent': canary })
        .end(JSON.stringify({ headers }));
    const { data } = await call({ method: 'GET', path: '/headers' });
    expect(data.body.headers['x-service-key']).toBe('[redacted]');
    expect(JSON.stringify(data)).not.toContain(canary);
  });

  it('says what is wrong with its address or credential', async () => {
    const health = async (status: number) => {
      answerWith = (response) => response.writeHead(status).end();
      const path = `/api/connections/${own}/health?refresh=true`;
      await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
        tx.execute('update connections set health_checked_at = null'),
      );
      return JSON.stringify(await (await at.as(at.cast.ada, 'GET', path)).json());
    };
    expect(await health(401)).toContain('does not accept the credential');
    expect(await health(404)).toContain('cannot be seen here');
    expect(await health(200)).toContain('It answers with HTTP 200.');
  });
});

describe('a request through the proxy', () => {
  it('reaches the service with the credential, and comes back as it is', async () => {
    const answer = await pass(`${code}/repos/octocat/hello-world`);
    expect([answer.status, (await answer.json()).full_name]).toEqual([200, 'octocat/hello-world']);
    expect(await latest()).toMatchObject({ tool: 'proxy', status: 'succeeded', attempts: 1, connection_id: code });
    expect(answer.headers.get('patchbay-execution')).toBe((await latest()).id);
  });

  it('carries method, query, body and headers, and what the connector always sends', async () => {
    const init = {
      body: 'a=1&_method=DELETE&_tenant=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-custom': 'yes' },
    };
    const answer = await pass(`${own}/things/a%2Fb?q=1&q=2&format=xml`, 'PUT', init);
    expect(answer.status).toBe(200);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'PUT', url: '/v1/things/a%2Fb?q=1&q=2&format=xml', body: init.body });
    expect(seen[0]?.headers).toMatchObject({ 'x-custom': 'yes', 'x-always': 'yes', 'x-service-key': canary });
    await pass(`${own}/posted`, 'POST', init);
    expect(seen[1]).toMatchObject({ method: 'POST', url: '/v1/posted?format=json', body: init.body });
    expect((await pass(`${own}/what`, 'OPTIONS')).status).toBe(200);
    expect(seen[2]).toMatchObject({ method: 'OPTIONS', url: '/v1/what?format=json' });
  });

  it('takes nothing of the caller’s own along, and no other credential than the connection’s', async () => {
    const { key } = await (
      await at.as(at.cast.ada, 'POST', '/api/api-keys', { name: 'Proxy', role: 'member', scopes: ['proxy:execute'] })
    ).json();
    const headers = {
      authorization: `Bearer ${key}`,
      'x-service-key': 'mine',
      'x-forwarded-for': '1.2.3.4',
      'x-http-method-override': 'DELETE',
    };
    const answer = await pass(`${own}/x`, 'GET', { headers });
    expect(answer.status).toBe(200);
    const text = JSON.stringify(seen);
    expect(text).not.toContain(key);
    expect(text).not.toContain(at.cast.ben.cookie.split('=')[1]);
    expect(seen[0]?.headers).not.toHaveProperty('x-http-method-override');
    expect(seen[0]?.headers).not.toHaveProperty('x-forwarded-for');
    expect(seen[0]?.headers['x-service-key']).toBe(canary);
  });

  it('answers as something that no browser acts upon', async () => {
    answerWith = (response) => {
      response.writeHead(418, {
        'content-type': 'text/html',
        'set-cookie': 'patchbay.session=evil',
        'strict-transport-security': 'max-age=99',
        'x-accel-redirect': '/etc/passwd',
        'access-control-allow-origin': '*',
        'x-echo': canary,
      });
      response.end('<script>alert(1)</script>');
    };
    const answer = await pass(`${own}/page`);
    expect([answer.status, await answer.text()]).toEqual([418, '<script>alert(1)</script>']);
    for (const name of ['set-cookie', 'strict-transport-security', 'x-accel-redirect', 'access-control-allow-origin'])
      expect([name, answer.headers.get(name)]).toEqual([name, null]);
    expect(answer.headers.get('x-echo')).toBe('[redacted]');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none';.* sandbox$/);
    expect(await latest()).toMatchObject({ status: 'failed', error: { code: 'service_input' } });
  });

  it('hands on no credential that the service says back, however it arrives', async () => {
    const text = `before ${canary} between ${encodeURIComponent(canary)} after ${canary.slice(0, 9)}`;
    for (const pieces of [[text], [...text], [text.slice(0, 12), text.slice(12, 30), text.slice(30)]]) {
      answerWith = async (response) => {
        response.writeHead(400, { 'content-type': 'text/plain' });
        for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
        response.end();
      };
      const answer = await pass(`${own}/echo`);
      expect(await answer.text()).toBe(`before [redacted] between [redacted] after ${canary.slice(0, 9)}`);
    }
  });

  it('follows no redirect, and leads back only to itself', async () => {
    const { port } = echo.address() as AddressInfo;
    const cases: [string, string | null, string | null][] = [
      ['https://evil.example/x', null, 'https://evil.example/x'],
      ['//evil.example/x', null, 'http://evil.example/x'],
      ['/admin', null, `http://127.0.0.1:${port}/admin`],
      ['/v1/next?page=2', `/api/proxy/${own}/next?page=2`, null],
      [`http://127.0.0.1:${port}/v1/a/../b`, `/api/proxy/${own}/b`, null],
      [`/v1/x?key=${encodeURIComponent(canary)}`, `/api/proxy/${own}/x?key=[redacted]`, null],
    ];
    for (const [location, here, elsewhere] of cases) {
      seen = [];
      answerWith = (response) => response.writeHead(302, { location }).end();
      const answer = await pass(`${own}/go`);
      expect([
        location,
        answer.status,
        answer.headers.get('location'),
        answer.headers.get('upstream-location'),
      ]).toEqual([location, 302, here, elsewhere]);
      expect(seen).toHaveLength(1);
    }
  });

  it('cannot leave the address of the connection by any spelling', async () => {
    const server = serve({ fetch: at.app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    // As no client would send it: over a socket, with nothing cleaned up on the way.
    const raw = (path: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { host: 'hub.localhost', cookie: at.cast.ben.cookie };
        request({ port, host: '127.0.0.1', path, headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
      });
    for (const rest of [
      '/../admin',
      '/a/../../../admin',
      '/..%2fadmin',
      '/%2e%2e/admin',
      '//evil.example/',
      '/%2f%2fevil.example',
      '/..;/admin',
      '/%252e%252e/admin',
      '/..\\admin',
      '@evil.example/',
      ':80@evil.example/',
    ])
      expect([rest, (await raw(`/api/proxy/${own}${rest}`)) >= 400]).toEqual([rest, true]);
    expect(seen).toEqual([]);
    expect(await raw(`/api/proxy/${own}/fine`)).toBe(200);
    expect(seen).toHaveLength(1);
    await new Promise((resolve) => server.close(resolve));
  });

  it('takes bodies of ten megabytes and streams what comes back', async () => {
    const big = 'x'.repeat(9 * 1024 * 1024);
    answerWith = (response, { body }) => response.end(body);
    const answer = await pass(`${own}/big`, 'POST', { body: big });
    expect((await answer.text()).length).toBe(big.length);
    expect((await pass(`${own}/big`, 'POST', { body: `${big}${big}` })).status).toBe(413);
  });

  it('is for who may use the connection', async () => {
    expect((await pass(`${own}/x`, 'GET', {}, null)).status).toBe(401);
    expect((await pass(`${own}/x`, 'GET', {}, at.cast.cleo)).status).toBe(404);
    expect((await pass('nonsense/x')).status).toBe(404);
    expect((await pass(`${own}/x`, 'GET', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    const { connector_id: id } = await (async () => {
      await pass(`${own}/x`);
      return latest();
    })();
    await setConnectorStatus(at.ctx(at.cast.ada), id, 'inactive');
    const inactive = await pass(`${own}/x`);
    await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
    expect([inactive.status, (await inactive.json()).detail]).toEqual([409, 'Own is inactive. Activate it first.']);
  });

  it('leaves no secret in answers, records and the log', async () => {
    const { id, tenantId } = at.cast.ada;
    await at.hub.db.asTenant(tenantId, (tx) =>
      upsertSettings(tx, tenantId, { keepPayloads: true, updatedBy: id, updatedByName: 'Ada' }),
    );
    await pass(`${own}/x?token=${octocat}`);
    expect((await latest()).input).toEqual({ method: 'GET', path: '/x', query: { token: '[redacted]' } });
    await github.control.revoke({ token: octocat });
    const refused = await pass(`${code}/user`);
    expect([refused.status, (await latest()).error.code]).toEqual([401, 'service_credential']);
    const { data } = await (await at.as(at.cast.ada, 'GET', '/api/executions?limit=100')).json();
    const everything = JSON.stringify([await refused.text(), [...refused.headers], data, at.logged]);
    for (const secret of [canary, encodeURIComponent(canary), octocat]) expect(everything).not.toContain(secret);
  });

  // Last: after five failures in a row calls to the service pause for a while.
  it('repeats what reads when the service stumbles, and never what may have changed something', async () => {
    answerWith = (response) => void (seen.length === 1 ? response.writeHead(503).end() : plainly(response));
    expect((await pass(`${own}/r`)).status).toBe(200);
    expect(seen).toHaveLength(2);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      seen = [];
      answerWith = (response) => void response.writeHead(503).end();
      expect((await pass(`${own}/w`, method)).status).toBe(503);
      expect([method, seen.length]).toEqual([method, 1]);
    }
    // RFC 6585 does not say that what was answered with 429 had no effect.
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      seen = [];
      answerWith = (response) => void response.writeHead(429, { 'retry-after': '0' }).end();
      const limited = await pass(`${own}/w`, method);
      expect([method, limited.status, limited.headers.get('retry-after'), seen.length]).toEqual([method, 429, '0', 1]);
    }
    seen = [];
    answerWith = (response) => void (seen.length === 1 ? response.writeHead(429).end() : plainly(response));
    expect([(await pass(`${own}/r`)).status, seen.length]).toEqual([200, 2]);
    seen = [];
    answerWith = (response) => void response.destroy();
    const lost = await pass(`${own}/w`, 'POST', { body: 'x' });
    expect([lost.status, await lost.json()]).toEqual([
      502,
      expect.objectContaining({ code: 'service_failed', outcome: 'outcome_unknown' }),
    ]);
    expect(seen).toHaveLength(1);
  });
});
