import { defineConfig } from 'vitest/config';

const { MUTATION_TESTS = '', MUTATION_DATABASE = '' } = process.env;

/** For `make mutate`: the tests of one subject. */
export default defineConfig({
  test: {
    include: MUTATION_TESTS.split(','),
    globalSetup: MUTATION_DATABASE ? ['tests/support/global-setup.ts'] : [],
    execArgv: ['--import', './src/db/fast-imports.ts'],
    allowOnly: false,
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
