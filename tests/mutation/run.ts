import path from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { type Subject, subjects } from './subjects.ts';

// `make mutate`: changes the code that safety hangs on, one small place after the other, and counts how many of the changes a test
// notices. ONLY=vault,outbound,… JOBS= so many at once, AGAIN=1 to try only what changed since the last time, or was not reached then.
// Prints what nobody noticed, one JSON line a subject, and a table; the code is 1 when a subject misses its target.

type Options = ConstructorParameters<typeof Stryker>[0];
type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

interface Finding {
  goal: string;
  promise: string;
  subject: string;
  figure: string;
  target: string;
  ok: boolean;
  seconds: number;
}

/** Percent of the changes in each subject. */
const least = 85;
const root = path.resolve(import.meta.dirname, '../..');
const { ONLY = '', JOBS = '1', AGAIN = '' } = process.env;

/** What does not run at all is neither noticed nor missed. */
const counted = ['Killed', 'Timeout', 'Survived', 'NoCoverage'];
const noticed = ['Killed', 'Timeout'];

process.chdir(root);
const findings: Finding[] = [];
for (const subject of chosen()) {
  const began = Date.now();
  const mutants = (await mutantsOf(subject)).filter(({ status }) => counted.includes(status));
  const unnoticed = mutants.filter(({ status }) => !noticed.includes(status));
  const endless = mutants.filter(({ status }) => status === 'Timeout').length;
  const share = (100 * (mutants.length - unnoticed.length)) / mutants.length;
  for (const each of unnoticed.map(told).sort()) console.error(each);
  const finding: Finding = {
    goal: 'g26-mutate',
    promise: 'The tests notice when the code changes',
    subject: subject.name,
    figure: `${mutants.length - unnoticed.length} of ${mutants.length} changes noticed (${share.toFixed(1)} %), ${endless} by running on`,
    target: `${least} %`,
    ok: share >= least,
    seconds: Math.round((Date.now() - began) / 1000),
  };
  findings.push(finding);
  console.log(JSON.stringify(finding));
}
console.log('');
for (const { subject, figure, ok, seconds } of findings)
  console.log(`${ok ? 'kept  ' : 'BROKEN'}  ${subject.padEnd(10)} ${figure} (${seconds} s)`);
process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1;

function chosen(): Subject[] {
  const names = ONLY.split(',').filter(Boolean);
  const unknown = names.filter((name) => !subjects.some((subject) => subject.name === name));
  if (unknown.length) {
    console.error(`There is no ${unknown.join(', ')}. There are ${subjects.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  return subjects.filter(({ name }) => !names.length || names.includes(name));
}

function mutantsOf({ name, mutate, tests, database }: Subject): Promise<Mutant[]> {
  process.env.MUTATION_TESTS = tests.join();
  process.env.MUTATION_DATABASE = database ? '1' : '';
  process.env.SECURITY_N ??= '40';
  return new Stryker({
    mutate,
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner', path.join(import.meta.dirname, 'sentences.ts')],
    ignorers: ['sentences'],
    vitest: { configFile: 'tests/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    concurrency: Number(JOBS),
    // On a busy machine a slow test is no endless one.
    timeoutMS: 120_000,
    dryRunTimeoutMinutes: 10,
    // There is none by this name: the compiler has no interface for programs, and nothing here asks for types.
    tsconfigFile: 'no-tsconfig.json',
    checkers: [],
    symlinkNodeModules: true,
    tempDirName: '.cache/mutation',
    cleanTempDir: 'always',
    incremental: true,
    incrementalFile: `.cache/mutation-${name}.json`,
    force: !AGAIN,
    ignorePatterns: ['.cache', '.data', '.git', 'docs', 'coverage'],
    reporters: [],
    logLevel: 'error' as Options['logLevel'],
  }).runMutationTest();
}

function told({ status, fileName, location, mutatorName, replacement = '' }: Mutant): string {
  const [file, line] = [path.relative(root, fileName), String(location.start.line).padStart(4, '0')];
  return `${file}:${line}  ${mutatorName}: ${replacement.slice(0, 100)}${status === 'NoCoverage' ? '  (no test comes here)' : ''}`;
}
