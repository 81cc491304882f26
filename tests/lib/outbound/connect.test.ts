import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { isListed, mayConnect, parseAllowedHosts } from '../../../src/lib/outbound/addresses.ts';
import { addressesOf, guardedLookup, type OutboundPolicy } from '../../../src/lib/outbound/connect.ts';
import { dial, placeOf } from '../../../src/lib/outbound/dial.ts';
import { OutboundError } from '../../../src/lib/outbound/errors.ts';
import { parseOverrides } from '../../../src/lib/outbound/overrides.ts';
import { isOtherServices } from '../../../src/lib/outbound/ports.ts';

const ownPort = 3000;
const policyOf = ({ allowed = '', overrides = {} } = {}): OutboundPolicy => ({
  allowed: parseAllowedHosts(allowed),
  overrides: parseOverrides(JSON.stringify(overrides)),
  ownPort,
});
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'reached',
    (error: unknown) => (error instanceof OutboundError ? error.code : String(error)),
  );
const everything = '0.0.0.0/0,::/0';

describe('what an operator allows', () => {
  it('is a host, an address or a range, with a port or without', () => {
    expect(parseAllowedHosts(' DB.Internal , ,10.0.0.0/8,[::1]:8080,db_2:80,10.1.2.3 ')).toMatchObject([
      { host: 'db.internal', port: null },
      { range: [{ octets: [10, 0, 0, 0] }, 8], port: null },
      { host: '::1', port: 8080 },
      { host: 'db_2', port: 80 },
      { host: '10.1.2.3', port: null },
    ]);
    expect(parseAllowedHosts('[0:0::1]')).toEqual([{ host: '::1', port: null }]);
    expect(parseAllowedHosts('::ffff:10.1.2.3')).toEqual([{ host: '10.1.2.3', port: null }]);
    expect(parseAllowedHosts('h:65535')).toEqual([{ host: 'h', port: 65_535 }]);
    expect(parseAllowedHosts('')).toEqual([]);
  });

  it.each([
    'http://h',
    'h:',
    'h:65536',
    'h:123456',
    'h/8',
    'a b',
    '*',
    'h:x',
    ':80',
    '[h]',
    'h:1:2',
    '10.0.0.0/33',
    'x[::1]',
    '-!',
  ])('is not %s', (text) => expect(() => parseAllowedHosts(`ok,${text}`)).toThrow(`"${text}" is no host`));

  const asked = (allowed: string, host: string, port: number, address = host) =>
    mayConnect({ host, address, port }, parseAllowedHosts(allowed), ownPort);

  it('is reached by this name, number or range and at this port', () => {
    expect(asked('db:5432', 'DB', 5432, '10.0.0.1')).toBe(true);
    expect(asked('db:5432', 'db', 5433, '10.0.0.1')).toBe(false);
    expect(asked('db', 'other', 5432, '10.0.0.1')).toBe(false);
    expect(asked('10.0.0.1', 'any', 1, '10.0.0.1')).toBe(true);
    expect(asked('10.0.0.1:1', 'any', 1, '::ffff:10.0.0.1')).toBe(true);
    expect(asked('10.0.0.1:1', 'any', 2, '10.0.0.1')).toBe(false);
    expect(asked('10.0.0.0/8', 'any', 1, '10.255.0.1')).toBe(true);
    expect(asked('10.0.0.0/8', 'any', 1, '192.168.0.1')).toBe(false);
    expect(asked('fc00::/7', 'any', 1, '10.0.0.1')).toBe(false);
    expect(asked('fc00::/7', '[fd00::1]', 1, 'fd00::1')).toBe(true);
    expect(asked('[fd00::1]', '[fd00::1]', 1, 'fd00::1')).toBe(true);
    expect(asked(everything, 'h', 1, 'no address')).toBe(false);
  });

  it('is listed when it is this very host, and not what a name leads to', () => {
    const listed = (allowed: string, host: string, port = 1) => isListed({ host, port }, parseAllowedHosts(allowed));
    expect(listed('db', 'DB')).toBe(true);
    expect(listed('db:2', 'db')).toBe(false);
    expect(listed('other,db', 'db')).toBe(true);
    expect(listed('', 'db')).toBe(false);
    expect(listed('fd00::/8', '[fd00::1]')).toBe(true);
    expect(listed('10.0.0.0/8', '10.0.0.1')).toBe(true);
    expect(listed('10.0.0.0/8', 'localhost')).toBe(false);
    expect(listed('::1', '[0::1]')).toBe(true);
    expect(listed('db', '10.0.0.1')).toBe(false);
  });

  it('is never where machines keep their credentials, but what lies beside', () => {
    const never =
      '169.254.0.0 169.254.255.255 fe80::1 febf::1 fd00:ec2::254 100.100.100.200 0.0.0.0 0.255.255.255 :: ::ffff:169.254.169.254';
    for (const address of never.split(' ')) expect([address, asked(everything, address, 1)]).toEqual([address, false]);
    for (const address of '169.253.0.1 fec0::1 fd00:ec2::253 100.100.100.201 1.0.0.0 ::2'.split(' '))
      expect([address, asked(everything, address, 1)]).toEqual([address, true]);
  });

  it('is never the hub itself, by whichever of its addresses', () => {
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', ...own])
      expect([address, asked(everything, address, ownPort)]).toEqual([address, false]);
    expect(asked(everything, '127.0.0.1', ownPort + 1)).toBe(true);
    expect(asked(everything, '10.99.99.99', ownPort)).toBe(true);
  });
});

