import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import { changedIn, contentsOf } from './contents.ts';
import { figure } from './measure.ts';
import { ask, type Route, routesOf, rowOf } from './routes.ts';

// What happens to each change when its event cannot be written.

let hub: TestApp;
let changes: Route[];
beforeAll(async () => {
  hub = await testApp();
  changes = routesOf(hub).filter(
    ({ method, audit, role }) => method !== 'GET' && audit && role !== 'operator' && role !== 'public',
  );
});
afterAll(() => hub.close());

/** What has to be so before the example works. */
const given: Record<string, (id: string) => Promise<unknown>> = {
  'POST /connections/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connections/${id}/status`, { status: 'inactive' }),
  'DELETE /connectors/:id/activation': (id) =>
    hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' }),
  'POST /connectors/:id/restoration': (id) => hub.as(hub.cast.ada, 'DELETE', `/api/connectors/${id}`),
};

const trail = (statement: 'revoke' | 'grant') =>
  withConnection(hub.database.admin, async (db) => {
    const to = statement === 'revoke' ? 'from' : 'to';
    await db.unsafe(`${statement} insert on audit_events ${to} patchbay_app, patchbay_system`);
  });

/** Records of what was tried, what the hub makes for itself, and what it remembers of a service: no changes that somebody asked for. */
const records = ['executions', 'health_checks', 'authorization_requests', 'hub_secrets', 'toolkit_cache'];
/** Changes that ask a service in their middle have a first step before their event. It takes access away and gives none. */
const firstSteps: Record<string, string> = {
  'DELETE /api/connections/:id': 'connections', // not used any more while the service is asked to end it
  'DELETE /connections/:id': 'connections',
  'POST /api/connections/:id/revoke': 'connections',
  'POST /api/connections/:id/rotate': 'credentials', // the new one waits for its test, and nothing uses it
  'POST /connections/:id/rotation': 'credentials',
};

it('a change that cannot be audited does not happen', async () => {
  const people: Record<string, Person> = { member: hub.cast.ben, admin: hub.cast.dan, owner: hub.cast.ada };
  const wrong: string[] = [];
  for (const route of changes) {
    const id = await rowOf(hub, route);
    await given[route.name]?.(id);
    const before = await contentsOf(hub);
    await trail('revoke');
    const answer = await ask(hub, route, id, { person: people[route.role] });
    await trail('grant');
    const changed = changedIn(before, await contentsOf(hub)).filter(
      (table) => !records.includes(table) && firstSteps[route.name] !== table,
    );
    const text = answer.status < 400 ? (await answer.text()).slice(0, 100) : '';
    if (answer.ok || answer.status === 303 || changed.length)
      wrong.push(`${route.name}: ${answer.status} ${text} changed ${changed.join(', ') || 'nothing'}`);
  }
  figure(`${wrong.length} of ${changes.length} changes happened, or seemed to, without their event`);
  expect(wrong).toEqual([]);
});
