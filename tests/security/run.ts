import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Kept, promises } from './promises.ts';

// `make test-security`: ONLY=g1,g3,… N=tries SEED=number; one JSON line a promise, a table at the end, and a failure when one is broken.

interface Finding {
  goal: string;
  promise: string;
  figure: string;
  target: string;
  seed: number;
  ok: boolean;
  seconds: number;
}

const { ONLY = '', N = '', SEED = '' } = process.env;
const seed = Number(SEED) || Math.floor(Date.now() / 1000);
const root = path.resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'patchbay-security-'));

const wanted = chosen();
const findings: Finding[] = [];
try {
  for (const kept of wanted) {
    const finding = await examine(kept);
    findings.push(finding);
    console.log(JSON.stringify(finding));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
print();
process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1;

function chosen(): Kept[] {
  const names = ONLY.toLowerCase().split(',').filter(Boolean);
  const unknown = names.filter((name) => !promises.some(({ goal }) => goal === name));
  if (unknown.length) {
    console.error(`There is no ${unknown.join(', ')}. There are ${promises.map(({ goal }) => goal).join(', ')}.`);
    process.exit(2);
  }
  return promises.filter(({ goal }) => !names.length || names.includes(goal));
}

async function examine({ goal, promise, target, files = [], program }: Kept): Promise<Finding> {
  const began = Date.now();
  const tested = files.length ? await runTests(goal, files) : null;
  const told = program ? await runProgram(program) : null;
  const figure = [tested?.figure, told?.figure].filter(Boolean).join('; ');
  const ok = tested?.ok !== false && told?.ok !== false;
  return { goal, promise, figure, target, seed, ok, seconds: Math.round((Date.now() - began) / 1000) };
}

interface Report {
  numTotalTests: number;
  numPassedTests: number;
  testResults: { name: string; message: string; assertionResults: { status: string; fullName: string }[] }[];
}

async function runTests(goal: string, files: string[]) {
  const missing = files.filter((file) => !existsSync(path.join(root, file)));
  if (missing.length) return { ok: false, figure: `there is no ${missing.join(', ')}` };
  const [report, figures] = [path.join(scratch, `${goal}.json`), path.join(scratch, `${goal}.txt`)];
  const options = ['--config', 'tests/security/vitest.config.ts', '--root', '.', '--reporter', 'json'];
  const { code, output } = await run(
    ['node_modules/vitest/vitest.mjs', 'run', ...options, '--outputFile', report, ...files],
    { SECURITY_FIGURES: figures },
  );
  if (!existsSync(report)) {
    process.stderr.write(output);
    return { ok: false, figure: 'the tests did not run' };
  }
  const { numTotalTests, numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const measured = existsSync(figures) ? readFileSync(figures, 'utf8').trim().split('\n') : [];
  const failed = testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message ? [`${name}: ${message}`] : []),
    ...assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  ]);
  for (const each of failed) process.stderr.write(`${goal}: ${each}\n`);
  if (failed.length) process.stderr.write(output);
  const ok = code === 0 && testResults.length === files.length && numPassedTests > 0;
  return { ok, figure: [...measured, `${numPassedTests} of ${numTotalTests} tests`].join('; ') };
}

async function runProgram(program: string) {
  const { code, output, last } = await run(['--import', './src/db/fast-imports.ts', `tests/security/${program}`]);
  if (code !== 0) process.stderr.write(output);
  return { ok: code === 0, figure: last };
}

function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, SECURITY_N: N, SECURITY_SEED: String(seed), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, last] = ['', ''];
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  child.stdout.on('data', (chunk) => {
    output += chunk;
    last = output.trimEnd().split('\n').at(-1) ?? '';
  });
  return new Promise<{ code: number | null; output: string; last: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output, last })),
  );
}

function print() {
  console.log('');
  for (const { goal, promise, figure, ok, seconds } of findings)
    console.log(`${ok ? 'kept  ' : 'BROKEN'}  ${goal.padEnd(4)} ${promise}\n        ${figure} (${seconds} s)`);
  const broken = findings.filter(({ ok }) => !ok);
  console.log(`\n${findings.length - broken.length} of ${findings.length} promises kept, seed ${seed}.`);
}
