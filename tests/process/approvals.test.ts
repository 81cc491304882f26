import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type StartedDatabase, startDatabase } from '../../src/db/start.ts';
import { createLog } from '../../src/lib/log.ts';
import { endStuckExecutions } from '../../src/services/tenants/histories.ts';
import { signIn } from '../commands/rotation.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { type HubProcess, startHub } from '../support/processes.ts';

const patient = { timeout: 100_000, interval: 200 };
const dataDir = temporaryDirectory('approvals');
const canary = 'canary-51b7c2e09d';

/** Takes every request, and never answers; checks of its health are not counted. */
let taken = 0;
const silent = createServer(({ url }) => {
  if (url === '/orders') taken += 1;
});
let database: StartedDatabase;
const hubs: HubProcess[] = [];
let env: Record<string, string>;
beforeAll(async () => {
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  env = {
    ...{ DATA_DIR: dataDir, ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'correct horse battery' },
    ...{ ADMIN_TENANT: 'Northwind', ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${(silent.address() as AddressInfo).port}` },
  };
});
afterAll(async () => {
  for (const { child, stop } of hubs) if (child.exitCode === null && child.signalCode === null) await stop('SIGKILL');
  silent.closeAllConnections();
  silent.close();
  await database?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<HubProcess> {
  const hub = await startHub(env);
  hubs.push(hub);
  return hub;
}

/** Approved, and on its way to the service. */
async function approved({ url }: HubProcess, { as }: Awaited<ReturnType<typeof signIn>>): Promise<string> {
  const base_url = `http://${env.ALLOWED_PRIVATE_HOSTS}`;
  const connector = { catalog_key: 'http-api', name: 'Orders', config: { base_url }, auth: { method: 'none' } };
  const { id: connector_id } = await (await as('POST', '/api/connectors', connector)).json();
  await as('PATCH', `/api/connectors/${connector_id}/status`, { status: 'active' });
  const limits = { approval: 'writes' };
  const key = { name: 'Agent', role: 'member', scopes: ['tools:execute'], limits };
  const made = await (await as('POST', '/api/api-keys', key)).json();
  const held = await fetch(`${url}/api/tools/http-api.request/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      connector_id,
      arguments: { method: 'POST', path: '/orders', body: JSON.stringify({ note: canary }) },
    }),
  });
  expect(held.status).toBe(202);
  const { execution_id: id } = await held.json();
  expect((await as('POST', `/api/approvals/${id}/approval`, { decision: 'approve' })).status).toBe(200);
  await expect.poll(() => taken, patient).toBe(1);
  return id;
}

it('a call that a hub was killed in is not made again: its outcome is unknown', { timeout: 240_000 }, async () => {
  const killed = await start();
  database = await startDatabase({ dataDir, databaseUrl: null, databaseAdminUrl: null }, createLog('silent'));
  const id = await approved(killed, await signIn(killed));
  await killed.stop('SIGKILL');
  const own = <T>(work: Parameters<typeof withConnection<T>>[1]) => withConnection(database.admin, work);
  const jobs = await own((sql) => sql`select data::text as told from pgboss.job where name = 'run-approved'`);
  expect(jobs.map(({ told }) => told).join()).toContain(id);
  expect(jobs.map(({ told }) => told).join() + killed.output()).not.toContain(canary);

  const next = await start();
  // As the queue does when nobody has heard of the job for a while: it comes again, and finds the call begun.
  await own(
    (sql) =>
      sql`update pgboss.job set state = 'retry', start_after = now() where name = 'run-approved' and state = 'active'`,
  );
  const open = async () => {
    const [row] = await own(
      (sql) =>
        sql`select count(*)::int as n from pgboss.job where name = 'run-approved' and state not in ('completed', 'failed')`,
    );
    return row?.n;
  };
  await expect.poll(open, patient).toBe(0);
  await own((sql) => sql`update executions set created_at = now() - interval '11 minutes' where id = ${id}`);
  await endStuckExecutions({ db: database.db });
  const { as } = await signIn(next);
  expect((await (await as('GET', `/api/executions/${id}`)).json()).status).toBe('outcome_unknown');
  expect(taken).toBe(1);
  expect(await next.stop()).toBe(0);
});