describe('the addresses of a host', () => {
  const found = (host: string, port: number, policy = policyOf(), overridden = false) =>
    addressesOf(host, port, { policy, overridden });

  it('are the ones that were checked, with their family', async () => {
    const policy = policyOf({ allowed: '127.0.0.1,::1' });
    expect(await found('127.0.0.1', 1, policy)).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await found('[::1]', 1, policy)).toEqual([{ address: '::1', family: 6 }]);
    expect(await found('8.8.8.8', 1)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await codeOf(found('127.0.0.1', 1))).toBe('blocked');
    expect(await codeOf(found('localhost', 1))).toBe('blocked');
    for (const { address } of await found('localhost', 1, policyOf({ allowed: 'localhost' })))
      expect(['127.0.0.1', '::1']).toContain(address);
    expect(await codeOf(found('no-such-host.invalid', 1))).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('are not those of a target, but in the place of its origin', async () => {
    const overrides = { 'https://api.example.com': 'http://[::1]:4001', 'https://b.example': 'https://10.0.0.1' };
    const policy = policyOf({ allowed: everything, overrides });
    for (const [host, port] of [
      ['[::1]', 4001],
      ['::1', 4001],
      ['0:0::1', 4001],
      ['10.0.0.1', 443],
      ['::ffff:10.0.0.1', 443],
    ] as const) {
      expect([host, await codeOf(found(host, port, policy))]).toEqual([host, 'blocked']);
      expect([host, await codeOf(found(host, port, policy, true))]).toEqual([host, 'reached']);
      expect([host, await codeOf(found(host, port + 1, policy))]).toEqual([host, 'reached']);
    }
    expect(await codeOf(found('10.0.0.2', 443, policy))).toBe('reached');
  });

  it('may be shared with a target where anybody reaches them', async () => {
    const policy = policyOf({ overrides: { 'https://a.example': 'https://8.8.8.8' } });
    expect(await codeOf(found('::ffff:8.8.8.8', 443, policy))).toBe('reached');
    expect(await codeOf(found('8.8.8.8', 443, policy))).toBe('blocked');
    expect(await codeOf(found('8.8.8.8', 80, policy))).toBe('reached');
    const others = policyOf({
      overrides: { 'https://a.example': 'http://8.8.8.8', 'https://b.example': 'https://[2606:4700:4700::1111]' },
    });
    expect(await codeOf(found('8.8.8.8', 80, others))).toBe('blocked');
    for (const host of ['2606:4700:4700::1111', '[2606:4700:4700::1111]', '2606:4700:4700:0:0:0:0:1111']) {
      expect([host, await codeOf(found(host, 443, others))]).toEqual([host, 'blocked']);
      expect([host, await codeOf(found(host, 80, others))]).toEqual([host, 'reached']);
    }
    expect(await codeOf(found('8.8.8.8', 443, policy, true))).toBe('reached');
  });

  it('of a name fit all of them or none, and a target’s count by whichever name', async () => {
    const usual = dns.promises.lookup;
    const says = (use: typeof usual) => {
      dns.promises.lookup = use;
      syncBuiltinESMExports();
    };
    onTestFinished(() => says(usual));
    const known: Record<string, string[]> = {
      'good.example': ['8.8.8.8', '2606:4700:4700::1111'],
      'mixed.example': ['8.8.8.8', '10.0.0.1'],
      'turned.example': ['10.0.0.1', '8.8.8.8'],
      'target.example': ['10.0.0.1'],
      'none.example': [],
    };
    says((async (host: string) => {
      const addresses = known[host];
      if (!addresses) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    }) as never);
    expect(await codeOf(found('good.example', 1))).toBe('reached');
    for (const host of ['mixed.example', 'turned.example', 'none.example'])
      expect([host, await codeOf(found(host, 1))]).toEqual([host, 'blocked']);
    const overrides = {
      'https://a.example': 'http://target.example:81',
      'https://b.example': 'http://gone.example:81',
    };
    const policy = policyOf({ allowed: '10.0.0.1', overrides });
    for (const host of ['10.0.0.1', 'mixed.example', '::ffff:10.0.0.1'])
      expect([host, await codeOf(found(host, 81, policy)), await codeOf(found(host, 82, policy))]).toEqual([
        host,
        'blocked',
        'reached',
      ]);
  });

  it('are handed to sockets as they ask for them', async () => {
    const look = (host: string, all: boolean, policy = policyOf({ allowed: '127.0.0.1' })) =>
      new Promise<unknown[]>((resolve) =>
        guardedLookup(1, { policy, overridden: false })(host, { all }, (...told: unknown[]) => resolve(told)),
      );
    expect(await look('127.0.0.1', true)).toEqual([null, [{ address: '127.0.0.1', family: 4 }]]);
    expect(await look('127.0.0.1', false)).toEqual([null, '127.0.0.1', 4]);
    expect(await look('127.0.0.1', false, policyOf())).toMatchObject([{ code: 'blocked' }, '', 4]);
  });
});

describe('a plain connection', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => void server.close());

  const signal = () => AbortSignal.timeout(10_000);

  it('goes to a host and a port, and to nothing else', () => {
    expect(placeOf('postgresql://db.example:5432')).toEqual({ host: 'db.example', port: 5432 });
    expect(placeOf('postgresql://[::1]:5432')).toEqual({ host: '::1', port: 5432 });
    for (const none of [
      ...['', 'db:5432', 'postgresql://db', 'postgresql://db:0', 'postgresql://:5432', '/var/run/socket'],
      ...[
        'postgresql://db:1/path',
        'postgresql://ada@db:1',
        'postgresql://db:1?a',
        'postgresql://db:1#a',
        'p2://db:1',
        'x\npostgresql://db:1',
      ],
    ])
      expect([none, placeOf(none)]).toEqual([none, null]);
  });

  it('opens where it may, and says why where it may not', async () => {
    const place = { host: '127.0.0.1', port };
    const policy = policyOf({ allowed: '127.0.0.1' });
    const socket = await dial(policy, place, signal());
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', port]);
    const chunks = await socket.setEncoding('utf8').toArray();
    expect(chunks.join('')).toBe('hello');
    expect(await codeOf(dial(policyOf(), place, signal()))).toBe('blocked');
    expect(await codeOf(dial(policy, { host: 'no-such-host.invalid', port }, signal()))).toBe('unknown_host');
    const targets = policyOf({ allowed: '127.0.0.1', overrides: { 'https://a.example': `http://127.0.0.1:${port}` } });
    expect(await codeOf(dial(targets, place, signal()))).toBe('blocked');
  });

  it('asks about every address before it is tried', async () => {
    const asked: unknown[] = [];
    const refuses = async (...address: unknown[]) => asked.push(address) > 0;
    const policy = policyOf({ allowed: '127.0.0.1' });
    expect(await codeOf(dial(policy, { host: '127.0.0.1', port }, signal(), refuses))).toBe('blocked');
    expect(asked).toEqual([['127.0.0.1', port]]);
  });

  it('ends with its signal, and tells when nothing answers', async () => {
    const policy = policyOf({ allowed: '127.0.0.1' });
    expect(await codeOf(dial(policy, { host: '127.0.0.1', port }, AbortSignal.abort()))).toBe('cancelled');
    const brief = createServer();
    await new Promise<void>((resolve) => brief.listen(0, '127.0.0.1', resolve));
    const closed = (brief.address() as { port: number }).port;
    await new Promise((resolve) => brief.close(resolve));
    expect(await codeOf(dial(policy, { host: '127.0.0.1', port: closed }, signal()))).toBe('unreachable');
  });
});

