import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { checkConnection } from '../../../src/services/health/health.ts';
import { runDueCheck } from '../../../src/services/health/scheduled-checks.ts';
import { systemCtx } from '../../../src/services/system.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { connectionUnder } from '../../support/rows.ts';

let server: Server;
let at: TestApp;
let url: string;
beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(200).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: new URL(url).host });
});
afterAll(async () => {
  await at.close();
  await new Promise((resolve) => server.close(resolve));
});

it('a saved secret that does not open is told by the connection and its connector, until it is entered again', async () => {
  const { tenantId } = at.cast.ada;
  const auth = { method: 'api_key', api_key: 'abcdefgh' };
  const input = { name: 'Own', tags: [], config: { base_url: url }, auth };
  const { id } = await installConnector(at.ctx(at.cast.ada), 'http-api', input);
  await setConnectorStatus(at.ctx(at.cast.ada), id, 'active');
  const connection = await connectionUnder(at, id);
  await checkConnection(at.ctx(at.cast.ada), connection, 'person');
  const run = (query: ReturnType<typeof sql>) =>
    at.database.db.asTenant(tenantId, (tx) => tx.execute(query)) as Promise<Json[]>;
  const state = async () =>
    (
      await run(sql`select c.status, c.status_reason, n.status as connector, n.status_reason as reason, c.next_check_at <= now() as due
        from connections c join connectors n on n.id = c.connector_id where c.id = ${connection}`)
    )[0];
  const call = async () => {
    const body = { connection_id: connection, arguments: { method: 'GET', path: '/' } };
    const answer = await at.as(at.cast.ben, 'POST', '/api/tools/http-api.request/execute', body);
    return { status: answer.status, body: (await answer.json()) as Json };
  };
  expect(await state()).toMatchObject({ status: 'active', connector: 'active', due: false });
  const broken = JSON.stringify({ ...auth, api_key: { $sealed: 'broken', updated_at: new Date().toISOString() } });
  expect(
    await run(sql`update connectors set auth = ${broken}::text::jsonb where id = ${id} returning id`),
  ).toHaveLength(1);
  expect(JSON.stringify(await call())).toContain('cannot be opened any more');
  expect(await state()).toMatchObject({ status: 'active', due: true });
  const passed = await at.as(at.cast.ben, 'GET', `/api/proxy/${connection}/things`);
  expect([passed.status, await passed.json()]).toMatchObject([
    409,
    { code: 'conflict', detail: 'A saved secret of Own cannot be opened any more. Enter it again in its settings.' },
  ]);
  const [execution] = (await (await at.as(at.cast.ada, 'GET', '/api/executions?tool=proxy')).json()).data;
  expect(execution).toMatchObject({ tool: 'proxy', status: 'failed', error: { code: 'conflict' }, attempts: 0 });
  await runDueCheck(systemCtx(at.hub, tenantId, 'test'), connection);
  const sentence = 'A saved secret of Own cannot be opened any more. Enter it again in its settings.';
  expect(await state()).toMatchObject({
    status: 'expired',
    status_reason: sentence,
    connector: 'error',
    reason: sentence,
  });
  const events = () =>
    run(sql`select action from audit_events where action in ('connection.expired', 'connector.failed')`);
  expect((await events()).length).toBe(2);
  await run(sql`update connections set next_check_at = now() - interval '1 minute' where id = ${connection}`);
  await runDueCheck(systemCtx(at.hub, tenantId, 'test'), connection);
  expect((await events()).length).toBe(2);
  expect((await call()).body.detail).toContain('cannot be opened any more');
  const { version } = (await (await at.as(at.cast.ada, 'GET', `/api/connectors/${id}`)).json()) as Json;
  expect((await at.as(at.cast.ada, 'PUT', `/api/connectors/${id}`, { version, auth })).status).toBe(200);
  await checkConnection(at.ctx(at.cast.ada), connection, 'person');
  expect(await state()).toMatchObject({ status: 'active', connector: 'active' });
  expect((await call()).body.status).toBe('succeeded');
});
