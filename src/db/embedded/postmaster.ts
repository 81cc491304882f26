import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The server that runs on a data directory, as its own `postmaster.pid` tells. */
export interface Postmaster {
  pid: number;
  port: number;
  socketDir: string;
  ready: boolean;
}

/** The live server of this very directory, or null. A pid file whose pid now belongs to another program is removed. */
export function findPostmaster(dataDir: string): Postmaster | null {
  const lines = readPidFile(dataDir);
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 0) return null;
  const command = commandOf(pid);
  if (command.includes(dataDir) && command.includes('postgres'))
    return { pid, port: Number(lines[3]), socketDir: lines[4] ?? '', ready: lines[7]?.trim() === 'ready' };
  rmSync(path.join(dataDir, 'postmaster.pid'), { force: true });
  return null;
}

function readPidFile(dataDir: string): string[] | null {
  try {
    return readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
}

/** The command line of a process; empty when it is gone or only waits to be reaped. */
function commandOf(pid: number): string {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)]).stdout?.toString() ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Fast shutdown first, then immediate, then by force. */
const steps: [NodeJS.Signals, number][] = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 2_000],
];

/** Ends the server of this directory; resolves when it is gone. */
export async function stopPostmaster(dataDir: string, { pid }: Postmaster) {
  for (const [signal, patience] of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + patience; Date.now() < until; await sleep(10)) {
      if (findPostmaster(dataDir)?.pid !== pid) return;
    }
  }
}
