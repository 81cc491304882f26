import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drill, type Outcome, seeded } from './drill.ts';
import { drill as clock } from './drills/clock.ts';
import { drill as databaseKill } from './drills/database-kill.ts';
import { drill as diskFull } from './drills/disk-full.ts';
import { drill as hubKill } from './drills/hub-kill.ts';
import { drill as pool } from './drills/pool.ts';
import { drill as refresh } from './drills/refresh.ts';
import { drill as replicas } from './drills/replicas.ts';
import { drill as restore } from './drills/restore.ts';
import { drill as rotation } from './drills/rotation.ts';
import { drill as soak } from './drills/soak.ts';
import { drill as stop } from './drills/stop.ts';
import { drill as thirdParties } from './drills/third-parties.ts';
import { drill as upgrade } from './drills/upgrade.ts';

// Breaks things around running hubs and looks whether what is promised still holds; prints a line of JSON for each drill and a
// table at the end. ONLY=name,… N=rounds SEED=number OUT=file VERBOSE=1 FROM=commit

const drills: Drill[] = [
  databaseKill,
  hubKill,
  thirdParties,
  pool,
  replicas,
  refresh,
  rotation,
  restore,
  diskFull,
  clock,
  stop,
  upgrade,
  soak,
];

const { ONLY = '', N = '', SEED = '', OUT = '', VERBOSE = '' } = process.env;
const seed = Number(SEED) || Math.floor(Math.random() * 1_000_000_000);
const names = ONLY.split(',').flatMap((name) => name.trim() || []);
const unknown = names.filter((name) => !drills.some((drill) => drill.name === name));
if (unknown.length) {
  console.error(`There is no drill ${unknown.join(', ')}. Choose from ${drills.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
const chosen = drills.filter(({ name }) => !names.length || names.includes(name));

interface Line extends Pick<Drill, 'name' | 'promise' | 'target'>, Omit<Outcome, 'figure'> {
  figure: Outcome['figure'];
  seed: number;
  rounds: number;
  ok: boolean;
  seconds: number;
}

/** Of the drill that runs now, the latest first. */
const stops: (() => unknown)[] = [];

async function run(drill: Drill): Promise<Line> {
  const { name, promise, target } = drill;
  const rounds = Number(N) || drill.rounds;
  const started = performance.now();
  const given = {
    ...{ rounds, random: seeded(seed) },
    say: (text: string) => void (VERBOSE && process.stderr.write(`${name}: ${text}\n`)),
    atEnd: (stop: () => unknown) => void stops.unshift(stop),
  };
  const late = async () => {
    await sleep(drill.limitS(rounds) * 1_000, undefined, { ref: false });
    throw new Error(`not over after ${drill.limitS(rounds)} s`);
  };
  const outcome = await Promise.race([drill.run(given), late()]).catch(
    (error: Error): Outcome => ({ figure: {}, misses: [`The drill broke off: ${error.stack ?? error}`] }),
  );
  await endAll(name);
  const seconds = Math.round((performance.now() - started) / 1000);
  return { name, promise, target, ...outcome, seed, rounds, ok: !outcome.misses.length, seconds };
}

async function endAll(name: string): Promise<void> {
  for (const stop of stops.splice(0)) await ending(name, stop);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endAll('stopped').then(() => process.exit(130)));

process.once('uncaughtException', (error) => {
  console.error(error);
  void endAll('broken off').then(() => process.exit(1));
});

/** What does not stop keeps nothing else from it. */
async function ending(name: string, stop: () => unknown): Promise<void> {
  try {
    await stop();
  } catch (error) {
    process.stderr.write(`${name}: ${error}\n`);
  }
}

const words = (figure: Outcome['figure']) =>
  Object.entries(figure)
    .map(([what, value]) => `${what.replaceAll('_', ' ')} ${value}`)
    .join(', ');

const verdict = ({ ok, skipped }: Line) => (!ok ? 'BROKEN' : skipped ? 'skipped' : 'kept');
const account = ({ figure, skipped }: Line) => [words(figure), skipped].filter(Boolean).join('; ');

const lines: Line[] = [];
for (const drill of chosen) {
  process.stderr.write(`${drill.name}…\n`);
  const line = await run(drill);
  lines.push(line);
  console.log(JSON.stringify(line));
}
const width = Math.max(...lines.map(({ name }) => name.length));
console.log(
  `\nSeed ${seed}; Node ${process.versions.node}, ${os.availableParallelism()} cores, load ${os
    .loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}\n`,
);
for (const line of lines) {
  console.log(
    `${verdict(line).padEnd(8)}${line.name.padEnd(width + 2)}${String(line.seconds).padStart(4)} s  ${account(line)}`,
  );
  for (const miss of line.misses) console.log(`${' '.repeat(8)}${miss}`);
}
if (OUT) writeFileSync(OUT, `${JSON.stringify({ at: new Date().toISOString(), seed, drills: lines }, null, 2)}\n`);
process.exit(lines.every(({ ok }) => ok) ? 0 : 1);
