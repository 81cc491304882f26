import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { diskFull, StartError } from '../start-error.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

/** The superuser, for set-up only. */
export const setupUser = 'patchbay_setup';

/** initdb and the server see none of our environment. */
export const serverEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

interface Cluster {
  /** The finished data directory. */
  dir: string;
  password: string;
  account: Account | null;
  binaries: Binaries;
  durable: boolean;
}

/** Makes the folder that holds everything; below it the server's account must be able to pass. */
export function makeDataDir(dataDir: string, account: Account | null) {
  const first = mkdirSync(dataDir, { recursive: true });
  if (!first || !account) return;
  for (let at = dataDir; at.startsWith(first); at = path.dirname(at)) chmodSync(at, 0o711);
}

/**
 * Makes the data directory unless it is there. It is prepared under another name and renamed when finished, so a crash leaves no half
 * cluster, and of two processes that start at once one wins.
 * @throws StartError
 */
export async function ensureCluster(cluster: Cluster) {
  if (existsSync(path.join(cluster.dir, 'PG_VERSION'))) return assertVersion(cluster);
  removeAbandoned(cluster.dir);
  const draft = mkdtempSync(`${cluster.dir}.init-`);
  const passwordFile = `${draft}.password`;
  try {
    writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600, flag: 'wx' });
    for (const file of [draft, passwordFile])
      if (cluster.account) chownSync(file, cluster.account.uid, cluster.account.gid);
    await initdb(cluster, draft, passwordFile);
    renameUnlessThere(draft, cluster.dir);
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
}

function assertVersion({ dir, binaries }: Cluster) {
  const made = readFileSync(path.join(dir, 'PG_VERSION'), 'utf8').trim();
  if (made === binaries.major) return;
  throw new StartError(
    `The data in ${dir} belongs to PostgreSQL ${made}, but this version of Patchbay brings PostgreSQL ${binaries.major}. Run the Patchbay that made it, or move the data into a PostgreSQL server of your own and set DATABASE_URL.`,
  );
}

/** Drafts of processes that died while they prepared one. */
function removeAbandoned(dir: string) {
  const folder = path.dirname(dir);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${path.basename(dir)}.init-`)) continue;
    const draft = path.join(folder, name);
    const age = Date.now() - (statSync(draft, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 600_000) rmSync(draft, { recursive: true, force: true });
  }
}

function renameUnlessThere(draft: string, dir: string) {
  try {
    renameSync(draft, dir);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const initdbOptions = [
  ...['-U', setupUser, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--locale-provider=builtin'],
  ...['--builtin-locale=C.UTF-8', '--no-instructions', '--wal-segsize=4'],
];

function initdb({ binaries, account, dir, durable }: Cluster, draft: string, passwordFile: string): Promise<void> {
  const args = ['-D', draft, `--pwfile=${passwordFile}`, ...initdbOptions, ...(durable ? [] : ['--no-sync'])];
  const child = spawn(binaries.initdb, args, {
    ...(account && { uid: account.uid, gid: account.gid }),
    env: serverEnv,
    cwd: draft,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(initdbFailed(dir, said))));
  });
}

const initdbFailed = (dir: string, said: string) =>
  said.includes('No space left on device')
    ? diskFull(dir)
    : new StartError(`PostgreSQL could not make its data directory ${dir}:\n${said.trim()}`);
