import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseOverload } from '../../src/routes/middleware/overload.ts';
import { tinyApp } from './tiny-app.ts';

let server: ServerType;
let metrics: ReturnType<typeof tinyApp>['metrics'];
let letGo = () => {};
const sockets: Socket[] = [];

beforeEach(async () => {
  const tiny = tinyApp();
  metrics = tiny.metrics;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const db = { waitedMs: () => 0 };
  tiny.app.fetch = refuseOverload({
    ...{ db, metrics, log: tiny.log, use: () => 0 },
    refusal: (_request, { status }) => new Response(null, { status }),
    exempt: ['/assets/'],
    unfinished: { perAddress: { bodies: 3, bytes: 60 }, altogether: { bodies: 5, bytes: 100 } },
  })(tiny.app.fetch);
  tiny.app.post('/slow', async (c) => {
    const text = await c.req.text();
    await held;
    return c.text(text);
  });
  tiny.app.post('*', async (c) => c.text(await c.req.text()));
  tiny.app.get('*', (c) => c.text('ok'));
  server = serve({ fetch: tiny.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
});
afterEach(async () => {
  letGo();
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends this much of a body, which is to have ten bytes, and tells what is answered. */
function send(sent: string, { from = '127.0.0.1', path = '/', length = 'Content-Length: 10' } = {}) {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => {});
  socket.write(`POST ${path} HTTP/1.1\r\nHost: hub\r\n${length}\r\n\r\n${sent}`);
  return { socket, status: () => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 0) };
}

const url = (path = '/') => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const status = async (method: 'GET' | 'POST', path?: string) =>
  (await fetch(url(path), { method, body: method === 'POST' ? 'whole' : null })).status;
/** Requests that were taken in: what comes over another connection may overtake them. */
const sending = async (count: number, how?: { from?: string; length?: string }) => {
  const all = Array.from({ length: count }, () => send('half', how));
  const connected = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, open) => (error ? reject(error) : resolve(open))),
    );
  await Promise.all(all.map(({ socket }) => socket.connecting && once(socket, 'connect')));
  await expect.poll(connected, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  return all;
};

describe('bodies that do not come to their end', () => {
  it('keep others of their address from sending more, and nobody from looking', async () => {
    const [first] = await sending(3);
    await expect.poll(() => status('POST'), { timeout: 20_000 }).toBe(503);
    expect(await status('POST', '/assets/api/publish')).toBe(503);
    expect(await status('GET')).toBe(200);
    expect((await metrics.metricsText()).body).toContain('patchbay_refused_requests_total{reason="bodies"}');

    first?.socket.write('second');
    await expect.poll(first?.status as () => number, { timeout: 20_000 }).toBe(200);
    expect(await status('POST')).toBe(200);
  });

  it('leave others their own number, until all are too many', async () => {
    await sending(3);
    await expect.poll(() => status('POST'), { timeout: 20_000 }).toBe(503);
    const [second] = await Promise.all([sending(1, { from: '127.0.0.2' }), sending(1, { from: '127.0.0.3' })]);
    const whole = async () => {
      const one = send('tenletters', { from: '127.0.0.4' });
      await expect.poll(one.status, { timeout: 20_000 }).not.toBe(0);
      return one.status();
    };
    await expect.poll(whole, { timeout: 20_000 }).toBe(503);
    second[0]?.socket.destroy();
    await expect.poll(whole, { timeout: 20_000 }).toBe(200);
  });

  it('are weighed by what they may come to', async () => {
    const [large] = await sending(1, { length: 'Content-Length: 56' });
    await expect.poll(() => status('POST'), { timeout: 20_000 }).toBe(503);
    large?.socket.destroy();
    await expect.poll(() => status('POST'), { timeout: 20_000 }).toBe(200);
  });

  it('weigh the most that is taken when their length is not told', async () => {
    const chunked = send('', { length: 'Transfer-Encoding: chunked' });
    await expect.poll(chunked.status, { timeout: 20_000 }).toBe(503);
  });

  it('are not those that have come and whose answer takes long', async () => {
    const slow = Array.from({ length: 10 }, () => send('tenletters', { path: '/slow' }));
    await expect.poll(() => status('POST'), { timeout: 20_000 }).toBe(200);
    letGo();
    for (const each of slow) await expect.poll(each.status, { timeout: 20_000 }).toBe(200);
  });
});
