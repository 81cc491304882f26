import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const browser = ['tests/e2e/**/*.test.ts', 'tests/**/*.browser.test.ts'];
/** These need neither a database nor a browser; `make check` runs them. */
const unit = ['tests/*.test.ts', 'tests/{lib,drivers,vault,auth,views,sandbox}/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    // By itself it would leave one core idle, which is half of a small machine.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 4),
    execArgv: ['--import', './src/db/fast-imports.ts'],
    allowOnly: false,
    // A condition that is waited for may take its time on a busy machine; it is looked at every 50 ms all the same.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './tests/support/count-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: unit, exclude: browser, testTimeout: 15_000 } },
      {
        extends: true,
        test: {
          name: 'database',
          include: ['tests/**/*.test.ts'],
          exclude: [...unit, ...browser],
          globalSetup: ['tests/support/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: browser,
          globalSetup: ['tests/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
