import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PageRoute } from '../../src/routes/page.ts';
import { registerApplication } from '../../src/services/authorizations/oauth-applications.ts';
import { switchEntry } from '../../src/services/connectors/provisioned-entries.ts';
import { listOperatorEvents, type OperatorCtx } from '../../src/services/tenants/operator-trail.ts';
import { setOperator } from '../../src/services/tenants/operators.ts';
import { suspendTenant } from '../../src/services/tenants/tenant-admin.ts';
import { createTenant } from '../../src/services/tenants/tenants.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import { password } from '../support/cast.ts';

let hub: TestApp;
let ctx: OperatorCtx;
let routes: PageRoute[];
beforeAll(async () => {
  hub = await testApp();
  const { ada } = hub.cast;
  await setOperator(hub.hub, ada.email, true);
  ctx = { ...hub.ctx(ada), actor: { type: 'user', id: ada.id, name: ada.name } };
  routes = hub.declared.pages.filter(({ role }) => role === 'operator');
});
afterAll(() => hub.close());

const trail = async () => (await listOperatorEvents(ctx, { limit: 100 })).data;

let count = 0;
/** Each route's own workspace, so that no sweep is in another's way. */
async function tenant(): Promise<string> {
  count += 1;
  const owner = { email: `owner-${count}@example.com`, password };
  return (await createTenant(hub.hub, { name: 'Example', owner })).tenant.id;
}

const application = {
  client_id: '1234567890.1234567890',
  client_secret: '0123456789abcdef0123456789abcdef',
  scopes: [],
};

/** What has to be so before the example can work. */
const given: Record<string, (tenantId: string) => Promise<unknown>> = {
  'delete /operator/entries/:entry/application': () =>
    registerApplication(ctx, 'slack', { ...application, scopes: ['chat:write'] }),
  'post /operator/entries/:entry/availability': () => switchEntry(ctx, 'slack', false),
  'delete /operator/entries/:entry/availability': () => switchEntry(ctx, 'slack', true),
  'delete /operator/tenants/:tenant/suspension': (tenantId) => suspendTenant(ctx, tenantId, ''),
};

async function send(
  { method, path, example }: PageRoute,
  tenantId: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [event] = await trail();
  const address = path
    .replace(':event', event?.id ?? '')
    .replace(':tenant', tenantId)
    .replace(':entry', 'slack');
  const query = new URLSearchParams(example.query).toString();
  const to = query ? `${address}?${query}` : address;
  if (method === 'get') return hub.as(hub.cast.ada, 'GET', to, undefined, headers);
  const override: Record<string, string> = method === 'post' ? {} : { _method: method.toUpperCase() };
  return hub.post(hub.cast.ada, to, { ...example.form, ...override }, headers);
}

/** What long work notes beside the one event: its beginning where the end counts, its end where it goes on after the answer. */
const further = /^tenant\.deletion_started$|\.rotation_(finished|stopped)$/;

describe('every route of operators', { timeout: 120_000 }, () => {
  it('works for an operator, and writes exactly the event that it declares', async () => {
    for (const route of routes) {
      const name = `${route.method} ${route.path}`;
      const tenantId = await tenant();
      await given[name]?.(tenantId);
      await hub.deps.upkeep.background.idle();
      const before = (await trail()).length;
      const response = await send(route, tenantId);
      expect([200, 303], `${name}: ${response.status} ${(await response.text()).slice(0, 300)}`).toContain(
        response.status,
      );
      const events = await trail();
      const written = events
        .slice(0, events.length - before)
        .map(({ action }) => action)
        .filter((action) => !further.test(action));
      expect([name, written]).toEqual([name, route.audit ? [route.audit] : []]);
    }
  });

  it('refuses changes that another site sends', async () => {
    const tenantId = await tenant();
    const before = await trail();
    for (const route of routes.filter(({ method }) => method !== 'get')) {
      const response = await send(route, tenantId, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
      expect([route.path, response.status]).toEqual([route.path, 403]);
    }
    expect(await trail()).toEqual(before);
  });
});

describe('an operator', () => {
  it('is linked to the pages from the account menu, and nobody else is', async () => {
    const link = 'href="/operator"';
    expect(await (await hub.as(hub.cast.ada, 'GET', '/catalog')).text()).toContain(link);
    expect(await (await hub.as(hub.cast.dan, 'GET', '/catalog')).text()).not.toContain(link);
  });

  it('stops being one with the next request', async () => {
    const { ben } = hub.cast;
    expect((await hub.as(ben, 'GET', '/operator/activity')).status).toBe(404);
    await setOperator(hub.hub, ben.email, true);
    expect((await hub.as(ben, 'GET', '/operator/activity')).status).toBe(200);
    await setOperator(hub.hub, ben.email, false);
    expect((await hub.as(ben, 'GET', '/operator/activity')).status).toBe(404);
  });

  it('who belongs to no workspace still gets in', async () => {
    const { cleo } = hub.cast;
    await setOperator(hub.hub, cleo.email, true);
    await hub.hub.db.system.execute(`delete from members where user_id = '${cleo.id}'`);
    expect((await hub.as(cleo, 'GET', '/catalog')).status).toBe(403);
    expect((await hub.as(cleo, 'GET', '/operator/activity')).status).toBe(200);
  });
});
