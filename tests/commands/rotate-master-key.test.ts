import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { selectMasterKeyUses } from '../../src/db/queries/master-keys.ts';
import { type HubProcess, runCommand, startHub } from '../support/processes.ts';
import { addTenants, keepUsing, runningHub, signIn } from './rotation.ts';

const command = 'src/commands/rotate-master-key.ts';
/** Enough that a kill in the middle finds work left to do. */
const tenants = 1_200;

describe('make rotate-master-key', { timeout: 180_000 }, () => {
  let started: Awaited<ReturnType<typeof runningHub>>;
  let hub: HubProcess;
  let file: string;
  beforeAll(async () => {
    started = await runningHub('rotate-master');
    hub = started.hub;
    file = path.join(started.dataDir, 'master-keys');
    await addTenants(started.database, started.dataDir, tenants);
  });
  afterAll(async () => {
    await hub.stop();
    await started.close();
  });

  const keyIds = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split(',')
      .map((key) => key.split(':')[0] as string);
  const uses = () => withConnection(started.database.admin, (sql) => drizzle(sql).transaction(selectMasterKeyUses));
  const rotate = (watch?: Parameters<typeof runCommand>[2]) => runCommand(command, { env: started.env }, watch);

  it('survives kill -9 at any point and completes, twice at once, while requests run', async () => {
    const [old] = keyIds();
    const finish = keepUsing(started.client, started.connector.id);
    for (const point of ['150 of', '200 of']) {
      const killed = await rotate((out, kill) => out.includes(point) && kill());
      expect(killed.code).toBe(null);
      expect((await uses()).length).toBe(2);
    }
    const both = await Promise.all([rotate(), rotate()]);
    const { requests, failures } = await finish();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(40);
    expect(both.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);

    const ids = keyIds();
    expect(ids).toEqual([expect.not.stringMatching(old as string), old]); // one new key, whatever was killed
    expect(await uses()).toEqual([{ masterKeyId: ids[0], dataKeys: tenants + 1, hubSecrets: expect.any(Number) }]);
    expect(both.some(({ out }) => out.includes(`Nothing needs the key ${old} any more`))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('tells each workspace once, as the system', async () => {
    const events = await withConnection(
      started.database.admin,
      (sql) => sql`
        select tenant_id, actor_type, details from audit_events where action = 'data_key.rewrapped'`,
    );
    expect(events).toHaveLength(tenants + 1);
    expect(new Set(events.map(({ tenant_id }) => tenant_id)).size).toBe(tenants + 1);
    const [to, from] = keyIds();
    expect(events[0]).toMatchObject({ actor_type: 'system', details: { data_key: 1, from, to } });
  });

  it('lets the old key go: a hub starts without it, and every secret opens', async () => {
    await hub.stop();
    const [newest] = readFileSync(file, 'utf8').split(',');
    writeFileSync(file, `${newest}\n`, { mode: 0o600 });
    hub = await startHub(started.env);
    const client = await signIn(hub);
    expect(client.status).toBe(200);
    expect((await client.read(started.connector.id)).unreadable_secrets).toEqual([]);
  });

  it('re-wraps to the first of MASTER_KEYS, and says how to add one', async () => {
    const kept = readFileSync(file, 'utf8').trim();
    const run = (keys: string) => runCommand(command, { env: { ...started.env, MASTER_KEYS: keys } });
    const already = await run(kept);
    expect(already).toMatchObject({ code: 0, err: '' });
    expect(already.out).toContain('Everything was under it already. To change to a new key');
    const other = `k2:${Buffer.alloc(32, 3).toString('base64')}`;
    const moved = await run(`${other},${kept}`);
    expect(moved).toMatchObject({ code: 0, err: '' });
    expect(moved.out).toContain(`Nothing needs the key ${kept.split(':')[0]} any more`);
    expect(readFileSync(file, 'utf8').trim()).toBe(kept);
    expect(await run(kept)).toMatchObject({ code: 1, err: expect.stringContaining('Put the keys') });
    expect((await run(`${kept},${other}`)).code).toBe(0); // back again
  });
});
