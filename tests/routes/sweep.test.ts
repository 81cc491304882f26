import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import type { Parts } from '../../src/routes/api/operation.ts';
import type { PageRoute } from '../../src/routes/page.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import { type Person, password, signedIn } from '../support/cast.ts';
import { about, needsRow, rowFor } from '../support/rows.ts';
import { codeOf, startFactor, turnOnFactor } from '../support/second-factor.ts';

/** Any route that the app has, in the shape that the sweeps need. */
interface Swept {
  name: string;
  kind: 'api' | 'page';
  method: string;
  path: string;
  role: string;
  audit: string | null;
  status: number | 'service' | null;
  input?: Parts;
  example: {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: unknown;
    form?: Record<string, string>;
  };
}

const asFragment: Record<string, string> = { 'hx-request': 'true', 'hx-request-type': 'partial' };

/** Answered before any session is asked for, and without a declaration. */
const probes = ['GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /assets/*'];
/** For API keys alone, with errors of their own shape; tests/api/gateway.test.ts. */
const gateway = ['POST /v1/chat/completions', 'POST /v1/embeddings', 'GET /v1/models'];
/** The same; tests/api/mcp.test.ts. */
const agents = ['POST /mcp'];
/** Brokers prove themselves by their signature; tests/services/brokers/brokered-accounts.test.ts. */
const reports = ['POST /connections/webhook/:connector'];
/** How apps are let in, with errors of their own shape; tests/api/mcp-access.test.ts. */
const apps = [
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/mcp',
  'GET /.well-known/*',
  'POST /oauth/register',
  'POST /oauth/token',
  'POST /oauth/revoke',
  'GET /oauth/authorize',
  'POST /oauth/authorize',
];
const bare = [...probes, ...gateway, ...agents, ...apps, ...reports];

let hub: TestApp;
let routes: Swept[];
beforeAll(async () => {
  hub = await testApp();
  const { operations, pages } = hub.declared;
  routes = [...operations.map(({ operation }) => ({ ...operation, kind: 'api' as const })), ...pages.map(asPage)].map(
    named,
  );
});
afterAll(() => hub.close());

const asPage = (page: PageRoute) => ({ ...page, kind: 'page' as const, status: null });
const named = (route: Omit<Swept, 'name'>): Swept => ({
  ...route,
  name: `${route.method.toUpperCase()} ${route.path}`,
});

/** Each route's own row, so that no sweep is in another's way. */
const rowOf = ({ path }: Swept) => rowFor(hub, path);
const connector = () => rowFor(hub, '/connectors');
let count = 0;

/** What has to be so before the example can work. */
const given: Record<string, (id: string) => Promise<unknown>> = {
  'POST /connections/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connections/${id}/status`, { status: 'inactive' }),
  'DELETE /connectors/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' }),
  'POST /api/budgets': () => rowFor(hub, '/budgets'),
  'POST /settings/budgets': () => rowFor(hub, '/budgets'),
  'POST /connectors/:id/restoration': (id) => hub.as(hub.cast.ada, 'DELETE', `/api/connectors/${id}`),
};

/** What has to be typed that no example can know. */
const proof: Record<string, (person: Person) => Promise<Record<string, string>>> = {
  'POST /settings/account/second-factor/confirmation': async (person) => ({
    code: codeOf(await startFactor(hub, person)),
    current_password: password,
  }),
  'POST /settings/account/second-factor/recovery-codes': async (person) => ({
    code: codeOf((await turnOnFactor(hub, person)).secret, 1),
    current_password: password,
  }),
  'DELETE /settings/account/second-factor': async (person) => ({
    code: (await turnOnFactor(hub, person)).codes[0] ?? '',
    current_password: password,
  }),
};

