import { afterAll, beforeAll, expect, it } from 'vitest';
import { findConnection, selectConnections } from '../../../src/db/queries/connections.ts';
import { noteUse } from '../../../src/services/calls/calls.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

it('the use of a connection is noted every few seconds, and what a service still takes each time when little is left', async () => {
  const ada = at.ctx(at.cast.ada);
  const auth = { method: 'api_key', api_key: 'sk-noted-0123456789abcdef' };
  const { id } = await installConnector(ada, 'openai', { name: 'Models', tags: [], config: {}, auth });
  const [row] = await at.hub.db.asTenant(ada.tenantId, (tx) =>
    selectConnections(tx, ada.tenantId, { connectorIds: [id], limit: 1 }),
  );
  if (!row) throw new Error('The connector has no connection.');
  const left = async (remaining: number) => {
    const rateLimit = { limit: 100, remaining, resets_at: new Date().toISOString() };
    const report = { executionId: '', durationMs: 1, attempts: 1, rateLimit, upstreamRequestId: null };
    await noteUse(ada, row, report);
    const now = await at.hub.db.asTenant(ada.tenantId, (tx) => findConnection(tx, ada.tenantId, row.id));
    return (now?.rateLimit as { remaining: number } | null)?.remaining;
  };
  expect(await left(90)).toBe(90);
  expect(await left(89)).toBe(90);
  expect(await left(9)).toBe(9);
  expect(await left(8)).toBe(8);
});
