import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { startEmbedded } from '../../src/db/embedded.ts';
import { runChild } from '../support/child.ts';
import { temporaryDirectory } from '../support/postgres.ts';

const kills = 20;
const deadlineMs = 4_000;

interface Report {
  kills: number;
  uncaught: string[];
  unhandled: string[];
  strange: string[];
  settled: number;
  acknowledged: number;
  lost: number;
  refused: number;
  longestWaitMs: number;
  longestRecoveryMs: number;
}

describe('the hub', () => {
  const dataDir = temporaryDirectory('kill');
  afterAll(async () => {
    await (await startEmbedded(dataDir)).stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(`survives ${kills} times kill -9 of the database under load`, { timeout: 180_000 }, async () => {
    const child = runChild('db/kill-load.ts', dataDir, String(kills));
    const report = await child.next<Report>();
    await child.end();
    expect(report).toMatchObject({ kills, uncaught: [], unhandled: [], strange: [], settled: 16, lost: 0 });
    expect(report.refused).toBeGreaterThan(0);
    expect(report.acknowledged).toBeGreaterThan(kills);
    expect(report.longestWaitMs).toBeLessThan(deadlineMs + 1_000);
    expect(report.longestRecoveryMs).toBeLessThan(5_000);
  });
});
