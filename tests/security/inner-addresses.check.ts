import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { parseAllowedHosts } from '../../src/lib/outbound/addresses.ts';
import { dial } from '../../src/lib/outbound/dial.ts';
import { createOutbound, type Outbound, OutboundError } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { probe } from '../../src/lib/outbound/probe.ts';
import { deadlineIn } from '../../src/lib/signals.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { figure, randomness, shuffled, tries } from './measure.ts';

// Inner addresses in every spelling that something on the way may read differently, by every way out of the hub.

let inner: Server;
let port: number;
/** What reached this machine. */
let connected = 0;
let outbound: Outbound;
let hub: TestApp;
const usual = dns.promises.lookup;
beforeAll(async () => {
  inner = createServer((_request, response) => response.end('inside')).on('connection', () => {
    connected += 1;
  });
  await new Promise<void>((resolve) => inner.listen(0, '::', resolve));
  ({ port } = inner.address() as AddressInfo);
  outbound = createOutbound({ allowed: parseAllowedHosts(''), overrides: parseOverrides('{}'), ownPort: 2 });
  hub = await testApp();
});
afterAll(async () => {
  dns.promises.lookup = usual;
  syncBuiltinESMExports();
  await outbound.close();
  await hub.close();
  inner.closeAllConnections();
  await new Promise((resolve) => inner.close(resolve));
});

const targets = [
  ...[
    '127.0.0.1',
    '127.1.2.3',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
  ],
  ...[
    '169.254.170.2',
    '100.64.0.1',
    '100.100.100.200',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ],
];

function spellings(address: string): string[] {
  const parts = address.split('.').map(Number) as [number, number, number, number];
  const [a, b, c, d] = parts;
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = number.toString(16).padStart(8, '0');
  const octal = (part: number) => `0${part.toString(8)}`;
  const words = `${hex.slice(0, 4)}:${hex.slice(4)}`;
  const wide = [...address]
    .map((sign) => (sign === '.' ? sign : String.fromCharCode(sign.charCodeAt(0) + 0xfee0)))
    .join('');
  return [
    ...[
      address,
      `${address}.`,
      String(number),
      `0x${hex}`,
      `0X${hex.toUpperCase()}`,
      octal(number),
      `0${octal(number)}`,
    ],
    ...[
      parts.map((part) => `0x${part.toString(16)}`).join('.'),
      parts.map(octal).join('.'),
      `${a}.${b}.${c * 256 + d}`,
    ],
    ...[
      `${a}.${(b * 256 + c) * 256 + d}`,
      `0x${a.toString(16)}.${b}.${octal(c)}.${d}`,
      wide,
      address.replaceAll('.', '。'),
    ],
    ...[address.replaceAll('.', '%2e'), `%3${address[0]}${address.slice(1)}`],
    ...[`[::ffff:${address}]`, `[::ffff:${words}]`, `[0:0:0:0:0:ffff:${words}]`, `[::${address}]`, `[::${words}]`],
    ...[`[64:ff9b::${address}]`, `[64:ff9b:1::${words}]`, `[2002:${words}::]`, `[2002:${words}::1]`],
  ];
}
const others = [
  ...[
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[fe80::1]',
    '[fe80::1%25lo]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
  ],
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'ip6-localhost',
    'ip6-loopback',
    os.hostname(),
    `${os.hostname()}.`,
  ],
  ...[
    'example.com@127.0.0.1',
    'user:pass@[::1]',
    '127.0.0.1:80@localhost',
    'localhost%00.example.com',
    'loc\u00adalhost',
    'ⓛocalhost',
  ],
];
const hosts = [...new Set([...targets.flatMap(spellings), ...others])];
const urls = hosts.map((host) => `http://${host}:${port}/`);

/** What the attempt came to: fine words for every refusal that comes before a connection is tried. */
const before = ['blocked', 'redirect_refused', 'unknown_host'];
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) =>
      error instanceof OutboundError ? error.code : error instanceof TypeError ? 'no address' : String(error),
  );
const asHost = (host: string) => host.replace(/^\[|\]$/g, '');

