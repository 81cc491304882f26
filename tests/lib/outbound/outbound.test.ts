import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAllowedHosts } from '../../../src/lib/outbound/addresses.ts';
import { explain } from '../../../src/lib/outbound/errors.ts';
import { createOutbound, type Outbound, OutboundError } from '../../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../../src/lib/outbound/overrides.ts';
import { probe } from '../../../src/lib/outbound/probe.ts';
import { deadlineIn } from '../../../src/lib/signals.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let port: number;
/** A port that nobody listens on any more. */
let closed: number;
let handle: Handler = (_request, response) => response.end('hello');
const seen: IncomingMessage[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  const brief = createServer();
  await new Promise<void>((resolve) => brief.listen(0, '127.0.0.1', resolve));
  closed = (brief.address() as AddressInfo).port;
  await new Promise<void>((resolve) => brief.close(() => resolve()));
});
afterAll(() => void server.close());

const open: Outbound[] = [];
function outbound({ allowed = '', overrides = '', ownPort = 2 } = {}): Outbound {
  const made = createOutbound({
    allowed: parseAllowedHosts(allowed),
    overrides: parseOverrides(overrides),
    ownPort,
  });
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  seen.length = 0;
  handle = (_request, response) => response.end('hello');
});
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof OutboundError ? error.code : String(error)),
  );
const loopback = () => `127.0.0.1:${port}`;

