import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { closerOf } from '../../src/lib/closing.ts';
import { listenWidely } from '../../src/lib/listening.ts';

const lingerMs = 200;
const opened: Socket[] = [];
let server: Server;

afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
  server.closeAllConnections();
});

async function listen(answer: RequestListener) {
  server = createServer({ keepAliveTimeout: 60_000 }, answer);
  const close = closerOf(server, { lingerMs, drainMs: 60_000, crowdedMs: 60_000 });
  const listeners = await listenWidely(server, { port: 0, host: '127.0.0.1' });
  return { close: () => close(listeners), port: (server.address() as AddressInfo).port };
}

/** A client that says this and tells what it read; a reset is told by its code. */
function client(port: number, said = '') {
  const socket = connect(port, '127.0.0.1');
  opened.push(socket);
  if (said) socket.write(said);
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  const end = new Promise<string>((resolve) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
    socket.once('close', () => resolve(heard));
  });
  return { socket, connected: once(socket, 'connect'), end, heard: () => heard };
}

const of = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const get = of('/');

describe('closing a server', () => {
  it('answers everybody who had connected, and refuses the next', async () => {
    const { close, port } = await listen((_request, answer) => answer.end('served'));
    const clients = Array.from({ length: 60 }, () => client(port, get));
    await Promise.all(clients.map(({ connected }) => connected)); // by the system: few are taken by then
    const closed = close();
    for (const { end } of clients) expect(await end).toMatch(/Connection: close[\s\S]*served$/);
    await closed;
    const late = client(port);
    await expect(late.connected).rejects.toThrow('ECONNREFUSED');
  });

  it('does so while more come than it can serve', async () => {
    const busy = () => {
      for (const until = performance.now() + 5; performance.now() < until; );
    };
    const { close, port } = await listen((_request, answer) => {
      busy();
      answer.end('served');
    });
    let answers = 0;
    const insistent = async () => {
      for (;;) {
        const { connected, end } = client(port, get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
        const isRefused = await connected.then(
          () => false,
          ({ code }) => code === 'ECONNREFUSED',
        );
        if (isRefused) return;
        expect(await end).toMatch(/served$/);
        answers += 1;
      }
    };
    const clients = Promise.all(Array.from({ length: 20 }, insistent));
    await expect.poll(() => answers).toBeGreaterThan(100);
    await close();
    await clients;
  });

  it('answers what is asked over a connection that was there, once, and closes those that ask nothing', async () => {
    const { close, port } = await listen((_request, answer) => answer.end('served'));
    const [kept, silent, reserve] = [client(port, get), client(port, get), client(port)];
    for (const { heard } of [kept, silent]) await expect.poll(heard).toMatch(/served$/);
    await reserve.connected;
    const closed = close();
    await expect.poll(() => server.listening).toBe(false);
    kept.socket.write(get);
    expect(await kept.end).toMatch(/Connection: keep-alive[\s\S]*served[\s\S]*Connection: close[\s\S]*served$/);
    expect(await silent.end).not.toContain('Connection: close');
    expect(await reserve.end).toBe('');
    await closed;
  });

  it('waits for who reads slowly, who has said half and who is answered late', async () => {
    const large = Buffer.alloc(20_000_000, 'x');
    let answerLate = () => {};
    const { close, port } = await listen(({ url }, answer) => {
      if (url === '/large') answer.end(large);
      else if (url === '/late') answerLate = () => answer.end('late');
      else answer.end('served');
    });
    const [slow, half] = [client(port, of('/large')), client(port, get.slice(0, 10))];
    slow.socket.pause();
    const late = client(port, get + of('/late')); // the second is there already when the first is answered
    await Promise.all([half.connected, expect.poll(late.heard).toMatch(/served$/)]);
    const closed = close();
    await sleep(lingerMs * 3);
    slow.socket.resume();
    answerLate();
    half.socket.write(get.slice(10));
    expect((await slow.end).length).toBeGreaterThan(large.length);
    expect(await half.end).toMatch(/served$/);
    expect(await late.end).toMatch(/Connection: close[\s\S]*late$/);
    await closed;
  });
});