it('no spelling is connected to by any way out of lib', { timeout: 300_000 }, async () => {
  const wrong: string[] = [];
  let tried = 0;
  const ways: Record<string, (url: string, host: string) => Promise<unknown>> = {
    fetch: (url) => outbound.fetch(url),
    'fetch by https': (url) => outbound.fetch(url.replace('http:', 'https:')),
    dial: (_url, host) => dial(outbound.policy, { host: asHost(host), port }, deadlineIn(2_000).signal),
    probe: async (url) => {
      const steps = await probe(url, outbound.policy, undefined, deadlineIn(2_000).signal);
      throw steps.at(-1)?.error;
    },
  };
  for (const [at, url] of urls.entries())
    for (const [way, go] of Object.entries(ways)) {
      tried += 1;
      const code = await codeOf((async () => go(url, hosts[at] ?? ''))());
      if (![...before, 'no address'].includes(code)) wrong.push(`${way} ${url}: ${code}`);
    }
  expect(hosts.length).toBeGreaterThan(300);
  figure(`${wrong.length} of ${tried} tries (${hosts.length} spellings) got through, ${connected} connections`);
  expect(wrong).toEqual([]);
  expect(connected).toBe(0);
});

it('no spelling is connected to through a connector, a document, a webhook or a database', {
  timeout: 600_000,
}, async () => {
  const { ada } = hub.cast;
  const config = { base_url: 'https://quiet.example' };
  const { id } = await (
    await hub.as(ada, 'POST', '/api/connectors', {
      catalog_key: 'http-api',
      name: 'Own',
      config,
      auth: { method: 'none' },
    })
  ).json();
  const database = { method: 'basic', username: 'clerk', password: 'an example' };
  const bodies: [string, (url: string, host: string) => object][] = [
    [
      '/api/connectors/test',
      (base_url) => ({ catalog_key: 'http-api', config: { base_url }, auth: { method: 'none' } }),
    ],
    [
      '/api/connectors/test',
      (base_url) => ({
        catalog_key: 'openai',
        config: { base_url },
        auth: { method: 'api_key', api_key: 'sk-only-an-example' },
      }),
    ],
    [
      '/api/connectors/test',
      (_url, host) => ({
        catalog_key: 'postgresql',
        config: { host: asHost(host), port, database: 'shop', sslmode: 'disable' },
        auth: database,
      }),
    ],
    [
      '/api/connectors/test',
      (token_url) => ({
        catalog_key: 'http-api',
        config,
        auth: { method: 'client_credentials', token_url, client_id: 'a', client_secret: 'an example' },
      }),
    ],
    [`/api/connectors/${id}/operations/preview`, (url) => ({ url })],
  ];
  let tried = 0;
  const answered: string[] = [];
  const chosen = shuffled([...urls.entries()]).slice(0, tries(urls.length));
  for (const [at, url] of chosen) {
    await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
    await Promise.all(
      bodies.map(async ([path, body]) => {
        tried += 1;
        const answer = await hub.as(ada, 'POST', path, body(url, hosts[at] ?? ''));
        const text = await answer.text();
        if (text.includes('inside') || (answer.status >= 500 && answer.status !== 502))
          answered.push(`${path} ${url}: ${answer.status} ${text.slice(0, 200)}`);
      }),
    );
  }
  figure(`0 connections in ${tried} requests to the API`);
  expect(answered).toEqual([]);
  expect(connected).toBe(0);
});

it('a name that changes its mind gains nothing', { timeout: 300_000 }, async () => {
  const random = randomness();
  const inward = ['127.0.0.1', '::1', '169.254.169.254', '10.1.2.3', '::ffff:127.0.0.1'];
  const outward = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'];
  const any = (list: string[]) => list[Math.floor(random() * list.length)] as string;
  let asked = 0;
  const answerOf: Record<string, () => string[]> = {
    // Good first and bad after that, which is how names are bound anew: then the second answer must not be dialled.
    flips: () => [asked++ % 2 ? any(inward) : any(inward)],
    // Good and bad together, in any order.
    mixes: () => (random() < 0.5 ? [any(outward), any(inward)] : [any(inward), any(outward)]),
    many: () => [...Array.from({ length: 20 }, () => any(outward)), any(inward)],
  };
  dns.promises.lookup = (async (host: string) =>
    (answerOf[host.split('.')[0] ?? '']?.() ?? ['127.0.0.1']).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))) as never;
  syncBuiltinESMExports();
  const wrong: string[] = [];
  const count = tries(1000);
  for (let at = 0; at < count; at++) {
    const host = `${any(Object.keys(answerOf))}.example.com`;
    const code = await codeOf(outbound.fetch(`http://${host}:${port}/`));
    if (code !== 'blocked') wrong.push(`${host}: ${code}`);
  }
  figure(`${wrong.length} of ${count} names that change their mind got through`);
  expect(wrong).toEqual([]);
  expect(connected).toBe(0);
});
