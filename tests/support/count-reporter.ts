import type { Reporter, TestModule } from 'vitest/node';

/**
 * Says at the end how many tests there were in one line, takes a skipped test for a failed run, and names those that passed
 * only at a further try: each of them is a defect of the test or of the hub, waiting to be found.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) for (const test of module.children.allTests()) count[test.result().state] += 1;
    const flaky = modules.flatMap((module) =>
      [...module.children.allTests()].filter((test) => test.diagnostic()?.flaky),
    );
    const broken = modules.filter((module) => module.state() === 'failed').length;
    const skipped = count.skipped + count.pending;
    console.log(`\nTests: ${count.passed} passed, ${count.failed} failed, ${skipped} skipped`);
    for (const test of flaky) console.log(`Passed only at a further try: ${test.module.moduleId} > ${test.fullName}`);
    if (skipped && !broken) console.log('No test may be skipped: run it or delete it.');
    if (skipped) process.exitCode = 1;
  }
}
