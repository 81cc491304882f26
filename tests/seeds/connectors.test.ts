import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { seedConnectors } from '../../seeds/connectors.ts';
import { withConnection } from '../../src/db/connection.ts';
import { connectorCatalog } from '../../src/db/schema/index.ts';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { type DriverRegistry, loadDrivers } from '../../src/drivers/index.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';

let database: TestDatabase;
let registry: DriverRegistry;
beforeAll(async () => {
  [database, registry] = await Promise.all([testDatabase(), loadDrivers()]);
});
beforeEach(() => withConnection(database.admin, (admin) => admin`delete from connector_catalog`));
afterAll(() => database.drop());

const rows = () => database.db.system.select().from(connectorCatalog).orderBy(connectorCatalog.key);
const counts = { added: 0, changed: 0, unchanged: 0, retired: 0 };

const without = (key: string): DriverRegistry => new Map([...registry].filter(([known]) => known !== key));

function withChange(key: string, changes: Partial<LoadedDriver['entry']>): DriverRegistry {
  const driver = registry.get(key) as LoadedDriver;
  return new Map([...registry, [key, { ...driver, entry: { ...driver.entry, ...changes } }]]);
}

it('writes every entry as its driver has it', async () => {
  expect(await seedConnectors(database.admin, registry)).toEqual({ ...counts, added: 10 });
  for (const row of await rows()) {
    const { configSchema, ...entry } = (registry.get(row.key) as LoadedDriver).entry;
    expect(row).toMatchObject({ ...entry, defaultConfigSchema: configSchema, icon: row.key, retiredAt: null });
  }
});

it('changes nothing the second time', async () => {
  await seedConnectors(database.admin, registry);
  const before = await rows();
  expect(await seedConnectors(database.admin)).toEqual({ ...counts, unchanged: 10 });
  expect(await rows()).toEqual(before);
});

it('updates what a new version of a driver says, and only that', async () => {
  await seedConnectors(database.admin, registry);
  const before = await rows();
  const changed = withChange('slack', { description: 'Talks to Slack.', schemaVersion: 2 });
  expect(await seedConnectors(database.admin, changed)).toEqual({ ...counts, changed: 1, unchanged: 9 });
  const after = await rows();
  expect(after.filter((row) => row.key !== 'slack')).toEqual(before.filter((row) => row.key !== 'slack'));
  const [old, now] = [before, after].map((list) => list.find((row) => row.key === 'slack'));
  expect(now).toMatchObject({ id: old?.id, description: 'Talks to Slack.', schemaVersion: 2 });
  expect(now?.updatedAt.getTime()).toBeGreaterThan(old?.updatedAt.getTime() ?? Number.POSITIVE_INFINITY);
});

it('retires an entry once when its driver is gone, and takes it back with its id', async () => {
  await seedConnectors(database.admin, registry);
  const idOf = async () => (await rows()).find((row) => row.key === 'medium');
  const before = await idOf();
  expect(await seedConnectors(database.admin, without('medium'))).toEqual({ ...counts, unchanged: 9, retired: 1 });
  expect((await idOf())?.retiredAt).toBeInstanceOf(Date);
  expect(await seedConnectors(database.admin, without('medium'))).toEqual({ ...counts, unchanged: 9 });
  expect(await seedConnectors(database.admin, registry)).toEqual({ ...counts, changed: 1, unchanged: 9 });
  expect(await idOf()).toMatchObject({ id: before?.id, retiredAt: null });
});

it('seeds once when several replicas start together', async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => seedConnectors(database.admin, registry)));
  expect(all.filter(({ added }) => added === 10)).toHaveLength(1);
  expect(all.filter(({ unchanged }) => unchanged === 10)).toHaveLength(3);
});

it('leaves the table as it was when an entry does not fit', async () => {
  await seedConnectors(database.admin, registry);
  const before = await rows();
  const broken = withChange('slack', { description: 'x'.repeat(501) });
  await expect(seedConnectors(database.admin, broken)).rejects.toThrow();
  expect(await rows()).toEqual(before);
});

it('is for the owner only: the application may read the catalog and nothing else', async () => {
  await expect(seedConnectors(database.hub, registry)).rejects.toThrow();
  await expect(database.db.system.execute(sql`delete from connector_catalog`)).rejects.toThrow();
});
