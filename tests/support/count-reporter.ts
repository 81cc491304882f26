import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Says at the end how many tests there were in one line, takes a skipped test for a failed run, and writes the files with failed
 * tests to where `FAILED_FILES` says.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) for (const test of module.children.allTests()) count[test.result().state] += 1;
    const broken = modules.filter((module) => module.state() === 'failed').map(({ moduleId }) => moduleId);
    const skipped = count.skipped + count.pending;
    console.log(`\nTests: ${count.passed} passed, ${count.failed} failed, ${skipped} skipped`);
    if (skipped && !broken.length) console.log('No test may be skipped: run it or delete it.');
    if (skipped) process.exitCode = 1;
    const { FAILED_FILES } = process.env;
    if (FAILED_FILES) writeFileSync(FAILED_FILES, JSON.stringify(broken));
  }
}
