import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

const root = path.resolve(import.meta.dirname, '../..');
const node = ['--import', './src/db/fast-imports.ts'];

export interface HubProcess {
  url: string;
  child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The real program; resolves when it is ready, and fails with its words when it ends before. */
export async function startHub(env: Record<string, string>): Promise<HubProcess> {
  const port = String(await freePort());
  const child = spawn(process.execPath, [...node, 'src/server.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env, PORT: port },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  while (!text.includes('"msg":"ready"')) {
    if (child.exitCode !== null) throw new Error(text);
    await sleep(20);
  }
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return exit;
  };
  return { url: `http://127.0.0.1:${port}`, child, output: () => text, stop };
}

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** One of the operator's commands, as the Makefile runs it; `watch` looks every moment and may kill it. */
export function runCommand(
  file: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> },
  watch: (out: string, kill: () => void) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env.PATH, ...env } };
    const child = execFile(process.execPath, [...node, file, ...args], options, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
    let seen = '';
    const look = () => watch(seen, () => child.kill('SIGKILL'));
    child.stdout?.on('data', (chunk) => {
      seen += chunk;
      look();
    });
    const looking = setInterval(look, 10);
    child.once('exit', () => clearInterval(looking));
  });
}
