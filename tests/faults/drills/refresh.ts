import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from '../../support/postgres.ts';
import { type Drill, demand, type Outcome } from '../drill.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const file = 'tests/services/credentials/credential-refresh-processes.test.ts';

interface Report {
  testResults: { assertionResults: { title: string; status: string }[] }[];
}

const processes = 8;
const tokens = 100;

/** What the test suite shows with less, as a drill: processes renew at once, clocks that are off, deaths before and after saving. */
export const drill: Drill = {
  name: 'refresh',
  promise:
    'Processes that need a token renewed at once renew it once, also with clocks that are off and when one dies in between',
  target: `${processes} processes renew ${tokens} tokens by exactly ${tokens} requests, and no account ends without a word`,
  rounds: 1,
  limitS: (rounds) => 600 + rounds * tokens * 2,
  async run({ atEnd, rounds }): Promise<Outcome> {
    const dir = temporaryDirectory('faults-refresh');
    atEnd(() => rmSync(dir, { recursive: true, force: true }));
    const out = path.join(dir, 'report.json');
    const args = ['node_modules/vitest/vitest.mjs', 'run', file, '--reporter=json', `--outputFile=${out}`];
    const said = await new Promise<string>((resolve) => {
      const env = {
        ...process.env,
        ...{ REFRESH_PROCESSES: `${processes}`, REFRESH_TOKENS: `${tokens}`, REFRESH_ROUNDS: `${rounds}` },
      };
      execFile(process.execPath, args, { cwd: root, env, maxBuffer: 10_000_000 }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    const report = read(out);
    if (!report) return { figure: {}, misses: [`The tests did not run: ${said.slice(-1_000)}`] };
    const all = report.testResults.flatMap((each) => each.assertionResults);
    const failed = all.filter(({ status }) => status !== 'passed');
    const misses = failed.map(({ title }) => title);
    demand(misses, all.length >= 6, `Only ${all.length} tests ran.`);
    return { figure: { processes, tokens, times: rounds, tests: all.length, failed: failed.length }, misses };
  },
};

function read(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
