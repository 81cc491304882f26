import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type Scope, scopes } from '../../src/services/api-keys/scopes.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { appDance, newVerifier } from '../support/apps.ts';
import { signedIn } from '../support/cast.ts';
import { rowFor } from '../support/rows.ts';
import { figure, shuffled, tries } from './measure.ts';

// Cleo of Tailspin puts the ids of everything that Northwind has into every place of every route where an id may stand.

interface Route {
  kind: 'api' | 'page';
  method: string;
  path: string;
  example: {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: unknown;
    form?: Record<string, string>;
  };
}

/** What a success would take away from Cleo herself, so that she could not go on; none of them takes an id. */
const endings = new Set([
  'POST /signout',
  'DELETE /settings/workspace',
  'POST /settings/account/password',
  'DELETE /settings/account/sessions',
  'POST /settings/account/second-factor/confirmation',
]);

/** Fields that clients like to send along, whether the operation knows them or not. */
const smuggled = ['tenant_id', 'tenantId', 'organization_id', 'id', 'connector_id', 'connection_id', 'user_id'];
const headers = ['x-tenant', 'x-tenant-id', 'x-user-id', 'idempotency-key', 'x-patchbay-connector'];

let hub: TestApp;
let key: string;
let routes: Route[];
const foreign: Record<string, string> = {};
beforeAll(async () => {
  hub = await testApp();
  const { operations, pages } = hub.declared;
  routes = [
    ...operations.map(({ operation }) => ({ ...operation, kind: 'api' as const })),
    ...pages.map((route) => ({ ...route, kind: 'page' as const })),
    ...bare.map((route) => ({ ...route, kind: 'api' as const })),
    ...(await consent()),
  ].map((route) => ({ ...route, method: route.method.toUpperCase() }));
  const kinds = {
    ...{ connector: '/connectors', connection: '/connections/:id', key: '/api-keys', budget: '/budgets' },
    ...{ price: '/prices', webhook: '/webhooks', invitation: '/invitations', member: '/members' },
    ...{ execution: '/executions', post: '/posts', authorization: '/oauth/wait' },
  };
  for (const [kind, path] of Object.entries(kinds)) foreign[kind] = await rowFor(hub, path);
  Object.assign(foreign, { tenant: hub.cast.ada.tenantId, user: hub.cast.ben.id, replay: 'northwind-once-0001' });
  const wanted = { name: 'Said once', catalog_key: 'http-api', config: { base_url: 'https://quiet.example' } };
  await hub.as(
    hub.cast.ada,
    'POST',
    '/api/connectors',
    { ...wanted, auth: { method: 'none' } },
    { 'idempotency-key': foreign.replay ?? '' },
  );
  const everything = { name: 'Everything', role: 'owner', scopes: Object.keys(scopes) as Scope[] };
  key = (await (await hub.as(hub.cast.cleo, 'POST', '/api/api-keys', everything)).json()).key;
});
afterAll(() => hub.close());

const call = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});
/** Without a declaration of their own. */
const bare = [
  {
    method: 'POST',
    path: '/mcp',
    example: { body: call('github.get_user', { connection_id: 'x', connector_id: 'x' }) },
  },
  { method: 'GET', path: '/v1/models', example: {} },
  {
    method: 'POST',
    path: '/v1/chat/completions',
    example: { body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'x' }] } },
  },
  {
    method: 'POST',
    path: '/connections/webhook/:connector',
    example: { params: { connector: 'x' }, body: { id: 'x' } },
  },
];

/** Where an app asks to be let in, with a choice that is never whole: what it answers would be new each time. */
async function consent(): Promise<Route[]> {
  const dance = appDance(hub);
  const request = dance.query(await dance.client(), newVerifier());
  const chosen = { decision: 'allow', access: 'all', reach: 'chosen', connectors: 'x', duration: '90' };
  const form = { request: String(request), workspace: hub.cast.cleo.tenantId, ...chosen };
  const query = { ...Object.fromEntries(request), workspace: 'x' };
  const route = { kind: 'page', path: '/oauth/authorize' } as const;
  return [
    { ...route, method: 'GET', example: { query } },
    { ...route, method: 'POST', example: { form } },
  ];
}

