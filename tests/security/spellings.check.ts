import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { changedIn, contentsOf } from './contents.ts';
import { figure } from './measure.ts';
import { ask, type Route, routesOf, rowOf } from './routes.ts';

// Every route by every name that somebody might try, with every method, by everybody who may not use it.

let hub: TestApp;
let routes: Route[];
const rows = new Map<string, string>();
/** With the scope for models alone: none of the routes here asks for that. */
let key: string;
beforeAll(async () => {
  hub = await testApp();
  routes = routesOf(hub).filter(({ role }) => role !== 'public');
  for (const route of routes)
    rows.set(route.name, route.role === 'operator' ? hub.cast.ada.tenantId : await rowOf(hub, route));
  const made = { name: 'Models alone', role: 'owner', scopes: ['llm:use'] };
  key = (await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', made)).json()).key;
});
afterAll(() => hub.close());

const slashed = (with_: string) => (path: string) => with_ + path.slice(1);
const spellings: Record<string, (path: string) => string> = {
  'as it is': (path) => path,
  'a slash behind': (path) => `${path}/`,
  'two slashes': slashed('//'),
  'two slashes behind': (path) => `${path}//`,
  'slashes within': (path) => path.replace(/(.)\//g, '$1//'),
  'a dot': slashed('/./'),
  'an encoded dot': slashed('/%2e/'),
  'two dots': slashed('/x/../'),
  'encoded dots': slashed('/assets/%2e%2e/'),
  'dots and an encoded slash': slashed('/..%2f'),
  'an encoded slash': slashed('/%2f'),
  'slashes encoded within': (path) => `/${path.slice(1).replaceAll('/', '%2f')}`,
  'a backslash': slashed('/\\'),
  'an encoded backslash': slashed('/%5c'),
  'a parameter': (path) => `${path};x=1`,
  'a parameter in front': slashed('/;x/'),
  'great letters': (path) => path.toUpperCase(),
  'one great letter': (path) => path.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  'an encoded letter': (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  'encoded twice': (path) => path.replace(/[a-z]/, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
  'an end': (path) => `${path}.json`,
  'a line end': (path) => `${path}%0a`,
  'a tab': (path) => `${path}%09`,
  'a blank': (path) => `${path}%20`,
  'a public query': (path) => `${path}?/healthz`,
  'a public fragment': (path) => `${path}?x=%23/healthz`,
  'below assets': (path) => `/assets/..${path}`,
  'below the sign-in': (path) => `/api/auth/sign-in/email/..${path}`,
};
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'];
/** What some frameworks take for another method, another address or another person. */
const claims = {
  'x-http-method-override': 'DELETE',
  'x-original-url': '/healthz',
  'x-rewrite-url': '/healthz',
  'x-forwarded-prefix': '/healthz',
  'x-forwarded-for': '127.0.0.1',
  'x-forwarded-user': 'ada@example.com',
  'x-user-id': 'ada',
  'x-role': 'owner',
};

const refused = (status: number, location: string | null) =>
  [400, 401, 403, 404, 405, 409, 413, 415, 422].includes(status) || (status === 303 && /\/signin/.test(location ?? ''));

let requests = 0;
async function haste() {
  requests += 1;
  if (requests % 250 === 0) await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
}

it('lets nobody in who is not signed in, whatever the spelling, the method and the headers', async () => {
  const before = await contentsOf(hub);
  const open = new Set(routesOf(hub).flatMap(({ role, name }) => (role === 'public' ? [name] : [])));
  const surprises: string[] = [];
  for (const route of routes) {
    const id = rows.get(route.name) ?? '';
    const tries = [
      ...Object.entries(spellings).map(([what, spelled]) => [what, { spelled }] as const),
      ...methods.map((method) => [method, { method }] as const),
      ['claims', { headers: claims }] as const,
    ];
    for (const [what, how] of tries) {
      await haste();
      const answer = await ask(hub, route, id, how);
      // With another method the same address may be one for everybody, such as a page that leads on.
      const method = ('method' in how ? how.method : route.method).replace('HEAD', 'GET');
      if (open.has(`${method} ${route.path}`)) continue;
      if (!refused(answer.status, answer.headers.get('location')))
        surprises.push(`${route.name} ${what}: ${answer.status}`);
    }
  }
  expect(surprises).toEqual([]);
  expect(changedIn(before, await contentsOf(hub))).toEqual([]);
});

it('lets no role and no key do what is above it, whatever the spelling', async () => {
  const { cast } = hub;
  const before = await contentsOf(hub);
  const surprises: string[] = [];
  const bearer = { authorization: `Bearer ${key}` };
  const low: [string, Person | null, Record<string, string>, (route: Route) => boolean][] = [
    ['a member', cast.ben, {}, ({ role }) => ['admin', 'owner', 'operator'].includes(role)],
    ['an admin', cast.dan, {}, ({ role }) => ['owner', 'operator'].includes(role)],
    ['an owner', cast.ada, {}, ({ role }) => role === 'operator'],
    ['a key', null, bearer, ({ kind, role, scope }) => kind === 'api' && role !== 'public' && scope !== 'llm:use'],
    ['a key at pages', null, bearer, ({ kind }) => kind === 'page'],
  ];
  for (const [who, person, headers, above] of low)
    for (const route of routes.filter(above))
      for (const [what, spelled] of Object.entries(spellings)) {
        await haste();
        const answer = await ask(hub, route, rows.get(route.name) ?? '', { person, headers, spelled });
        if (!refused(answer.status, answer.headers.get('location')))
          surprises.push(`${who} ${route.name} ${what}: ${answer.status}`);
      }
  figure(`${surprises.length} surprises in ${requests} requests (${routes.length} routes)`);
  expect(surprises).toEqual([]);
  expect(changedIn(before, await contentsOf(hub))).toEqual([]);
});
