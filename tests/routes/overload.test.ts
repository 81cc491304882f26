import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { serve } from '@hono/node-server';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';
import { holdRow } from '../support/hold-row.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

it('who comes while more than a hundred wait for the database is told at once to come back', async () => {
  const { ada } = at.cast;
  const usual = await at.as(ada, 'GET', '/catalog');
  expect(usual.status).toBe(200);
  const release = await holdRow(at.database.admin, sql`lock table connectors in access exclusive mode`);
  const waiting = Array.from({ length: 130 }, () => at.as(ada, 'GET', '/api/installed'));
  await expect.poll(() => at.hub.db.waitedMs(), { timeout: 10_000 }).toBeGreaterThan(250);

  const refused = await at.as(ada, 'GET', '/api/installed');
  expect([refused.status, (await refused.json()).code]).toEqual([503, 'overloaded']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  const told = async (path: string, method = 'GET', headers = {}) => {
    const answer = await at.as(ada, method, path, undefined, { 'x-request-id': 'asked-by-a-test', ...headers });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([503, 'asked-by-a-test']);
    expect(guards(answer)).toEqual(guards(usual));
    return [answer.headers.get('content-type'), await answer.text(), answer.headers.get('hx-reswap')] as const;
  };
  const sentence = 'The hub has too much to do just now. Try again in a few seconds.';
  expect(await told('/catalog')).toEqual(['text/plain; charset=UTF-8', `${sentence}\n`, null]);
  const part = await told('/catalog', 'GET', { 'hx-request': 'true' });
  expect(part).toEqual(['text/html; charset=UTF-8', expect.stringContaining(sentence), 'none']);
  const chat = await told('/v1/chat/completions', 'POST');
  const error = { message: sentence, type: 'server_error', code: 'overloaded', param: null };
  expect([chat[0], JSON.parse(chat[1])]).toEqual(['application/json', { error }]);
  const oauth = { error: 'temporarily_unavailable', error_description: sentence };
  expect(JSON.parse((await told('/oauth/token', 'POST'))[1])).toEqual(oauth);
  expect(JSON.parse((await told('/mcp', 'POST'))[1])).toMatchObject({
    request_id: 'asked-by-a-test',
    detail: sentence,
  });
  expect((await at.as(null, 'GET', '/healthz')).status).toBe(200);

  await release();
  await Promise.all(waiting);
  expect(at.hub.db.waitedMs()).toBe(0);
  expect((await at.as(ada, 'GET', '/api/installed')).status).toBe(200);
});

const guards = ({ headers }: Response) =>
  [...headers].filter(([name]) =>
    /^(content-security|x-(content|frame)|referrer|cross|permissions|cache|strict)/.test(name),
  );

it('a body that does not come to its end in time is told so, and is no defect of the hub', async () => {
  const serverOptions = { requestTimeout: 500, headersTimeout: 500, connectionsCheckingInterval: 100 };
  const server = serve({ fetch: at.app.fetch, port: 0, hostname: '127.0.0.1', serverOptions });
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  const { host, origin } = new URL(at.hub.config.baseUrl);
  const headers = `Host: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: 100`;
  socket.write(`POST /api/auth/sign-in/email HTTP/1.1\r\n${headers}\r\n\r\n{"email":`);
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  const lines = () => at.logged.filter((line) => line.includes('/api/auth/sign-in/email'));
  await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(lines().map((line) => JSON.parse(line).status)).toEqual([400]);
  expect(at.logged.filter((line) => line.includes('unexpected error'))).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});
