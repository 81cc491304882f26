import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { startProgram } from './programs.ts';
import type { Finding } from './report.ts';
import { spreadOf } from './rounds.ts';
import { firstOwner } from './stage.ts';

/** V8 collects what starting left behind when ten seconds or so have passed with little to do. */
const restMs = 20_000;

/** How long the hub takes to be ready with its embedded database that it has already, and what it holds when nobody asks anything. */
export async function measureProcess(rounds: number): Promise<Finding[]> {
  const dataDir = temporaryDirectory('bench-start');
  const start = async () => {
    const port = String(await freePort());
    const env = { PORT: port, BASE_URL: `http://127.0.0.1:${port}`, DATA_DIR: dataDir, ...firstOwner };
    const program = await startProgram('src/server.ts', env);
    await sleep(restMs);
    const resident = program.residentMb();
    await program.stop();
    return { ready: program.readyMs, resident };
  };
  try {
    await start(); // makes the database
    const measured: Awaited<ReturnType<typeof start>>[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await start());
    const column = (name: 'ready' | 'resident') => spreadOf(measured.map((each) => each[name]));
    return [
      {
        ...{ what: 'start, embedded database there', unit: 'ms to ready', ours: column('ready') },
        ...{ beside: 'the target', target: { is: 'at most', value: 1500 } },
      },
      {
        ...{ what: 'memory at rest', unit: 'MB resident', ours: column('resident') },
        ...{ beside: 'the target', target: { is: 'at most', value: 200 } },
      },
    ];
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
