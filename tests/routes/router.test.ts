import type { Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';
import { describe, expect, it } from 'vitest';
import { ForgetfulRouter } from '../../src/routes/router.ts';
import { letsGo } from '../support/let-go.ts';

const routes = [
  ...['ALL *', 'ALL /api/*', 'GET /', 'GET /signin', 'POST /signin', 'GET /connectors/new', 'GET /connectors/:id'],
  ...[
    'PUT /connectors/:id',
    'GET /connectors/:id/tools/:tool',
    'ALL /api/proxy/:id/*',
    'GET /api/*',
    'GET /links/:token',
  ],
];
const filled = <R extends Router<string>>(router: R): R => {
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    router.add(method, path, route);
  }
  return router;
};
const [own, usual] = [filled(new ForgetfulRouter<string>()), filled(new TrieRouter<string>())];

describe('the router', () => {
  const paths = [
    '/',
    '/signin',
    '/signin/',
    '//signin',
    '/connectors/new',
    '/connectors/7',
    '/connectors/',
    '/connectors//tools/x',
  ];
  const more = [
    '/connectors/7/tools/a%2Fb',
    '/api',
    '/api/',
    '/apis',
    '/api/proxy/7',
    '/api/proxy/7/',
    '/api/proxy/7/a/b',
  ];

  it.each([...paths, ...more])('finds at %j what the usual one finds, in its order', (path) => {
    const plain = (router: Router<string>, method: string) =>
      router.match(method, path)[0].map(([handler, params]) => [handler, { ...params }]);
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) expect(plain(own, method)).toEqual(plain(usual, method));
  });

  it('refuses patterns that it does not know', () => {
    for (const path of ['/a*', '/a/*/b', '/:id?', '/:id{[0-9]+}', '/x:id'])
      expect(() => own.add('GET', path, '')).toThrow();
  });

  it('keeps nothing of a request', async () => {
    const routed = (router: Router<string>) =>
      letsGo((value) => {
        for (const [, params] of router.match('GET', '/links/a-token')[0]) Object.assign(params, { value });
      });
    expect(await routed(own)).toBe(true);
    expect(await routed(usual)).toBe(false); // or Hono has mended it, and its own will do
  });
});
