import { connect } from 'node:net';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../support/app.ts';
import { freePort } from '../support/ports.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

describe('a NUL in an address', () => {
  it.each([
    '/api/installed?q=%00',
    '/api/installed?catalog_key=a%00',
    '/api/audit?action=%00',
    '/installed?q=%00',
    '/installed?entry=%00',
    '/activity?q=%00',
    '/connectors/%00',
  ])('is refused and reaches no query: %s', async (path) => {
    const response = await hub.as(hub.cast.ada, 'GET', path);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('%00')]);
  });

  it('may stand in it escaped once more, as any text', async () => {
    expect((await hub.as(hub.cast.ada, 'GET', '/api/installed?q=%2500')).status).toBe(200);
  });
});

describe('a request line with a whole address', () => {
  let port = 0;
  let server: ReturnType<typeof serve>;
  beforeAll(async () => {
    port = await freePort();
    server = serve({ fetch: hub.app.fetch, port, hostname: '127.0.0.1' });
  });
  afterAll(() => void server.close());

  /** As no client of ours would send it. */
  const say = (target: string, method = 'GET') =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(
          `${method} ${target} HTTP/1.1\r\nHost: hub.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        ),
      );
      let answer = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      socket.on('end', () => resolve(answer)).on('error', reject);
    });

  it.each([
    'http://u:p@hub.test/',
    'http://u@hub.test/signin',
    'http://:p4ss@hub.test/api/catalog',
    'https://u:p@hub.test',
  ])('is refused when there is a user in it: %s', async (target) => {
    for (const method of ['GET', 'POST']) expect(await say(target, method)).toMatch(/^HTTP\/1\.1 400 /);
    expect(hub.logged.join()).not.toContain('p4ss');
  });

  it('is answered when there is none, also with an @ elsewhere', async () => {
    expect(await say('http://hub.test/healthz')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await say('http://hub.test/signin?next=/@x')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await say('/nowhere/@x')).toMatch(/^HTTP\/1\.1 (303|404) /);
  });
});