describe('the guarded fetch', () => {
  it('refuses every spelling of an address that is not public', async () => {
    const hosts = [
      '127.0.0.1 127.1 0x7f000001 2130706433 0177.0.0.1 0.0.0.0 0 localhost [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1]',
      '[::ffff:7f00:1] [64:ff9b::7f00:1] [64:ff9b:1::1] [2002:7f00:1::] [2001:0:1::1] [2001:db8::1] [fe80::1] [fc00::1] [fd00:ec2::254]',
      '[ff02::1] 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.170.2 100.64.0.1 100.100.100.200',
      '192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 ⑫⑦.⓪.⓪.① 127。0。0。1',
    ].flatMap((line) => line.split(' '));
    const out = outbound();
    for (const host of hosts)
      expect([host, await codeOf(out.fetch(`http://${host}:${port}/`))]).toEqual([host, 'blocked']);
    expect(seen).toEqual([]);
  });

  it('reaches what the operator allows, by name, address, port or range, and still nothing else', async () => {
    const cases: [string, string, string][] = [
      [loopback(), loopback(), 'answered'],
      ['127.0.0.1', loopback(), 'answered'],
      ['127.0.0.0/8', loopback(), 'answered'],
      [`localhost:${port}`, `localhost:${port}`, 'answered'],
      [`localhost:${port}`, loopback(), 'blocked'],
      ['127.0.0.1:1', loopback(), 'blocked'],
      ['10.0.0.0/8', loopback(), 'blocked'],
      ['169.254.0.0/16', '169.254.169.254', 'blocked'],
    ];
    for (const [allowed, host, expected] of cases)
      expect([allowed, host, await codeOf(outbound({ allowed }).fetch(`http://${host}/`))]).toEqual([
        allowed,
        host,
        expected,
      ]);
  });

  it('never calls the hub itself, whatever is allowed', async () => {
    expect(await codeOf(outbound({ allowed: '127.0.0.0/8', ownPort: port }).fetch(`http://${loopback()}/`))).toBe(
      'blocked',
    );
    expect(seen).toEqual([]);
  });

  it('checks every redirect anew, and leaves credentials behind when the origin changes', async () => {
    handle = (request, response) => {
      if (request.url === '/private') return response.writeHead(302, { location: 'http://10.0.0.1/' }).end();
      if (request.url === '/other') return response.writeHead(307, { location: `http://localhost:${port}/end` }).end();
      if (request.url === '/loop') return response.writeHead(302, { location: '/loop' }).end();
      response.end(JSON.stringify({ authorization: request.headers.authorization ?? null, method: request.method }));
    };
    const out = outbound({ allowed: `127.0.0.1:${port},localhost:${port}` });
    expect(await codeOf(out.fetch(`http://${loopback()}/private`))).toBe('blocked');
    expect(await codeOf(out.fetch(`http://${loopback()}/loop`))).toBe('redirect_refused');
    const init = { method: 'POST', body: 'x', headers: { authorization: 'Bearer canary' } };
    expect(await (await out.fetch(`http://${loopback()}/other`, init)).json()).toEqual({
      authorization: null,
      method: 'POST',
    });
    const mayCall = (origin: string) => origin === `http://${loopback()}`;
    expect(await codeOf(out.fetch(`http://${loopback()}/other`, {}, { mayCall }))).toBe('redirect_refused');
  });

  it('stops reading an answer that is too large, also one that unfolds', async () => {
    handle = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(3 * 1024 * 1024)));
    };
    const answer = await outbound({ allowed: '127.0.0.1' }).fetch(
      `http://${loopback()}/`,
      {},
      { maxBytes: 1024 * 1024 },
    );
    expect(await codeOf(answer.text())).toBe('too_large');
  });

  it('unfolds what is encoded for the way, in any manner and twice, and leaves what it does not know', async () => {
    const out = outbound({ allowed: '127.0.0.1' });
    const text = 'grüße '.repeat(20_000);
    const folded: [string, Buffer][] = [
      ['gzip', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['br', brotliCompressSync(text)],
      ['zstd', zstdCompressSync(text)],
      ['gzip, br', brotliCompressSync(gzipSync(text))],
      ['compress', Buffer.from(text)],
    ];
    for (const [encoding, bytes] of folded) {
      handle = (_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
      const answer = await out.fetch(`http://${loopback()}/`);
      expect([encoding, (await answer.text()) === text, answer.headers.get('content-encoding')]).toEqual([
        encoding,
        true,
        null,
      ]);
    }
    handle = (_request, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('no brotli at all');
    expect(await codeOf((await out.fetch(`http://${loopback()}/`)).text())).toBe('broken_off');
  });

  it('asks and answers as the platform does', async () => {
    const out = outbound({ allowed: '127.0.0.1' });
    handle = (request, response) => {
      response.setHeader('x-name', Buffer.from('Zoë').toString('latin1'));
      response.writeHead(200, 'Fine', { 'set-cookie': ['a=1', 'b=2'] });
      if (request.url !== '/stalls') response.end();
      else response.write('begun');
    };
    const answer = await out.fetch(`http://${loopback()}/empty?#part`, { headers: { host: 'elsewhere.example' } });
    expect(Buffer.from(answer.headers.get('x-name') ?? '', 'latin1').toString()).toBe('Zoë');
    expect([answer.statusText, answer.url, answer.headers.getSetCookie()]).toEqual([
      'Fine',
      `http://${loopback()}/empty?#part`,
      ['a=1', 'b=2'],
    ]);
    expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['', null]);
    expect(seen[0]).toMatchObject({ url: '/empty?', headers: { host: loopback(), accept: '*/*' } });
    const gone = new AbortController();
    const stalling = await out.fetch(`http://${loopback()}/stalls`, { signal: gone.signal });
    gone.abort();
    expect(await codeOf(stalling.text())).toBe('cancelled');
    expect(await codeOf(out.fetch(`http://${loopback()}/`, { signal: gone.signal }))).toBe('cancelled');
    expect(await codeOf(out.fetch('http://127.0.0.1:6667/'))).toBe('blocked');
  });

  it('says whether the service may have seen the request', async () => {
    const out = outbound({ allowed: '127.0.0.1' });
    const refused = await out.fetch(`http://127.0.0.1:${closed}/`).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'unreachable', mayHaveArrived: false });
    handle = (request) => void request.socket.destroy();
    const broken = await out.fetch(`http://${loopback()}/`).catch((error: unknown) => error);
    expect(broken).toMatchObject({ code: 'broken_off', mayHaveArrived: true });
    handle = () => {};
    const slow = await out
      .fetch(`http://${loopback()}/`, { signal: AbortSignal.timeout(50) })
      .catch((error: unknown) => error);
    expect(slow).toMatchObject({ code: 'timeout', mayHaveArrived: true });
  });
});

it('counts what was lost after an answer or on an open connection as seen by the service', async () => {
  const failed = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: OutboundError) => [error.code, error.mayHaveArrived],
    );
  handle = (_request, response) => response.writeHead(303, { location: `http://127.0.0.1:${closed}/` }).end();
  const sent = outbound({ allowed: '127.0.0.1' }).fetch(`http://${loopback()}/`, { method: 'POST', body: 'x' });
  expect(await failed(sent)).toEqual(['unreachable', true]);
  const broken = (code: string, syscall: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(`${syscall} ${code}`), { code, syscall }) });
  for (const code of ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']) {
    expect([code, explain(broken(code, 'connect')).mayHaveArrived]).toEqual([code, false]);
    for (const syscall of ['read', 'write'])
      expect(explain(broken(code, syscall))).toMatchObject({ code: 'broken_off', mayHaveArrived: true });
  }
});

