import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** As `make run` starts it, without what a data directory brings. */
const flags = ['--max-semi-space-size=8', '--import', './src/db/fast-imports.ts'];

export interface HubProcess {
  url: string;
  child: ChildProcess;
  pid: number;
  /** What it said; lines that tell of a defect are counted by `defects`. */
  output(): string;
  /** Lines of its log about an exception that nobody caught or a promise that nobody looked at. */
  defects(): string[];
  isAlive(): boolean;
  /** 0 when it has ended. */
  residentMb(): number;
  /** Open files and sockets; null where the system does not tell. */
  openFiles(): number | null;
  /** Resolves with its exit code when it has ended, null when it was killed. */
  exit: Promise<number | null>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface HubOptions {
  /** Imported before it. */
  preload?: string;
  /** Where its files are, when they are of another version. */
  from?: string;
}

export interface StartingHub extends HubProcess {
  /** @throws Error when it ends before that, or is not ready after a minute */
  ready(): Promise<void>;
}

/** Starts a hub and waits for nothing. */
export async function launchHub(
  env: Record<string, string>,
  { preload, from = root }: HubOptions = {},
): Promise<StartingHub> {
  const port = env.PORT ?? String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...flags, ...(preload ? ['--import', preload] : []), 'src/server.ts'], {
    cwd: from,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', BASE_URL: url, ...env, PORT: port },
  });
  let isReady = false;
  let text = '';
  const wrong: string[] = [];
  const read = (chunk: Buffer) => {
    isReady ||= chunk.includes('"msg":"ready"');
    text = (text + chunk).slice(-40_000);
    for (const line of String(chunk).split('\n')) if (isDefect(line)) wrong.push(line.slice(0, 2_000));
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', read);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const ready = async () => {
    for (const until = performance.now() + 60_000; !isReady; await sleep(20)) {
      if (!isAlive()) throw new Error(`The hub ended before it was ready.\n${text.slice(-2_000)}`);
      if (performance.now() > until) throw new Error('The hub was not ready after a minute.');
    }
  };
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    if (isAlive()) child.kill(signal);
    return exit;
  };
  const pid = child.pid as number;
  return {
    ...{ url, child, pid, isAlive, exit, stop, ready },
    output: () => text,
    defects: () => wrong,
    residentMb: () => residentMb(pid),
    openFiles: () => {
      try {
        return readdirSync(`/proc/${pid}/fd`).length;
      } catch {
        return null;
      }
    },
  };
}

function residentMb(pid: number): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
  } catch {
    return 0; // it has ended, which is for the drill to tell
  }
}

const isDefect = (line: string) =>
  /"msg":"(uncaught exception|a promise failed and nobody looked)"|UnhandledPromiseRejection|MaxListenersExceeded/.test(
    line,
  );

/** Milliseconds until `/readyz` says yes. @throws Error after `limitMs` */
export async function untilReady(url: string, limitMs = 30_000): Promise<number> {
  const started = performance.now();
  for (;;) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    await answer?.text().catch(() => '');
    const took = performance.now() - started;
    if (answer?.status === 200) return took;
    if (took > limitMs) throw new Error(`The hub is not ready ${Math.round(took / 1000)} s after its database.`);
    await sleep(50);
  }
}
