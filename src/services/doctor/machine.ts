import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

const loopback = /^(localhost|127\.[\d.]+|\[::1\])$/;
const open = /^(0\.0\.0\.0|::)$/;

/** What browsers see; whether the address answers from outside, only a browser outside can tell. */
export function checkBaseUrl({
  config: { baseUrl, host, secure },
}: {
  config: Pick<Config, 'baseUrl' | 'host' | 'secure'>;
}): Finding[] {
  const local = loopback.test(new URL(baseUrl).hostname);
  if (local && (open.test(host) || !loopback.test(host)))
    return [
      warn(
        'base URL',
        `The hub listens on ${host}, but BASE_URL is ${baseUrl}, which only this machine can open.`,
        'Set BASE_URL to the address that browsers use; changes from any other are refused.',
      ),
    ];
  if (local) return [ok('base URL', `${baseUrl}, for this machine only.`)];
  if (!secure)
    return [
      warn(
        'base URL',
        `${baseUrl} is not encrypted: passwords and sessions can be read on the way.`,
        'Put a proxy with TLS in front and set BASE_URL to its https address.',
      ),
    ];
  return [ok('base URL', `${baseUrl}.`)];
}

/** Other users of the machine must not read keys and passwords. */
export function checkDataDir({ config: { dataDir } }: { config: Pick<Config, 'dataDir'> }): Finding[] {
  if (!existsSync(dataDir)) return [ok('data directory', 'Not used.')];
  if (statSync(dataDir).mode & 0o022)
    return [fail('data directory', `Others may write into ${dataDir}.`, `Run: chmod go-w '${dataDir}'`)];
  const files = ['master-keys', 'postgres-passwords.json'].map((name) => path.join(dataDir, name));
  const readable = files.filter((file) => existsSync(file) && statSync(file).mode & 0o077);
  if (readable.length)
    return [
      fail(
        'data directory',
        `Others may read ${readable.join(' and ')}.`,
        `Run: chmod 600 ${readable.map((file) => `'${file}'`).join(' ')}`,
      ),
    ];
  return [ok('data directory', `${dataDir} is closed to others.`)];
}

const gigabyte = 1e9;

export function checkDisk({ config: { dataDir } }: { config: Pick<Config, 'dataDir'> }): Finding[] {
  if (!existsSync(dataDir)) return [];
  const { bavail, bsize } = statfsSync(dataDir);
  const free = (bavail * bsize) / gigabyte;
  const said = `${free.toFixed(1)} GB are free for ${dataDir}.`;
  const next = 'Free some space: a full disk stops all saving.';
  if (free < 0.2) return [fail('disk', said, next)];
  return [free < 2 ? warn('disk', said, next) : ok('disk', said)];
}

/** The patch of patches/: without it a database connection that dies can end the process. */
export function checkDriver(): Finding[] {
  const commonJs = createRequire(import.meta.url).resolve('postgres'); // beside it lie the modules that we import
  const file = path.join(path.dirname(commonJs), '../../src/connection.js');
  const patched = readFileSync(file, 'utf8').includes('if (socket === null) {');
  if (patched) return [ok('database driver', 'Patched.')];
  return [
    fail(
      'database driver',
      'The patch of patches/ is not applied: a connection that dies can end the hub.',
      'Run: npm ci --ignore-scripts && npx patch-package',
    ),
  ];
}

export const machineChecks: ((patient: Patient) => Finding[])[] = [checkBaseUrl, checkDataDir, checkDisk, checkDriver];