/** Changes to one's own account sign people out: each is sent from another browser of the person, who is as before afterwards. */
async function onOwnAccount(person: Person, work: (elsewhere: Person, session: string) => Promise<void>) {
  const { identity } = hub.deps;
  const again = async () => ({ ...person, cookie: await signedIn(identity, person.email, person.tenantId) });
  const hash = sql`(select password from accounts where user_id = ${person.id})`;
  const [before] = await hub.database.db.system.execute<{ hash: string }>(sql`select ${hash} as hash`);
  const other = await identity.readSession(new Headers({ cookie: (await again()).cookie }));
  await work(await again(), other?.sessionId ?? '');
  await hub.database.db.system.execute(sql`delete from second_factors where user_id = ${person.id}`);
  await hub.database.db.system.execute(
    sql`update accounts set password = ${before?.hash} where user_id = ${person.id}`,
  );
  Object.assign(person, await again());
}

function send(route: Swept, person: Person | null, id: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { params = {}, query = {}, body, form } = route.example;
  const path = route.path.replace(/:(\w+)/g, (_all, name: string) => (name === 'id' ? id : (params[name] ?? '')));
  const address = Object.keys(query).length ? `${path}?${new URLSearchParams(query)}` : path;
  const method = route.method.toUpperCase();
  if (route.kind === 'api' || method === 'GET')
    return hub.as(person, method, address, uniqueName(about(body, id)), headers);
  const override: Record<string, string> = method === 'POST' ? {} : { _method: method };
  return hub.post(
    person,
    address,
    { tenant_id: person?.tenantId ?? '', ...uniqueName(about(form, id)), ...override },
    headers,
  );
}

/** Examples that install would meet the name of the one before. */
function uniqueName<T>(body: T): T {
  if (typeof body !== 'object' || body === null || !('name' in body)) return body;
  count += 1;
  return { ...body, name: `Example ${count}` };
}

/** The example with one more of the fields that the body may have, for each of them, and one that is wrong: no body makes up for a role. */
function otherBodies({ input, example }: Swept, id: string): object[] {
  if (!input?.body) return [];
  const given = (example.body ?? {}) as object;
  return Object.entries(input.body.properties)
    .filter(([field]) => !(field in given))
    .map(([field, schema]) => ({ ...given, [field]: sampleOf(schema as JsonSchema, id) }))
    .concat({ nothing_of_it: true });
}

function sampleOf({ anyOf, enum: choices, const: only, type, format, minimum }: JsonSchema, id: string): unknown {
  if (Array.isArray(anyOf)) return sampleOf(anyOf[0], id);
  if (Array.isArray(choices)) return choices[0];
  if (only !== undefined) return only;
  if (type === 'integer' || type === 'number') return minimum ?? 1;
  if (type === 'boolean') return true;
  if (type === 'array' || type === 'object') return type === 'array' ? [] : {};
  if (format === 'date-time') return new Date(Date.now() + 3_600_000).toISOString();
  return format === 'uuid' ? id : 'me';
}

const protectedRoutes = () => routes.filter(({ role }) => role !== 'public');
/** Operators stand outside of workspaces; tests/routes/operator-sweep.test.ts uses their routes as one. */
const workspaceRoutes = () => protectedRoutes().filter(({ role }) => role !== 'operator');

async function history(tenantId: string): Promise<{ action: string }[]> {
  const rows = await hub.database.db.asTenant(tenantId, (tx) =>
    tx.execute(sql`select action from audit_events order by id`),
  );
  return rows as unknown as { action: string }[];
}

async function snapshot(): Promise<string> {
  const { tenantId } = hub.cast.ada;
  const rows = await hub.database.db.asTenant(tenantId, async (tx) => [
    await tx.execute(sql`select * from connectors order by id`),
    await tx.execute(sql`select * from api_keys order by id`),
  ]);
  const people = await hub.hub.db.system.execute(sql`select * from members order by id`);
  return JSON.stringify([rows, people, await history(tenantId)]);
}

