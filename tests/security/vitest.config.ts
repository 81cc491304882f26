import { defineConfig } from 'vitest/config';

/** For `make test-security`: the usual tests where they hold a promise, and the deep checks, which `make test` leaves out. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'tests/security/**/*.check.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--import', './src/db/fast-imports.ts', '--expose-gc'],
    allowOnly: false,
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 600_000,
    hookTimeout: 180_000,
  },
});