it('ends a body that stalls, also when nobody else holds the signal any more', async () => {
  setFlagsFromString('--expose-gc');
  const collecting = setInterval(runInNewContext('gc'), 50);
  onTestFinished(() => clearInterval(collecting));
  handle = (_request, response) => void response.writeHead(200).write('half');
  const answer = await outbound({ allowed: '127.0.0.1' }).fetch(
    `http://${loopback()}/`,
    {},
    { signal: deadlineIn(700).signal },
  );
  expect(await codeOf(answer.text())).toBe('timeout');
});

describe('overrides', () => {
  const overrides = () => JSON.stringify({ 'https://api.example.com': `http://${loopback()}` });

  it('send a request elsewhere and map addresses in the answer back', async () => {
    handle = (request, response) => {
      if (request.url === '/go') return response.writeHead(302, { location: `http://${loopback()}/end?x=1` }).end();
      response.setHeader('link', `<http://${loopback()}/page?2>; rel="next", <http://elsewhere.example/>; rel="help"`);
      response.end(request.headers.host);
    };
    const out = outbound({ allowed: loopback(), overrides: overrides() });
    const mayCall = (origin: string) => origin === 'https://api.example.com';
    const answer = await out.fetch('https://api.example.com/go', {}, { mayCall });
    expect(answer.url).toBe('https://api.example.com/end?x=1');
    expect(answer.headers.get('link')).toBe(
      '<https://api.example.com/page?2>; rel="next", <http://elsewhere.example/>; rel="help"',
    );
  });

  it('make a target reachable in the place of its origin only, and only when it is allowed', async () => {
    const out = outbound({ allowed: loopback(), overrides: overrides() });
    expect(await codeOf(out.fetch(`http://${loopback()}/`))).toBe('blocked');
    expect(await codeOf(outbound({ overrides: overrides() }).fetch('https://api.example.com/'))).toBe('blocked');
  });

  it('make a target reachable by no other name or spelling either', async () => {
    const aliases = [`127.0.0.1:${port}`, `localhost:${port}`, `[::ffff:127.0.0.1]:${port}`, `2130706433:${port}`];
    for (const target of ['127.0.0.1', 'localhost']) {
      const overrides = JSON.stringify({ 'https://api.example.com': `http://${target}:${port}` });
      const out = outbound({ allowed: '127.0.0.1,localhost', overrides });
      for (const alias of aliases)
        expect([target, alias, await codeOf(out.fetch(`http://${alias}/`))]).toEqual([target, alias, 'blocked']);
      expect(await codeOf(out.fetch('https://api.example.com/'))).toBe('answered');
      const elsewhere = outbound({ allowed: '127.0.0.1', overrides: overrides.replace(`${port}`, `${closed}`) });
      expect(await codeOf(elsewhere.fetch(`http://${loopback()}/`))).toBe('answered');
    }
  });

  it('are refused when they are no origins', () => {
    for (const text of ['[]', 'x', '{"https://a.example/path":"https://b.example"}', '{"https://a.example":1}'])
      expect(() => parseOverrides(text)).toThrow();
  });
});

describe('the probe', () => {
  it('goes as far as it comes, and says where it stopped', async () => {
    const { policy } = outbound({ allowed: '127.0.0.1' });
    const names = async (origin: string) =>
      (await probe(origin, policy, undefined, AbortSignal.timeout(5_000))).map(({ name, error }) => [
        name,
        error?.code,
      ]);
    expect(await names(`http://${loopback()}`)).toEqual([
      ['address', undefined],
      ['connection', undefined],
    ]);
    expect(await names(`https://${loopback()}`)).toEqual([
      ['address', undefined],
      ['connection', undefined],
      ['tls', 'tls'],
    ]);
    expect(await names(`http://127.0.0.1:${closed}`)).toEqual([
      ['address', undefined],
      ['connection', 'unreachable'],
    ]);
    expect(await names('http://10.0.0.1')).toEqual([['address', 'blocked']]);
    expect(await names('http://no-such-host.invalid')).toEqual([['address', 'unknown_host']]);
  });
});