it('ports of services that are no web servers are known', () => {
  const at = (port: number) => isOtherServices(new URL(`http://h.example:${port}/`));
  for (const port of [1, 22, 25, 110, 139, 389, 1723, 2049, 6000, 6667, 10_080])
    expect([port, at(port)]).toEqual([port, true]);
  for (const port of [80, 443, 8080, 5432, 3000, 6001]) expect([port, at(port)]).toEqual([port, false]);
  expect(isOtherServices(new URL('https://h.example/'))).toBe(false);
});

describe('overrides', () => {
  const overrides = parseOverrides(
    JSON.stringify({
      'https://a.example': 'http://127.0.0.1:4001',
      'https://b.example/': 'http://127.0.0.1:4001',
      'http://c.example:81': 'https://[::1]',
      'http://d.example': 'http://10.0.0.1/',
    }),
  );
  const forward = (text: string) => overrides.forward(new URL(text)).href;
  const back = (text: string, origin?: string) => overrides.back(new URL(text), origin).href;

  it('move an address to its target with all that follows the origin', () => {
    expect(forward('https://a.example/x/y?q=1#part')).toBe('http://127.0.0.1:4001/x/y?q=1#part');
    expect(forward('http://c.example:81/')).toBe('https://[::1]/');
    const other = new URL('https://a.example:444/');
    expect(overrides.forward(other)).toBe(other);
    expect(overrides.size).toBe(4);
    expect(overrides.entries().slice(0, 2)).toEqual([
      ['https://a.example', 'http://127.0.0.1:4001'],
      ['https://b.example', 'http://127.0.0.1:4001'],
    ]);
    expect(Object.isFrozen(overrides)).toBe(true);
  });

  it('move it back to the origin that was meant, else to the first', () => {
    expect(back('http://127.0.0.1:4001/x?q#p')).toBe('https://a.example/x?q#p');
    expect(back('http://127.0.0.1:4001/x', 'https://b.example')).toBe('https://b.example/x');
    expect(back('http://127.0.0.1:4001/x', 'http://d.example')).toBe('https://a.example/x');
    expect(back('http://127.0.0.1:4002/x', 'https://b.example')).toBe('http://127.0.0.1:4002/x');
  });

  it('know their targets', () => {
    expect([overrides.isTarget('https://[::1]'), overrides.isTarget('https://a.example')]).toEqual([true, false]);
    expect([4001, 443, 80, 81].map((port) => overrides.targetsAt(port))).toEqual([
      ['127.0.0.1'],
      ['::1'],
      ['10.0.0.1'],
      [],
    ]);
  });

  it.each([
    ['x', 'not valid JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"x"', 'not a JSON object'],
    ['{"https://a.example/path": "https://b.example"}', '"https://a.example/path" is no origin'],
    ['{"https://a.example": "https://b.example?x"}', '"https://b.example?x" is no origin'],
    ['{"https://a.example": 1}', '1 is no origin'],
    ['{"ftp://a.example": "https://b.example"}', '"ftp://a.example" is no origin'],
    ['{"https://u@a.example": "https://b.example"}', '"https://u@a.example" is no origin'],
    ['{"a.example": "https://b.example"}', '"a.example" is no origin'],
  ])('are not %s', (text, message) => expect(() => parseOverrides(text)).toThrow(message));

  it('may be none', () => {
    expect([parseOverrides('').size, parseOverrides('{}').size]).toEqual([0, 0]);
  });
});