/** For apps, which stand outside of workspaces, with nothing but what they got: tests/api/mcp-access.test.ts. */
const ofApps = [
  ...['oauth-authorization-server', 'oauth-protected-resource', 'oauth-protected-resource/mcp', '*'].map(
    (path) => `GET /.well-known/${path}`,
  ),
  ...['register', 'token', 'revoke'].map((path) => `POST /oauth/${path}`),
];

type Change = (sent: Sent, id: string) => void;
interface Sent {
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  form: Record<string, string>;
  headers: Record<string, string>;
}

/** Every place of the route where an id may stand. */
function places({ path, example }: Route): [string, Change][] {
  const params = [...path.matchAll(/:(\w+)/g)].map(([, name = '']): [string, Change] => [
    `path ${name}`,
    (sent, id) => {
      sent.params[name] = id;
    },
  ]);
  const query = [...Object.keys(example.query ?? {}), ...smuggled, 'cursor'].map((name): [string, Change] => [
    `query ${name}`,
    (sent, id) => {
      sent.query[name] = id;
    },
  ]);
  const inHeader = headers.map((name): [string, Change] => [
    `header ${name}`,
    (sent, id) => {
      sent.headers[name] = id;
    },
  ]);
  const leaves = example.body === undefined ? [] : leavesOf(example.body);
  const body = [...leaves, ...(leaves.length ? smuggled.map((name) => [name]) : [])].map((at): [string, Change] => [
    `body ${at.join('.')}`,
    (sent, id) => {
      sent.body = withAt(sent.body, at, id);
    },
  ]);
  const form = (example.form ? [...Object.keys(example.form), ...smuggled] : []).map((name): [string, Change] => [
    `form ${name}`,
    (sent, id) => {
      sent.form[name] = id;
    },
  ]);
  // What Cleo calls her own things, and what she searches in them, is no id.
  return [...params, ...query, ...inHeader, ...body, ...form].filter(([place]) => !/ (name|q)$/.test(place));
}

/** Forms bring the id that their new row will have, in their own workspace: then Cleo has it too, so these come last. */
const takesId = (place: string) => /^form (id|execution_id)$/.test(place);

const leavesOf = (value: unknown, at: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...at, name]))
    : [at];

function withAt(value: unknown, [name, ...rest]: string[], id: string): unknown {
  if (name === undefined) return id;
  const copy = Array.isArray(value) ? [...value] : { ...(value as Record<string, unknown>) };
  (copy as Record<string, unknown>)[name] = withAt((copy as Record<string, unknown>)[name], rest, id);
  return copy;
}

let count = 0;
let requests = 0;

async function send(route: Route, change: Change, id: string, byKey: boolean): Promise<string> {
  const { example, path, method, kind } = route;
  count += 1;
  const sent: Sent = structuredClone({
    ...{ params: { ...example.params }, query: { ...example.query }, headers: {} },
    ...{ body: example.body, form: { ...example.form } },
  });
  for (const values of [sent.body, sent.form] as Record<string, unknown>[])
    if (values && 'name' in values) values.name = `Named ${count}`;
  for (const [, name = ''] of path.matchAll(/:(\w+)/g)) sent.params[name] ??= uuidv7();
  change(sent, id);
  const address = path
    .replace(/:(\w+)/g, (_all, name) => encodeURIComponent(sent.params[name] ?? ''))
    .replace('*', 'x');
  const query = new URLSearchParams(sent.query).toString();
  const to = query ? `${address}?${query}` : address;
  const who = byKey ? null : hub.cast.cleo;
  if (byKey) sent.headers.authorization = `Bearer ${key}`;
  const json = kind === 'api' || method === 'GET';
  const answer = json
    ? await hub.as(who, method, to, method === 'GET' ? undefined : sent.body, sent.headers)
    : await hub.post(who, to, { ...sent.form, ...(method === 'POST' ? {} : { _method: method }) }, sent.headers);
  requests += 1;
  if (requests % 250 === 0) await refresh();
  const seen = ['location', 'hx-redirect', 'content-type', 'idempotent-replayed'].map((name) =>
    answer.headers.get(name),
  );
  // What a change answers shows her own things, of which there are more each time.
  const own = method !== 'GET' && answer.ok;
  return plain(`${answer.status} ${seen} ${own ? '' : await answer.text()}`, id);
}

