import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Child {
  process: ChildProcess;
  /** The next line of JSON that it prints. */
  next<T>(): Promise<T>;
  /** Resolves when it has ended; kills it first when asked to. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** A Node process of its own that runs a file below `tests/`. */
export function runChild(file: string, ...args: string[]): Child {
  const child = spawn(process.execPath, ['--import', './src/db/fast-imports.ts', `tests/${file}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  return {
    process: child,
    next: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${file} ended without an answer`);
      return JSON.parse(value);
    },
    end: async (signal) => {
      if (signal) child.kill(signal);
      await ended;
    },
  };
}
