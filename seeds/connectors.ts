import { isDeepStrictEqual } from 'node:util';
import { drizzle } from 'drizzle-orm/postgres-js';
import { v7 as uuidv7 } from 'uuid';
import { ConfigError, readConfig } from '../src/config.ts';
import type { Tx } from '../src/db/client.ts';
import { type Connection, withConnection } from '../src/db/connection.ts';
import {
  type CatalogRow,
  insertCatalogRow,
  lockCatalog,
  updateCatalogRow,
} from '../src/db/queries/connector-catalog.ts';
import { StartError } from '../src/db/start-error.ts';
import type { CatalogEntry } from '../src/drivers/driver.ts';
import { DriverError, type DriverRegistry, loadDrivers } from '../src/drivers/index.ts';
import { createLog } from '../src/lib/log.ts';

export interface SeedCounts {
  added: number;
  changed: number;
  unchanged: number;
  /** Entries whose driver has gone since the last run. */
  retired: number;
}

/**
 * Brings the catalog table to what the drivers say, in one transaction; a second run changes nothing.
 * Entries without a driver are retired, not deleted: connectors may point at them.
 * @param admin the database owner's login: the application may only read the catalog
 * @param registry every driver of this version when left out
 */
export async function seedConnectors(admin: Connection, registry?: DriverRegistry): Promise<SeedCounts> {
  const drivers = registry ?? (await loadDrivers());
  return withConnection(admin, (sql) => drizzle(sql).transaction((tx) => seedAll(tx, drivers)));
}

async function seedAll(tx: Tx, drivers: DriverRegistry): Promise<SeedCounts> {
  const rows = new Map((await lockCatalog(tx)).map((row) => [row.key, row]));
  const counts: SeedCounts = { added: 0, changed: 0, unchanged: 0, retired: 0 };
  for (const { entry } of drivers.values()) counts[await upsert(tx, entry, rows.get(entry.key))] += 1;
  const gone = [...rows.values()].filter((row) => !drivers.has(row.key) && !row.retiredAt);
  for (const row of gone) await updateCatalogRow(tx, row.key, { retiredAt: new Date(), updatedAt: new Date() });
  return { ...counts, retired: gone.length };
}

async function upsert(tx: Tx, entry: CatalogEntry, row: CatalogRow | undefined): Promise<keyof SeedCounts> {
  const values = toRow(entry);
  if (!row) {
    await insertCatalogRow(tx, { id: uuidv7(), ...values });
    return 'added';
  }
  const stored = Object.fromEntries(Object.keys(values).map((column) => [column, row[column as keyof CatalogRow]]));
  if (isDeepStrictEqual(stored, values)) return 'unchanged';
  await updateCatalogRow(tx, entry.key, { ...values, updatedAt: new Date() });
  return 'changed';
}

/** As the table holds it: through JSON, because a jsonb column knows no undefined. */
const toRow = (entry: CatalogEntry) => ({
  key: entry.key,
  name: entry.name,
  description: entry.description,
  category: entry.category,
  icon: entry.key,
  authType: entry.authType,
  ...asJson({
    authMethods: entry.authMethods,
    aliases: entry.aliases,
    capabilities: entry.capabilities,
    defaultConfigSchema: entry.configSchema,
    authSchema: entry.authSchema,
  }),
  schemaVersion: entry.schemaVersion,
  retiredAt: null,
});

const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** `make seed-connectors`, also while the hub runs. */
async function main() {
  const { startDatabase } = await import('../src/db/start.ts');
  const config = readConfig();
  const drivers = await loadDrivers(undefined, config.catalogDir);
  const { admin, stop } = await startDatabase(config, createLog('warn'));
  try {
    const { added, changed, unchanged, retired } = await seedConnectors(admin, drivers);
    console.log(`Catalog: ${added} added, ${changed} changed, ${unchanged} unchanged, ${retired} retired.`);
  } finally {
    await stop();
  }
}

function explain(error: unknown) {
  const expected = [ConfigError, StartError, DriverError].some((known) => error instanceof known);
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
}

if (import.meta.main) await main().catch(explain);
