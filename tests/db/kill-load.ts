import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { type ServerAddress, withConnection } from '../../src/db/connection.ts';
import { auditEvents, organizations } from '../../src/db/schema/index.ts';
import { startDatabase } from '../../src/db/start.ts';
import { AppError } from '../../src/errors.ts';

// Sixteen callers work while the server is killed again and again; prints one line of JSON with what they saw.
const [dataDir, kills] = [process.argv[2] as string, Number(process.argv[3])];
const callers = 16;
const report = {
  ...{ kills: 0, uncaught: [] as string[], unhandled: [] as string[], acknowledged: 0, lost: 0, refused: 0 },
  ...{ strange: [] as string[], longestWaitMs: 0, longestRecoveryMs: 0, settled: 0 },
};
process.on('uncaughtException', (error) => report.uncaught.push(String(error.stack)));
process.on('unhandledRejection', (error) => report.unhandled.push(String((error as Error)?.stack ?? error)));

const { db, admin, stop } = await startDatabase(
  { dataDir, databaseUrl: null, databaseAdminUrl: null },
  pino({ level: 'silent' }),
);
const tenantId = uuidv7();
await db.system.insert(organizations).values({ id: tenantId, name: 'Ada', slug: 'ada' });
const acknowledged = new Set<string>();
let working = true;

async function save() {
  const id = uuidv7();
  await db.asTenant(tenantId, async (tx) => {
    await tx.execute(sql`select 1`);
    await tx.insert(auditEvents).values({
      ...{ tenantId, id, action: 'killed', actorType: 'system', actorName: 'Test', subjectType: 'tenant' },
      ...{ subjectName: 'Ada', details: {}, requestId: 'r' },
    });
  });
  acknowledged.add(id);
}

const look = async () => {
  const rows = await db.system.execute(sql`select n from generate_series(1, 50) n`);
  if (rows.length !== 50 || rows[0]?.n !== 1)
    report.strange.push(`${rows.length} rows, the first is ${JSON.stringify(rows[0])}`);
};

async function call(work: () => Promise<void>) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    report.refused++;
    if (!(error instanceof AppError)) report.strange.push(String((error as Error).stack));
    await sleep(50);
  }
  report.longestWaitMs = Math.max(report.longestWaitMs, performance.now() - started);
}

async function caller(number: number) {
  while (working) await call(number % 4 ? save : look);
  report.settled++;
}

const superuser = () => {
  const { setup } = JSON.parse(readFileSync(path.join(dataDir, 'postgres-passwords.json'), 'utf8'));
  return { ...(admin as ServerAddress), user: 'patchbay_setup', password: setup };
};

/** One backend, the postmaster alone, or every process of the server. */
async function kill(round: number) {
  const found = await withConnection(
    superuser(),
    (own) => own<{ pid: number; user: string }[]>`select pid, usename as user from pg_stat_activity`,
  );
  const all = found.map(({ pid }) => pid);
  const backend = found.filter(({ user }) => user === 'patchbay_hub').map(({ pid }) => pid)[round % 2] ?? 0;
  const postmaster = Number(readFileSync(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  for (const pid of [[backend], [postmaster], [postmaster, ...all]][round % 3] ?? []) tryKill(pid);
  report.kills++;
}

function tryKill(pid: number) {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // its own end was faster
  }
}

/** Until the server answers and a caller's change has been saved again. */
async function untilReady() {
  const started = performance.now();
  await sleep(100); // orphaned backends may answer for a moment
  const answers = () =>
    db.ping().then(
      () => true,
      () => false,
    );
  while (!(await answers())) await sleep(20);
  for (const before = acknowledged.size; acknowledged.size === before; ) await sleep(10);
  report.longestRecoveryMs = Math.max(report.longestRecoveryMs, performance.now() - started);
}

const running = Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
await untilReady();
for (let round = 0; round < kills; round++) {
  await sleep(50 + Math.random() * 250);
  await kill(round);
  await untilReady();
}
working = false;
await Promise.race([running, sleep(10_000)]);

const saved = await db.asTenant(tenantId, (tx) => tx.select({ id: auditEvents.id }).from(auditEvents));
const there = new Set(saved.map(({ id }) => id));
report.acknowledged = acknowledged.size;
report.lost = [...acknowledged].filter((id) => !there.has(id)).length;
await stop();
console.log(JSON.stringify(report));
