import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Server as TcpServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { listenWidely } from '../../src/lib/listening.ts';

const host = '127.0.0.1';
const opened: TcpServer[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await new Promise((resolve) => each.close(resolve));
});

async function listening(port = 0, sockets = 8): Promise<{ server: Server; port: number; all: TcpServer[] }> {
  const server = createServer((_request, answer) => answer.end('hello'));
  const all = await listenWidely(server, { port, host }, sockets);
  opened.push(...all);
  return { server, port: (server.address() as AddressInfo).port, all };
}

/** How many connections were taken at most in one turn of the event loop, of so many that came at once. */
async function atOnce(server: Server, port: number, count: number): Promise<number> {
  const turns = new Map<number, number>();
  server.on('connection', () => {
    const turn = performance.nodeTiming.uvMetricsInfo.loopCount;
    turns.set(turn, (turns.get(turn) ?? 0) + 1);
  });
  const clients = Array.from({ length: count }, () => connect(port, host));
  const taken = () => [...turns.values()].reduce((sum, each) => sum + each, 0);
  await expect.poll(taken, { timeout: 20_000 }).toBe(count);
  for (const client of clients) client.destroy();
  return Math.max(...turns.values());
}

describe('listening with several sockets', () => {
  it.runIf(process.platform === 'linux')('takes more than one connection in a turn', async () => {
    const one = await listening(0, 1);
    const several = await listening(0, 8);
    expect(await atOnce(one.server, one.port, 100)).toBe(1);
    expect(await atOnce(several.server, several.port, 100)).toBeGreaterThan(2);
  });

  it('answers whichever of them takes the connection', async () => {
    const { port, all } = await listening();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } })),
    );
    expect(await Promise.all(answers.map((each) => each.text()))).toEqual(Array(40).fill('hello'));
    expect(all.every((each) => each.listening)).toBe(true);
  });

  it('leaves a port to whoever has it, also when that one listens in the same way', async () => {
    const { port } = await listening();
    const alone = createServer().listen(0, host);
    await once(alone, 'listening');
    opened.push(alone);
    for (const taken of [port, (alone.address() as AddressInfo).port])
      await expect(listenWidely(createServer(), { port: taken, host })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('takes nobody any more once all are closed', async () => {
    const { port, all } = await listening();
    await Promise.all(all.map((each) => new Promise((resolve) => each.close(resolve))));
    await expect(fetch(`http://${host}:${port}/`)).rejects.toThrow();
  });
});
