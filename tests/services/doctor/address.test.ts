import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { compareAddress, type Route } from '../../../src/services/doctor/address.ts';

const nothing: Route = {
  browser: null,
  host: null,
  forwarded: { proto: null, host: null, port: null, prefix: null },
  forwardedFor: null,
  peer: null,
};
const page = '/operator/doctor';

const judge = (env: Record<string, string>, route: Partial<Route>) =>
  compareAddress(readConfig(env), { ...nothing, ...route });
const address = (env: Record<string, string>, route: Partial<Route>) => judge(env, route).findings[0];

describe('an address that the browser tells', () => {
  const at = (baseUrl: string, browser: string) => {
    const { source, parts, findings } = judge({ BASE_URL: baseUrl }, { browser: browser + page });
    expect(source).toBe('browser');
    return { ...findings[0], wrong: parts.filter(({ same }) => !same).map(({ part }) => part) };
  };

  it.each([
    ['https://hub.example.com', 'https://hub.example.com'],
    ['https://hub.example.com:443', 'https://hub.example.com'],
    ['https://hub.example.com/tools/hub', 'https://hub.example.com/tools/hub'],
    ['http://localhost:3000', 'http://127.0.0.1:3000'],
  ])('%s fits %s', (baseUrl, browser) => expect(at(baseUrl, browser)).toMatchObject({ level: 'ok', wrong: [] }));

  it.each([
    [
      'http://hub.example.com',
      'https://hub.example.com',
      ['scheme', 'port'],
      'Set BASE_URL=https://hub.example.com and',
    ],
    ['https://hub.example.com', 'http://hub.example.com', ['scheme', 'port'], 'let the proxy redirect http to it'],
    ['https://hub.example.com', 'https://other.example.com', ['host'], 'Set BASE_URL=https://other.example.com and'],
    [
      'https://hub.example.com',
      'https://hub.example.com:8443',
      ['port'],
      'Set BASE_URL=https://hub.example.com:8443 and',
    ],
    ['https://hub.example.com', 'https://hub.example.com/x', ['prefix'], 'Set BASE_URL=https://hub.example.com/x and'],
    ['https://hub.example.com/x', 'https://hub.example.com', ['prefix'], 'has to pass the path on as it is'],
    ['http://localhost:3000', 'http://192.0.2.7:3000', ['host'], 'Set BASE_URL=http://192.0.2.7:3000 and'],
  ])('%s does not fit %s', (baseUrl, browser, wrong, next) => {
    const found = at(baseUrl, browser);
    expect(found).toMatchObject({ level: 'fail', wrong });
    expect(found.next).toContain(next);
    expect(found.message).toContain(`BASE_URL is ${baseUrl}`);
  });
});

describe('an address that only the proxy tells', () => {
  const forwarded = { proto: 'https', host: 'hub.example.com', port: null, prefix: null };

  it('fits', () => {
    expect(address({ BASE_URL: 'https://hub.example.com' }, { forwarded })).toMatchObject({ level: 'ok' });
    const chain = { ...forwarded, proto: 'HTTPS, http', host: 'hub.example.com, inner:3000' };
    expect(address({ BASE_URL: 'https://hub.example.com' }, { forwarded: chain })).toMatchObject({ level: 'ok' });
  });

  it.each([
    ['http://hub.example.com', {}, 'X-Forwarded-Proto: https', 'let the proxy send X-Forwarded-Proto: http'],
    ['https://a.example.com', {}, 'X-Forwarded-Host: hub.example.com', 'send X-Forwarded-Host: a.example.com'],
    [
      'https://hub.example.com',
      { port: '8443' },
      'X-Forwarded-Port: 8443',
      'BASE_URL=https://hub.example.com:8443 and',
    ],
    ['https://hub.example.com/x', { prefix: '/y/' }, 'X-Forwarded-Prefix: /y', 'send X-Forwarded-Prefix: /x'],
  ])('names the header that does not fit %s %j', (baseUrl, headers, message, next) => {
    const found = address({ BASE_URL: baseUrl }, { forwarded: { ...forwarded, ...headers } });
    expect(found).toMatchObject({ level: 'warn' });
    expect(found?.message).toContain(message);
    expect(found?.next).toContain(next);
  });
});

it('takes Host for the address only where nothing is in between', () => {
  const direct = { host: 'localhost:3000', peer: '127.0.0.1' };
  expect(judge({}, direct)).toMatchObject({ source: 'request', findings: [{ level: 'ok' }] });
  expect(address({ BASE_URL: 'https://hub.example.com' }, direct)).toMatchObject({
    level: 'warn',
    message: expect.stringContaining('sent on to http://localhost:3000'),
  });
  expect(judge({}, { ...direct, forwardedFor: '192.0.2.1' }).source).toBeNull();
});

it.each(['<script>', 'a b', '[', ''])('is not upset by nonsense: %j', (text) => {
  const forwarded = { proto: text, host: text, port: text, prefix: text };
  expect(judge({}, { browser: text, host: text, forwarded, forwardedFor: text, peer: text }).findings).toHaveLength(1);
});

describe('a proxy', () => {
  const proxy = (env: Record<string, string>, route: Partial<Route>) =>
    judge(env, route).findings.find(({ check }) => check === 'proxy');
  const https = { BASE_URL: 'https://hub.example.com' };

  it('that is not trusted is named, ready to be copied', () => {
    const found = proxy(
      { ...https, TRUSTED_PROXIES: '10.0.0.0/8' },
      { peer: '::ffff:172.18.0.2', forwardedFor: '192.0.2.1' },
    );
    expect(found).toMatchObject({
      level: 'warn',
      next: expect.stringContaining('TRUSTED_PROXIES=10.0.0.0/8,172.18.0.2 '),
    });
  });

  it('that is trusted has to tell who calls', () => {
    const env = { ...https, TRUSTED_PROXIES: '172.18.0.0/16' };
    expect(proxy(env, { peer: '172.18.0.2', forwardedFor: '192.0.2.1' })).toMatchObject({ level: 'ok' });
    expect(proxy(env, { peer: '172.18.0.2' })).toMatchObject({
      level: 'warn',
      next: expect.stringContaining('proxy_set_header X-Forwarded-For'),
    });
  });

  it('has to be there for https, and needs not for http', () => {
    expect(proxy(https, { peer: '127.0.0.1' })).toMatchObject({ level: 'warn' });
    expect(proxy({}, { peer: '127.0.0.1' })).toBeUndefined();
  });
});
