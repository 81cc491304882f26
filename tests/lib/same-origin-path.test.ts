import { describe, expect, it } from 'vitest';
import { sameOriginPath } from '../../src/lib/same-origin-path.ts';

const refused = [
  'https://evil.example',
  'http://evil.example/',
  'HTTPS://evil.example',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\\/evil.example',
  '//\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  ' /catalog',
  '/ /evil.example',
  '/\u0000/evil.example',
  '/\u00a0/evil.example',
  '/\u2028/evil.example',
  '/\u3002evil.example',
  '//evil\u3002example',
  '/%2f/evil.example',
  '/%2F%2Fevil.example',
  '/%5cevil.example',
  '/%5Cevil.example',
  '/%09/evil.example',
  '/%0a/evil.example',
  '/%0d%0aSet-Cookie:a=b',
  '/.//evil.example',
  '/..//evil.example',
  '/./\\evil.example',
  '/%2e%2e//evil.example',
  '/a/..//evil.example',
  '/a/../..//evil.example',
  '/%2e//evil.example',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'blob:https://x/1',
  'mailto:a@b',
  'ftp://evil.example',
  'evil.example',
  'evil.example/catalog',
  'catalog',
  './catalog',
  '../catalog',
  '?next=/x',
  '#x',
  '@evil.example',
  ':80',
  'https:evil.example',
  'https:/evil.example',
  'http:///evil.example',
  '//user@evil.example',
  '//evil.example:80/x',
  '//[::1]/',
  '//0x7f000001',
  '/catalog\\..\\evil',
  '/catalog\r\nLocation: https://evil.example',
  '/cata\u001blog',
  '/catalog/é',
  '',
  `/${'x'.repeat(2_000)}`,
];

describe('sameOriginPath', () => {
  it.each(refused.map((next) => [next]))('falls back for %j', (next) => {
    expect(sameOriginPath(next, '/home')).toBe('/home');
  });

  it.each([[undefined], [null], [42], [['/catalog']], [{ toString: () => '/catalog' }], [new URL('http://x/catalog')]])(
    'falls back for what is no string: %j',
    (next) => {
      expect(sameOriginPath(next, '/home')).toBe('/home');
    },
  );

  it.each([
    '/',
    '/catalog',
    '/catalog?q=git&sort=name',
    '/connectors/0192-ab?tab=health#top',
    '/hub/installed',
    '/catalog?q=https://example.com',
    '/catalog?q=%C3%A9',
    '/catalog?next=//evil.example',
    '/a//b',
    '/@me',
  ])('keeps %s', (next) => {
    expect(sameOriginPath(next, '/home')).toBe(next);
  });

  it('writes what it keeps as a browser would', () => {
    expect(sameOriginPath("/a/../catalog?q=it's", '/home')).toBe('/catalog?q=it%27s');
  });

  it('keeps the origin whatever a browser makes of the answer', () => {
    for (const next of [...refused, '/catalog']) {
      const target = new URL(sameOriginPath(next, '/home'), 'https://hub.example.com/signin');
      expect(target.origin).toBe('https://hub.example.com');
      expect(new URL(decodeURIComponent(target.pathname), 'https://hub.example.com').origin).toBe(
        'https://hub.example.com',
      );
    }
  });
});
