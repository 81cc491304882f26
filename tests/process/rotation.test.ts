import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { addTenants, runningHub, signIn } from '../commands/rotation.ts';
import { holdRow } from '../support/hold-row.ts';
import { startHub } from '../support/processes.ts';

const soon = { timeout: 30_000, interval: 100 };
const tenants = 120;

describe('a hub that changes the master key', { timeout: 120_000 }, () => {
  let started: Awaited<ReturnType<typeof runningHub>>;
  beforeAll(async () => {
    started = await runningHub('page-rotation');
    await addTenants(started.database, started.dataDir, tenants);
  });
  afterAll(() => started.close());

  const page = async (client: Awaited<ReturnType<typeof signIn>>) =>
    (await (await client.as('GET', '/operator/keys')).text()).replace(/<[^>]*>|\s+/g, ' ').replace(/ +/g, ' ');

  it('survives kill -9 in the middle: nothing is lost, the page says so, and another hub completes it', async () => {
    const owner = started.database.admin;
    const [last] = await withConnection(owner, (own) => own`select max(tenant_id::text) as id from tenant_keys`);
    const release = await holdRow(owner, sql`select from tenant_keys where tenant_id = ${last?.id} for update`);
    const begun = await started.client.as('POST', '/operator/keys/master-rotation');
    expect(begun.status).toBe(200); // after the redirect
    await expect.poll(() => page(started.client), soon).toMatch(/ 100 of \d+ are under /);
    await started.hub.stop('SIGKILL');
    await release();

    const hub = await startHub(started.env);
    const client = await signIn(hub);
    await expect.poll(() => page(client), soon).toContain('The last change was cut off before its end.');
    expect((await client.read(started.connector.id)).unreadable_secrets).toEqual([]);
    await client.as('POST', '/operator/keys/master-rotation');
    await expect.poll(() => page(client), soon).toContain('can be removed from the file');
    expect(await page(client)).toMatch(/ changed the master key /);
    expect((await client.read(started.connector.id)).unreadable_secrets).toEqual([]);
    expect(await hub.stop()).toBe(0);
  });
});
