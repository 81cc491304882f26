import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// `make sabotage`: breaks what was committed in a copy of the repository, one place after the other, and sees each break noticed. ONLY=subject,…

/** One thing broken on purpose, and the test that has to notice. */
interface Edit {
  subject: string;
  /** What is wrong then. */
  breaks: string;
  file: string;
  /** Stands in the file exactly once. */
  find: string;
  replace: string;
  /** A file of tests, or a drill of `make test-faults` as `drill:rotation`. */
  caught: string;
}

const root = path.resolve(import.meta.dirname, '../..');
const edits = JSON.parse(readFileSync(path.join(import.meta.dirname, 'edits.json'), 'utf8')) as Edit[];
const { ONLY = '' } = process.env;
const subjects = ONLY.split(',').filter(Boolean);
const chosen = edits.filter(({ subject }) => !subjects.length || subjects.includes(subject));
if (!chosen.length) {
  console.error(`There is no ${ONLY}. There are ${[...new Set(edits.map(({ subject }) => subject))].join(', ')}.`);
  process.exit(2);
}

/** Tests that need no database start sooner without one. */
const withoutDatabase = /^tests\/(lib|drivers|vault|views)\/|^tests\/middleware\/(csrf|security-headers)\./;

const isDrill = (caught: string) => caught.startsWith('drill:');

const scratch = mkdtempSync(path.join(os.tmpdir(), 'patchbay-sabotage-'));
const copy = path.join(scratch, 'copy');
const escaped: string[] = [];
try {
  execFileSync('git', ['clone', '--quiet', '--shared', root, copy]);
  for (const link of ['node_modules', '.cache'])
    if (existsSync(path.join(root, link))) symlinkSync(path.join(root, link), path.join(copy, link));
  const [drills, tests] = split([...new Set(chosen.map(({ caught }) => caught))], isDrill);
  console.log(`${chosen.length} edits, ${tests.length} tests, ${drills.length} drills. First these as they are…`);
  const before = new Set([...(tests.length ? await failuresOf(tests) : []), ...(await brokenOf(drills))]);
  for (const failure of before) console.error(`This fails without being broken: ${failure}`);
  for (const edit of chosen) {
    const began = Date.now();
    const found = (await tryOut(edit)).filter((failure) => !before.has(failure));
    const caught = found.length > 0;
    if (!caught) escaped.push(`${edit.subject}: ${edit.breaks}`);
    const seconds = Math.round((Date.now() - began) / 1000);
    console.log(
      JSON.stringify({
        subject: edit.subject,
        breaks: edit.breaks,
        test: edit.caught,
        caught,
        found: found.slice(0, 3),
        seconds,
      }),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const each of escaped) console.error(`ESCAPED  ${each}`);
console.log(`${chosen.length - escaped.length} of ${chosen.length} edits caught.`);
process.exitCode = escaped.length ? 1 : 0;

/** The tests and drills that fail while this is broken. */
async function tryOut({ file, find, replace, caught }: Edit): Promise<string[]> {
  const at = path.join(copy, file);
  const source = existsSync(at) ? readFileSync(at, 'utf8') : '';
  const places = source.split(find).length - 1;
  if (places !== 1) {
    console.error(`The text to replace stands ${places} times in ${file}.`);
    return [];
  }
  writeFileSync(
    at,
    source.replace(find, () => replace),
  );
  try {
    return isDrill(caught) ? await brokenOf([caught]) : await failuresOf([caught]);
  } finally {
    writeFileSync(at, source);
  }
}

/** The names of the tests that fail; a file whose set-up fails is told by its name. On a busy machine a run may not begin: then it is begun again. */
async function failuresOf(tests: string[], again = 2): Promise<string[]> {
  const report = path.join(scratch, 'report.json');
  rmSync(report, { force: true });
  const options = ['--config', 'tests/security/vitest.config.ts', '--root', '.'];
  const output = await run(
    ['node_modules/vitest/vitest.mjs', 'run', ...options, '--reporter', 'json', '--outputFile', report, ...tests],
    {
      SECURITY_NO_DATABASE: tests.every((test) => withoutDatabase.test(test)) ? '1' : '',
      SECURITY_CACHE: path.join(scratch, 'cache'),
    },
  );
  const { testResults = [] } = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : {};
  const failures = testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message ? [`${path.basename(name)}: ${message.slice(0, 100)}`] : []),
    ...assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName.trim()),
  ]);
  if (failures.length || testResults.some(({ assertionResults }) => assertionResults.length)) return failures;
  if (again) return failuresOf(tests, again - 1);
  // Where the database cannot even be set up with what was broken, no test begins: that is noticed as well.
  return [`nothing runs: ${output.trim().split('\n').slice(-3).join(' ').slice(0, 200)}`];
}

function split<T>(all: T[], is: (each: T) => boolean): [T[], T[]] {
  return [all.filter(is), all.filter((each) => !is(each))];
}

/** Those of these drills that find their promise broken; what they say goes to the screen. */
async function brokenOf(drills: string[]): Promise<string[]> {
  const broken = [];
  for (const drill of drills) {
    const output = await run(['--import', './src/db/fast-imports.ts', 'tests/faults/run.ts'], {
      ONLY: drill.slice('drill:'.length),
    });
    const line = output.split('\n').find((each) => each.startsWith('{')) ?? '{}';
    const { ok, misses = [output.slice(-300)] } = JSON.parse(line) as { ok?: boolean; misses?: string[] };
    if (ok) continue;
    broken.push(drill);
    console.log(`${drill}: ${misses[0]}`);
  }
  return broken;
}

interface Report {
  testResults?: { name: string; message: string; assertionResults: { status: string; fullName: string }[] }[];
}

function run(args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, SECURITY_N: '40', SECURITY_SEED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return new Promise((resolve) => child.on('close', () => resolve(output)));
}
