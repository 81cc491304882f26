import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const { MUTATION_TESTS = '', MUTATION_DATABASE = '' } = process.env;

const listed = MUTATION_TESTS.split(',');

/** As they are listed, the quickest first: most changes fail the first of them, and the others need not run. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const rank = ({ moduleId }: TestSpecification) =>
      listed.findIndex((pattern) => path.matchesGlob(moduleId, `**/${pattern}`));
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** For `make mutate`: the tests of one subject. */
export default defineConfig({
  test: {
    include: listed,
    sequence: { sequencer: InOrder },
    globalSetup: MUTATION_DATABASE ? ['tests/support/global-setup.ts'] : [],
    execArgv: ['--import', './src/db/fast-imports.ts'],
    allowOnly: false,
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
