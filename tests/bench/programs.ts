import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
/** The image's way to run Node. */
const flags: string[] = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]').slice(1, -1);

export interface Program {
  process: ChildProcess;
  /** Milliseconds from its start to its line that says "ready". */
  readyMs: number;
  /** Resident memory in MB. */
  residentMb(): number;
  stop(): Promise<void>;
}

/**
 * Runs a file of the project as the image runs the hub, and waits until it says that it is ready.
 * @throws Error with what it printed when it ends before that
 */
export async function startProgram(file: string, env: Record<string, string>): Promise<Program> {
  const started = performance.now();
  const child = spawn(process.execPath, [...flags, file], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', LOG_LEVEL: 'info', ...env },
  });
  let output = '';
  const ready = new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      if (output.length < 100_000) output += chunk;
      if (/"ready"/.test(output)) resolve(performance.now() - started);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`${file} ended before it was ready.\n${output}`)));
    sleep(60_000, undefined, { ref: false }).then(() => reject(new Error(`${file} is not ready after a minute.`)));
  });
  const readyMs = await ready.catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { process: child, readyMs, residentMb: () => residentMb(child.pid as number), stop: () => stop(child) };
}

function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const left = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([left, sleep(15_000, undefined, { ref: false })]);
  if (child.exitCode === null) child.kill('SIGKILL');
}
