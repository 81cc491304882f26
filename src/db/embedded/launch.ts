import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskFull, StartError } from '../start-error.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { serverEnv } from './cluster.ts';
import { findPostmaster, type Postmaster } from './postmaster.ts';
import { makeSocketDir } from './socket-dir.ts';

export interface Launch {
  dir: string;
  log: string;
  account: Account | null;
  binaries: Binaries;
  /** Further `name=value` settings of the server. */
  settings: string[];
}

const startTimeoutMs = 20_000;
const maxAttempts = 25;
const maxLogBytes = 10_000_000;

/**
 * Resolves with the server that is ready on this directory: the one that runs, or else one that it starts.
 * @throws StartError with the last lines of the server's log
 */
export async function startOrAdopt(launch: Launch): Promise<Postmaster & { adopted: boolean }> {
  const until = Date.now() + startTimeoutMs;
  let child: ChildProcess | null = null;
  for (let attempts = 0; Date.now() < until; await sleep(10)) {
    const found = findPostmaster(launch.dir);
    if (found?.ready) return { ...found, adopted: found.pid !== child?.pid };
    const ended = !child || child.exitCode !== null || child.signalCode !== null;
    if (found || !ended) continue;
    if (child) await pauseOrGiveUp(launch, attempts); // it lost a race, or the last server's children have not gone yet
    child = await spawnServer(launch);
    attempts++;
  }
  throw new StartError(`PostgreSQL was not ready after ${startTimeoutMs / 1000} s. Its log is ${launch.log}.`);
}

async function pauseOrGiveUp({ dir, log }: Launch, attempts: number) {
  const last = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  if (last.includes('No space left on device')) throw diskFull(dir);
  if (attempts >= maxAttempts)
    throw new StartError(`PostgreSQL ends as soon as it starts. Its log ${log} says:\n${last}`);
  await sleep(200);
}

async function spawnServer({ dir, log, account, binaries, settings }: Launch): Promise<ChildProcess> {
  const options = [
    'listen_addresses=',
    `unix_socket_directories=${makeSocketDir(dir, account)}`,
    ...fixedSettings,
    ...settings,
  ];
  rotate(log);
  const out = openSync(log, 'a', 0o600); // a file and no pipe: it survives us
  const child = spawn(binaries.postgres, ['-D', dir, ...options.flatMap((option) => ['-c', option])], {
    ...(account && { uid: account.uid, gid: account.gid }),
    env: serverEnv,
    cwd: dir,
    detached: true, // Ctrl-C reaches the hub only, which still needs the server to drain
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new StartError(`PostgreSQL does not start: ${error.message}`, { cause: error })),
    );
  });
  return child;
}

const fixedSettings = [
  'port=5432',
  'max_connections=100',
  'log_error_verbosity=terse', // the details of an error quote whole rows, and rows do not belong into a log
  ...(process.platform === 'linux' ? ['recovery_init_sync_method=syncfs'] : []), // after a crash: not file by file
];

function rotate(log: string) {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(log, `${log}.1`);
}
