import { describe, expect, it } from 'vitest';
import { addressBelow } from '../../src/lib/address-below.ts';

const bases = ['https://api.example.com', 'https://api.example.com/v1', 'https://api.example.com:8443/v1/'];

/** Every way that is known to lead a server, or what reads its address, somewhere else. */
const hostile = [
  '//evil.example/x',
  '///evil.example/x',
  '/\\evil.example/x',
  '/\\\\evil.example',
  '\\\\evil.example',
  'https://evil.example/',
  'http:evil.example',
  '@evil.example/x',
  ':443@evil.example/',
  '.evil.example/x',
  '-evil.example',
  '/..',
  '/../',
  '/../../etc/passwd',
  '/a/../../../x',
  '/a/./../../x',
  '/.',
  '/a/.',
  '/%2e%2e/x',
  '/%2E%2e/x',
  '/.%2e/x',
  '/%2e./x',
  '/..%2fadmin',
  '/..%2Fadmin',
  '/a/..%2f..%2f..%2fadmin',
  '/..%5cadmin',
  '/a%5c..%5c..%5cadmin',
  '/%2f%2fevil.example/x',
  '/%2fevil.example',
  '/%5cevil.example',
  '/%252e%252e/x',
  '/..%252fadmin',
  '/%252e%252e%252fadmin',
  '/%25252e%25252e/x',
  '/%2525252525252e%2525252525252e/x',
  '/%252e%252e/%25zz',
  '/%252e%252e%252fadmin/%25zz',
  '/%25c0%25ae%25c0%25ae/x',
  '/a/..%25c0%25afadmin',
  '/..;/admin',
  '/..;jsessionid=1/admin',
  '/%2e%2e%3b/admin',
  '/.. /admin',
  '/..%20/admin',
  '/..%09/admin',
  '/a%0d%0aHost:%20evil.example',
  '/a%0aX: y',
  '/a%00.json',
  '/a\tb',
  '/%',
  '/%zz',
  '/a%e0%80%af',
  '/#@evil.example',
];

describe('an address below another one', () => {
  it.each(hostile)('is not %j', (path) => {
    for (const base of bases) expect(addressBelow(base, path)?.href ?? null, base).toBeNull();
  });

  it.each([
    ['', 'https://api.example.com/v1'],
    ['/', 'https://api.example.com/v1/'],
    ['/repos/octocat/hello-world', 'https://api.example.com/v1/repos/octocat/hello-world'],
    ['/projects/group%2Fname', 'https://api.example.com/v1/projects/group%2Fname'],
    ['/users/ada@example.com', 'https://api.example.com/v1/users/ada@example.com'],
    ['/a/https://other.example/x', 'https://api.example.com/v1/a/https://other.example/x'],
    ['/100%25', 'https://api.example.com/v1/100%25'],
    ['/100%2525', 'https://api.example.com/v1/100%2525'],
    ['/file..name/...', 'https://api.example.com/v1/file..name/...'],
    ['/a//b', 'https://api.example.com/v1/a//b'],
    ['/%C3%A4', 'https://api.example.com/v1/%C3%A4'],
  ])('may be %j', (path, href) => {
    expect(addressBelow('https://api.example.com/v1/', path)?.href).toBe(href);
  });

  it('keeps the query as it is, whatever stands in it', () => {
    expect(addressBelow('https://api.example.com', '/a', '?to=//evil&p=../..&x=%2e')?.href).toBe(
      'https://api.example.com/a?to=//evil&p=../..&x=%2e',
    );
  });
});
