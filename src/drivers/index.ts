import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { oneLine } from '../lib/one-line.ts';
import { problemsOf } from './check.ts';
import { type Account, type Driver, type LoadedDriver, ServiceError } from './driver.ts';

/** All drivers by key, in the order of their names. */
export type DriverRegistry = ReadonlyMap<string, LoadedDriver>;

/** A driver's folder that is not fit to use; stops the start. */
export class DriverError extends Error {
  override name = 'DriverError';
}

/**
 * Loads the driver in every folder beside this file: its `index.ts` exports `driver`, its icon is `icon.svg`.
 * Schemas are linted here and compiled at their first use, so that the start stays quick.
 * @param catalogDir where the operator's own entries are described; null for none
 * @throws DriverError that names the folder, or each of the operator's files, and everything that is wrong with it
 */
export async function loadDrivers(
  dir = import.meta.dirname,
  catalogDir: string | null = null,
): Promise<DriverRegistry> {
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const own = await Promise.all(folders.map((folder) => loadDriver(dir, folder)));
  const drivers = [...own, ...(catalogDir ? await loadFiles(catalogDir, new Set(folders)) : [])];
  const byName = drivers.sort((a, b) => a.entry.name.localeCompare(b.entry.name, 'en'));
  return new Map(byName.map((driver) => [driver.entry.key, driver]));
}

async function loadFiles(catalogDir: string, taken: Set<string>): Promise<LoadedDriver[]> {
  // Late: most hubs have no such files.
  const { CatalogFilesError, readCatalogFiles } = await import('./declarative-files.ts');
  try {
    const entries = await readCatalogFiles(catalogDir, taken);
    return entries.map(({ driver, icon, file }) => Object.freeze({ ...withPlainLabels(driver), icon, file }));
  } catch (error) {
    if (!(error instanceof CatalogFilesError)) throw error;
    throw new DriverError(`The catalog’s files in ${catalogDir} are not fit to use:\n${error.message}`, {
      cause: error,
    });
  }
}

async function loadDriver(dir: string, folder: string): Promise<LoadedDriver> {
  const [driver, icon] = await Promise.all([importDriver(dir, folder), readIcon(dir, folder)]);
  const problems = problemsOf(folder, driver, icon);
  if (problems.length) throw new DriverError(`Driver folder "${folder}": ${problems.join(' ')}`);
  return Object.freeze({ ...withPlainLabels(driver as Driver), icon: icon as string });
}

/** Services let people call themselves anything; what stands in pages, answers and history is one line. */
function withPlainLabels(driver: Driver): Driver {
  const { whoami } = driver;
  if (!whoami) return driver;
  const plain = ({ externalId, label, ...account }: Account) => {
    if (typeof label !== 'string' || !externalId || externalId === 'undefined') throw nobody();
    return { ...account, externalId, label: oneLine(label) || externalId };
  };
  return { ...driver, whoami: async (context) => plain(await whoami.call(driver, context)) };
}

/** Something answers there, such as another service at a wrong address. */
const nobody = () =>
  new ServiceError('service', 'The service answered, but did not say whose account this is. Check its address.');

async function importDriver(dir: string, folder: string): Promise<unknown> {
  try {
    const module: { driver?: unknown } = await import(pathToFileURL(path.join(dir, folder, 'index.ts')).href);
    return module.driver;
  } catch (cause) {
    throw new DriverError(`Driver folder "${folder}": index.ts cannot be loaded: ${(cause as Error).message}`, {
      cause,
    });
  }
}

const readIcon = (dir: string, folder: string): Promise<string | null> =>
  readFile(path.join(dir, folder, 'icon.svg'), 'utf8').catch(() => null);
