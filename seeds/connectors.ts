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
import type { JsonSchema } from '../src/lib/schema/json-schema.ts';

export interface SeedCounts {
  added: number;
  changed: number;
  unchanged: number;
  /** Entries whose driver has gone since the last run. */
  retired: number;
  /** Entries whose fields changed so that saved settings may not fit, although their version did not. */
  unversioned?: { key: string; fields: string[] }[];
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
  const counts = { added: 0, changed: 0, unchanged: 0, retired: 0 };
  for (const { entry } of drivers.values()) counts[await upsert(tx, entry, rows.get(entry.key))] += 1;
  const unversioned = [...drivers.values()].flatMap(({ entry }) => {
    const fields = fieldsBeyondVersion(rows.get(entry.key), entry);
    return fields.length ? [{ key: entry.key, fields }] : [];
  });
  const gone = [...rows.values()].filter((row) => !drivers.has(row.key) && !row.retiredAt);
  for (const row of gone) await updateCatalogRow(tx, row.key, { retiredAt: new Date(), updatedAt: new Date() });
  return { ...counts, retired: gone.length, ...(unversioned.length && { unversioned }) };
}

async function upsert(
  tx: Tx,
  entry: CatalogEntry,
  row: CatalogRow | undefined,
): Promise<'added' | 'changed' | 'unchanged'> {
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

/** What is gone or has to be there now, of an entry whose version says that saved settings still fit. */
function fieldsBeyondVersion(row: CatalogRow | undefined, entry: CatalogEntry): string[] {
  if (!row || row.schemaVersion !== entry.schemaVersion) return [];
  const before = fieldsOf(row.defaultConfigSchema as JsonSchema, row.authSchema as JsonSchema);
  const after = fieldsOf(entry.configSchema, entry.authSchema);
  const gone = [...before.keys()].filter((field) => !after.has(field));
  const demanded = [...after].filter(([field, required]) => required && before.get(field) !== true);
  return [...gone, ...demanded.map(([field]) => field)].filter(
    (field) => field.startsWith('config.') || before.has(`${field.split('.', 2).join('.')}.method`),
  );
}

/** Every field of the first level with whether it is required; those of a method below its name. */
function fieldsOf(config: JsonSchema, auth: JsonSchema): Map<string, boolean> {
  const of = (at: string, { properties = {}, required = [] }: JsonSchema) =>
    Object.keys(properties).map((name) => [`${at}.${name}`, required.includes(name)] as const);
  const methods = (auth.oneOf ?? []).flatMap((each) => of(`auth.${each.properties?.method?.const}`, each));
  return new Map([...of('config', config), ...methods]);
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
