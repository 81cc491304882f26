import type { Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';
import { expect, it } from 'vitest';
import { ForgetfulRouter } from '../../src/routes/router.ts';
import { letsGo } from '../support/let-go.ts';

const routes = ['ALL *', 'GET /links/new', 'GET /links/:token', 'POST /links/:token/use', 'ALL /api/proxy/:id/*'];
const filled = <R extends Router<string>>(router: R): R => {
  for (const route of routes) router.add(...(route.split(' ') as [string, string]), route);
  return router;
};
const [own, usual] = [filled(new ForgetfulRouter<string>()), filled(new TrieRouter<string>())];

it.each(['/', '/links/new', '/links/-', '/links/a%2Fb', '/links/x/use', '/links//use', '/api/proxy/7/a/b'])(
  'finds at %s what the usual one finds, with the values of the path',
  (path) => {
    const plain = (router: Router<string>, method: string) =>
      router.match(method, path)[0].map(([handler, params]) => [handler, { ...params }]);
    for (const method of ['GET', 'POST']) expect(plain(own, method)).toEqual(plain(usual, method));
  },
);

it('keeps nothing of a path', async () => {
  const routed = (router: Router<string>) =>
    letsGo((value) => {
      for (const [, params] of router.match('GET', '/links/a-token')[0]) Object.assign(params, { value });
    });
  expect(await routed(own)).toBe(true);
  expect(await routed(usual)).toBe(false); // or Hono lets go by itself, and its own will do
});
