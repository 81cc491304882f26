import { defineConfig } from 'vitest/config';

const { SECURITY_NO_DATABASE = '', SECURITY_CACHE = '' } = process.env;

/** For `make test-security`: the usual tests where they hold a promise, and the deep checks, which `make test` leaves out. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'tests/security/**/*.check.ts'],
    globalSetup: SECURITY_NO_DATABASE ? [] : ['tests/support/global-setup.ts'],
    // A copy of the repository shares its packages with it, and has to keep out of what is cached beside them.
    ...(SECURITY_CACHE && { fsModuleCachePath: SECURITY_CACHE }),
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--import', './src/db/fast-imports.ts'],
    allowOnly: false,
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 600_000,
    hookTimeout: 180_000,
  },
});