describe('declarations', () => {
  it('cover every route of the app, and nothing else', () => {
    const routed = hub.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(routed)].sort()).toEqual([...routes.map(({ name }) => name), ...bare].sort());
    expect(routes.length).toBeGreaterThan(25);
  });

  it('name an audit event for every change of the workspace', () => {
    const unaudited = protectedRoutes()
      .filter(({ method, audit }) => method.toUpperCase() !== 'GET' && !audit)
      .map(({ name }) => name);
    // Waiting and looking at a document change nothing, and a check what it finds out by itself. Tools have a history of their own. Checking values stores nothing, switching the workspace concerns the session alone, and a person's own password and
    // sessions stand in the history of their account.
    expect(unaudited.sort()).toEqual([
      'DELETE /api/proxy/:id/*',
      'DELETE /settings/account/second-factor',
      'DELETE /settings/account/sessions',
      'DELETE /settings/account/sessions/:session',
      'OPTIONS /api/proxy/:id/*',
      'PATCH /api/proxy/:id/*',
      'POST /api/connections/:id/repositories/sync',
      'POST /api/connections/oauth/wait',
      'POST /api/connectors/:id/oauth-token',
      'POST /api/connectors/:id/operations/preview',
      'POST /api/connectors/:id/test',
      'POST /api/connectors/test',
      'POST /api/proxy/:id/*',
      'POST /api/tools/:slug/execute',
      'POST /api/validate-config',
      'POST /connections/:id/checks',
      'POST /connectors/:id/operations/preview',
      'POST /connectors/:id/repositories/sync',
      'POST /connectors/:id/tools/:tool/executions',
      'POST /connectors/checks',
      'POST /executions/:id/replays',
      'POST /publish/preview',
      'POST /settings/account/password',
      'POST /settings/account/second-factor',
      'POST /settings/account/second-factor/confirmation',
      'POST /settings/account/second-factor/recovery-codes',
      'POST /settings/workspace',
      'PUT /api/proxy/:id/*',
      'PUT /connectors/:id/checks',
    ]);
  });
});

