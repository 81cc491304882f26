import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// `make test`: every test once. A few files that failed are run a second time, with a database of their own and nothing beside them,
// because a machine that stalls for seconds looks like a defect. What passes only then is named: it is a defect of the test or of the
// hub all the same, waiting to be found.

/** More files than these did not fail because of a stall. */
const most = 8;

const root = path.resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'patchbay-tests-'));

try {
  const first = run('first');
  const mayRunAgain = first.code !== 0 && first.failed.length > 0 && first.failed.length <= most;
  process.exitCode = mayRunAgain ? runAgain(first.failed) : first.code;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function runAgain(files: string[]): number {
  const names = files.map((file) => path.relative(root, file));
  console.log(`\nFailed, and run once more by themselves: ${names.join(', ')}`);
  const { code } = run('second', ['--maxWorkers=1', ...names]);
  if (code === 0) for (const name of names) console.log(`Passed only at a further try: ${name}`);
  return code;
}

/** The exit code, and the files with a test that failed. */
function run(name: string, args: string[] = []): { code: number; failed: string[] } {
  const list = path.join(scratch, `${name}.json`);
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
    cwd: root,
    env: { ...process.env, FAILED_FILES: list },
    stdio: 'inherit',
  });
  return { code: status ?? 1, failed: existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [] };
}
