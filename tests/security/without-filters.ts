import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// Takes every filter by workspace out of the queries, in a copy, and sees that another workspace still gets nothing: the database's own fence holds.

const root = path.resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'patchbay-fence-'));
const copy = path.join(scratch, 'copy');
try {
  execFileSync('git', ['clone', '--quiet', '--shared', root, copy]);
  for (const link of ['node_modules', '.cache'])
    if (existsSync(path.join(root, link))) symlinkSync(path.join(root, link), path.join(copy, link));
  const taken = takeFilters(path.join(copy, 'src/db/queries'));
  if (taken < 100) throw new Error(`Only ${taken} filters were found in the queries.`);
  const names = 'another workspace|finds nothing of another workspace';
  const tests = ['tests/routes/sweep.test.ts', 'tests/routes/key-sweep.test.ts'];
  const options = ['--config', 'tests/security/vitest.config.ts', '--root', '.', '-t', names, '--reporter', 'json'];
  const report = path.join(scratch, 'report.json');
  try {
    execFileSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...options, '--outputFile', report, ...tests],
      {
        cwd: copy,
        stdio: 'pipe',
        env: { ...process.env, SECURITY_CACHE: path.join(scratch, 'cache') },
      },
    );
  } catch (error) {
    console.error(String((error as { stdout?: Buffer }).stdout ?? '').slice(-4000));
  }
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  console.log(
    `${taken} filters taken out: ${numPassedTests} sweeps of foreign rows found nothing, ${numFailedTests} something`,
  );
  process.exitCode = numFailedTests === 0 && numPassedTests >= 3 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Each filter compares a column with itself from then on, which is always so. Returns how many there were. */
function takeFilters(folder: string): number {
  let taken = 0;
  for (const file of readdirSync(folder)) {
    const at = path.join(folder, file);
    const source = readFileSync(at, 'utf8')
      .replace(/\beq\((\w+)\.tenantId, tenantId\)/g, (_all, table) => {
        taken += 1;
        return `eq(${table}.tenantId, ${table}.tenantId)`;
      })
      .replace(/\b((?:\w+\.)?tenant_id) = \$\{tenantId\}(?:::uuid)?/g, (_all, column) => {
        taken += 1;
        return `${column} = ${column}`;
      });
    writeFileSync(at, source);
  }
  return taken;
}