/** The limits of haste are no part of this, and a session may have ended. */
async function refresh() {
  await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
  hub.cast.cleo.cookie = await signedIn(hub.deps.identity, hub.cast.cleo.email, hub.cast.cleo.tenantId);
}

/** Without what differs from one answer to the next one of its kind. */
const plain = (text: string, id: string) =>
  text
    .replaceAll(encodeURIComponent(id), 'ID')
    .replaceAll(id, 'ID')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'ID')
    .replace(/Failed, \d+ ms|(latency|duration)_ms":\d+/g, 'MS')
    .replace(/Named(-|%20|\+| )\d+/gi, 'NAME')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, 'TIME')
    .replace(/\d+ (second|minute)s? ago|just now|now/g, 'AGO');

/** All that Northwind has, of all tables. */
async function northwind(): Promise<string> {
  return withConnection(hub.database.admin, async (db) => {
    const tables = await db`
      select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`;
    const hash = createHash('sha256');
    for (const { name } of tables)
      for (const row of await db`
        select t::text as row from ${db(name)} t where tenant_id = ${hub.cast.ada.tenantId} order by 1`)
        hash.update(`${name} ${row.row}\n`);
    for (const row of await db`
      select m::text as row from members m where organization_id = ${hub.cast.ada.tenantId} order by 1`)
      hash.update(row.row);
    return hash.digest('hex');
  });
}

it('answers a foreign id, wherever it stands, like one that nobody has, and changes nothing of the others', async () => {
  const cases = shuffled(
    routes
      .filter(({ method, path }) => !endings.has(`${method} ${path}`))
      .flatMap((route) =>
        places(route).flatMap(([place, change]) =>
          Object.entries(foreign).map(([kind, id]) => ({ route, place, change, kind, id })),
        ),
      ),
  );
  const covered = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const routed = hub.app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
  const apart = ['GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /assets/*', 'POST /v1/embeddings', ...ofApps];
  expect([...new Set(routed)].filter((name) => !covered.has(name) && !apart.includes(name))).toEqual([]);

  // One of each route and place comes first; the rest as far as the number of tries goes.
  const firsts = new Map(cases.map((each) => [`${each.route.method} ${each.route.path} ${each.place}`, each]));
  const wanted = [...firsts.values(), ...cases.filter((each) => ![...firsts.values()].includes(each))];
  const chosen = wanted
    .slice(0, Math.max(tries(2000), firsts.size))
    .toSorted((one, other) => Number(takesId(one.place)) - Number(takesId(other.place)));
  const before = await northwind();
  const wrong: string[] = [];
  for (const { route, place, change, kind, id } of chosen) {
    const byKey = route.kind === 'api' && count % 2 === 0;
    const nobody = kind === 'replay' ? `nobody-once-${count}` : uuidv7();
    const unknown = await send(route, change, nobody, byKey);
    const told = await send(route, change, id, byKey);
    // What is Cleo's own may have changed in between: the answer after it counts as well.
    if (told === unknown || told === (await send(route, change, kind === 'replay' ? `${nobody}-2` : uuidv7(), byKey)))
      continue;
    const from = [...told].findIndex((sign, at) => sign !== unknown[at]);
    const around = (text: string) => JSON.stringify(text.slice(Math.max(from - 60, 0), from + 120));
    wrong.push(`${route.method} ${route.path} ${place} ${kind}: ${around(told)} instead of ${around(unknown)}`);
  }
  figure(
    `${wrong.length} of ${chosen.length} foreign ids (${routes.length} routes, ${firsts.size} places, ${requests} requests) told apart`,
  );
  expect(wrong).toEqual([]);
  expect(await northwind()).toBe(before);
});

it('has what it tries: Northwind sees each of these rows', async () => {
  const [row] = await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
    tx.execute(sql`select id from connectors where id = ${foreign.connector}`),
  );
  expect(row?.id).toBe(foreign.connector);
  expect(Object.values(foreign).every(Boolean)).toBe(true);
});
