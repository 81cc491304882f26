import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';
import { figure, tries } from './measure.ts';

// A service that takes a request, and then everything goes wrong: has it been asked twice?

let service: Server;
let hub: TestApp;
/** By the request's own mark, how often it arrived. */
const arrived = new Map<string, number>();
const faults: Record<string, (socket: Socket, response: ServerResponse) => void> = {
  'closes at once': (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  'half an answer': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
  'half a header': (socket) => socket.end('HTTP/1.1 200 OK\r\nconte'),
  'no HTTP': (socket) => socket.end('hello?\r\n\r\n'),
  '500': (_socket, response) => response.writeHead(500).end('{}'),
  '502': (_socket, response) => response.writeHead(502).end('{}'),
  '503': (_socket, response) => response.writeHead(503, { 'retry-after': '0' }).end('{}'),
  '504': (_socket, response) => response.writeHead(504).end('{}'),
  '429': (_socket, response) => response.writeHead(429, { 'retry-after': '0' }).end('{}'),
  '408': (_socket, response) => response.writeHead(408, { connection: 'close' }).end(),
  '425': (_socket, response) => response.writeHead(425).end(),
  'an empty 200': (_socket, response) => response.writeHead(200).end(),
  HTML: (_socket, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Down'),
  'wrong JSON': (_socket, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
  'a redirect to itself': (_socket, response) => response.writeHead(307, { location: '/again' }).end(),
  'a broken gzip': (_socket, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
};
beforeAll(async () => {
  service = createServer(async (request, response) => {
    for await (const _ of request); // it has the whole request before it fails
    const mark = String(request.headers['x-mark'] ?? new URL(request.url ?? '', 'http://x').searchParams.get('mark'));
    if (new URL(request.url ?? '', 'http://x').pathname.endsWith('/again')) return response.end('{}');
    arrived.set(mark, (arrived.get(mark) ?? 0) + 1);
    faults[mark.split('~')[0] ?? '']?.(request.socket, response);
  });
  await new Promise<void>((resolve) => service.listen(0, resolve));
  hub = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: '127.0.0.0/8' });
});
afterAll(async () => {
  await hub.close();
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
});

it('a request that may have had its effect is not sent again', async () => {
  const { ada } = hub.cast;
  const { port } = service.address() as AddressInfo;
  let at = 0;
  let host = 1;
  const connectors = Math.max(1, Math.round(tries(68) / Object.keys(faults).length / 4));
  const marks: string[] = [];
  for (let round = 0; round < connectors; round++)
    for (const fault of Object.keys(faults)) {
      await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
      // Each has an address of its own: calls to one that fails again and again pause.
      host += 1;
      const body = {
        catalog_key: 'http-api',
        name: `${fault} ${round}`,
        config: { base_url: `http://127.0.0.${host}:${port}`, timeout_s: 5 },
        auth: { method: 'none' },
      };
      const { id } = await (await hub.as(ada, 'POST', '/api/connectors', body)).json();
      await hub.as(ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
      const connection = await connectionUnder(hub, id);
      const marked = () => {
        at += 1;
        marks.push(`${fault}~${at}`);
        return encodeURIComponent(`${fault}~${at}`);
      };
      for (const method of ['POST', 'PATCH'])
        await (await hub.as(ada, method, `/api/proxy/${connection}/x?mark=${marked()}`, { a: 1 }))
          .text()
          .catch(() => {});
      const execute = {
        connection_id: connection,
        arguments: { method: 'POST', path: '/x', query: { mark: decodeURIComponent(marked()) }, body: { a: 1 } },
      };
      await hub.as(ada, 'POST', '/api/tools/http-api.request/execute', execute);
      const key = { 'idempotency-key': `once-${at}` };
      const again = { ...execute, arguments: { ...execute.arguments, query: { mark: decodeURIComponent(marked()) } } };
      await hub.as(ada, 'POST', '/api/tools/http-api.request/execute', again, key);
      await hub.as(ada, 'POST', '/api/tools/http-api.request/execute', again, key);
      await hub.as(ada, 'DELETE', `/api/connectors/${id}`);
    }
  const twice = [...arrived].filter(([, times]) => times > 1);
  figure(`${twice.length} of ${marks.length} changing requests (${Object.keys(faults).length} faults) arrived twice`);
  expect(twice).toEqual([]);
  // Some pause after failures; most arrive, or this would prove nothing.
  expect(arrived.size).toBeGreaterThanOrEqual(marks.length / 2);
});