describe('every route', { timeout: 120_000 }, () => {
  it('answers nobody who is not signed in', async () => {
    for (const route of protectedRoutes()) {
      const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
      const response = await send(route, null, id);
      const fragment = await send(route, null, id, asFragment);
      if (route.kind === 'api') {
        expect([route.name, response.status, (await response.json()).code]).toEqual([route.name, 401, 'not_signed_in']);
      } else {
        expect([route.name, response.status, response.headers.get('location')]).toEqual([
          route.name,
          303,
          expect.stringContaining('/signin?next='),
        ]);
        expect([route.name, fragment.status, fragment.headers.get('hx-redirect')]).toEqual([
          route.name,
          401,
          expect.stringContaining('/signin'),
        ]);
      }
    }
  });

  /** What changes rows before a service is asked is noted with that change, beside what the route declares. */
  const firstSteps = ['connection.stopped', 'connection.rotation_begun'];

  it('works for the lowest role that may use it, and writes exactly the audit event that it declares', async () => {
    const { cast } = hub;
    const people: Record<string, Person> = { member: cast.ben, admin: cast.dan, owner: cast.ada };
    for (const route of workspaceRoutes()) {
      const id = await rowOf(route);
      await given[route.name]?.(id);
      const before = await history(cast.ada.tenantId);
      const person = people[route.role] as Person;
      let response = new Response();
      if (route.path.startsWith('/settings/account/'))
        await onOwnAccount(person, async (elsewhere, session) => {
          const form = { ...route.example.form, ...(await proof[route.name]?.(elsewhere)) };
          response = await send({ ...route, example: { params: { session }, form } }, elsewhere, id);
        });
      else response = await send(route, person, id);
      // Where services would be there is nothing here.
      const expected = route.status === 'service' ? [502] : route.status ? [route.status] : [200, 303];
      expect(expected, `${route.name}: ${response.status} ${(await response.clone().text()).slice(0, 300)}`).toContain(
        response.status,
      );
      const written = (await history(cast.ada.tenantId))
        .slice(before.length)
        .map(({ action }) => action)
        .filter((action) => !firstSteps.includes(action));
      expect([route.name, written]).toEqual([route.name, route.audit ? [route.audit] : []]);
    }
  });

  it('refuses a role that is too low, whatever else the body says, and changes nothing', async () => {
    const id = await connector();
    const before = await snapshot();
    const { ben, dan } = hub.cast;
    const below: Record<string, Person[]> = { admin: [ben], owner: [ben, dan] };
    for (const route of workspaceRoutes())
      for (const person of below[route.role] ?? []) {
        const asked = [{}, asFragment].map((headers) => send(route, person, id, headers));
        for (const body of otherBodies(route, id))
          asked.push(send({ ...route, example: { ...route.example, body } }, person, id));
        for (const response of await Promise.all(asked)) {
          const told = await response.text();
          expect([route.name, person.name, response.status], told).toEqual([route.name, person.name, 403]);
          expect(told).toMatch(route.role === 'admin' ? /owners and admins/ : /Only owners/);
        }
      }
    expect(await snapshot()).toBe(before);
  });

  it('has nothing for operators’ eyes at any address for anybody else, whatever their role', async () => {
    const hidden = protectedRoutes().filter(({ role }) => role === 'operator');
    expect(hidden.length).toBeGreaterThan(2);
    for (const route of hidden)
      for (const person of [hub.cast.ada, hub.cast.dan, hub.cast.ben, hub.cast.cleo]) {
        const response = await send(route, person, person.tenantId);
        expect([route.name, person.name, response.status]).toEqual([route.name, person.name, 404]);
        expect(await response.text()).toContain('There is nothing at this address.');
      }
  });

  it('treats another workspace’s row like one that does not exist', async () => {
    const nobody = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
    const plain = async (response: Response, used: string) =>
      (await response.text()).replaceAll(used, 'ID').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID');
    for (const route of routes.filter((route) => needsRow(route))) {
      const id = await rowOf(route);
      const before = await snapshot();
      const foreign = await send(route, hub.cast.cleo, id);
      const unknown = await send(route, hub.cast.cleo, nobody);
      expect([route.name, foreign.status, unknown.status]).toEqual([route.name, 404, 404]);
      expect(await plain(foreign, id), route.name).toBe(await plain(unknown, nobody));
      expect([route.name, await snapshot()]).toEqual([route.name, before]);
    }
  });

  it('refuses changes that another site sends', async () => {
    const id = await connector();
    const before = await snapshot();
    for (const route of routes.filter(({ method }) => method.toUpperCase() !== 'GET')) {
      const response = await send(route, hub.cast.ada, id, {
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
        'user-agent': 'Mozilla/5.0',
      });
      expect([route.name, response.status]).toEqual([route.name, 403]);
    }
    expect(await snapshot()).toBe(before);
  });

  it('refuses what a page of another workspace sends', async () => {
    const id = await connector();
    for (const route of workspaceRoutes().filter(({ name }) => name !== 'POST /settings/workspace')) {
      const response = await send(route, hub.cast.ada, id, { 'x-tenant': hub.cast.cleo.tenantId });
      expect([route.name, response.status]).toEqual([route.name, 409]);
    }
  });

  it('is not reached by other spellings of its path without a session', async () => {
    const spellings = ['//', '/./', '/%2e/', '/%2f', '/;x', '/%5c', '/..%2f', '/.%00'];
    for (const route of protectedRoutes().filter(({ method }) => method.toUpperCase() === 'GET')) {
      const path = route.path.replace(/:\w+/g, 'x');
      for (const variant of [
        ...spellings.map((spelling) => spelling + path.slice(1)),
        `${path}/`,
        `${path};x`,
        path.toUpperCase(),
        `${path}%00`,
        `${path}?/public`,
      ]) {
        const response = await hub.app.request(`http://hub.test${variant}`);
        expect([401, 404, 303, 400], `${variant}: ${response.status}`).toContain(response.status);
        if (response.status === 303) expect(response.headers.get('location')).toMatch(/^\/signin/);
      }
    }
  });

  it('carries the security headers', async () => {
    for (const route of routes.filter(({ method }) => method.toUpperCase() === 'GET')) {
      const { headers } = await send(route, hub.cast.ada, await connector());
      expect([route.name, headers.get('content-security-policy')]).toEqual([
        route.name,
        expect.stringContaining("script-src 'self'"),
      ]);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect([route.name, headers.get('x-content-type-options'), headers.get('cache-control')]).toEqual([
        route.name,
        'nosniff',
        'no-store',
      ]);
    }
  });
});
