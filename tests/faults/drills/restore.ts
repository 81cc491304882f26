import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../../../src/db/connection.ts';
import { startEmbedded } from '../../../src/db/embedded.ts';
import { temporaryDirectory } from '../../support/postgres.ts';
import { runCommand } from '../../support/processes.ts';
import { type Drill, demand } from '../drill.ts';
import { halfDone } from '../ledger.ts';
import { masterKeys } from '../site.ts';
import { openWriting } from '../writing.ts';

const passphrase = 'a passphrase for the drill';
const longestMs = 60_000;

export const drill: Drill = {
  name: 'restore',
  promise:
    'A backup made under load comes back whole into a new directory: one moment, every secret opens; a damaged one is refused',
  target: `0 rows missing, 0 half done, every secret opens, every spoiled file refused, restored within ${longestMs / 1000} s`,
  rounds: 5,
  limitS: (rounds) => 400 + rounds * 40,
  async run(given) {
    const { atEnd, rounds, random, say } = given;
    const { site, ledger, writers } = await openWriting(given);
    while (ledger.acknowledged < 30 + rounds * 5) await new Promise((resolve) => setTimeout(resolve, 100));
    await fillUp(site.sql);
    const before = await idsOf(site.sql);
    const file = path.join(site.dir, 'drill.backup');
    const backup = await site.command('src/commands/backup.ts', {
      args: ['--file', file],
      env: { BACKUP_PASSPHRASE: passphrase },
    });
    await writers.stop();
    const after = await idsOf(site.sql);
    const misses: string[] = [];
    demand(misses, backup.code === 0, `The backup ended with ${backup.code}: ${backup.err}`);
    if (misses.length) return { figure: {}, misses };
    say(backup.out.trim().split('\n')[0] ?? '');

    const fresh = () => {
      const dir = temporaryDirectory('faults-restored');
      atEnd(() => rmSync(dir, { recursive: true, force: true }));
      writeFileSync(path.join(dir, 'master-keys'), `${masterKeys}\n`, { mode: 0o600 });
      return dir;
    };
    const restore = (dir: string, from: string, secret = passphrase) =>
      runCommand('src/commands/restore.ts', {
        args: ['--file', from],
        env: { DATA_DIR: dir, BACKUP_PASSPHRASE: secret },
      });
    const empty = fresh();
    const refused = [await restore(empty, file, 'another passphrase')];
    const spoiled = path.join(site.dir, 'spoiled.backup');
    for (let round = 0; round < rounds; round++) {
      writeFileSync(spoiled, spoil(readFileSync(file), round, random));
      refused.push(await restore(empty, spoiled));
    }
    demand(
      misses,
      refused.every(({ code }) => code === 1),
      `Spoiled files ended with ${refused.map(({ code }) => code)}.`,
    );
    demand(misses, !existsSync(path.join(empty, 'postgres')), 'A spoiled file was written from.');

    const dir = fresh();
    const started = performance.now();
    const restored = await restore(dir, file);
    const restoreMs = Math.round(performance.now() - started);
    demand(misses, restored.code === 0, `The restore ended with ${restored.code}: ${restored.err}`);
    const opened = Number(/(\d+) secrets open/.exec(restored.out)?.[1] ?? 0);
    const deep = await runCommand('src/commands/doctor.ts', { args: ['--deep', '--json'], env: { DATA_DIR: dir } });
    const level = (JSON.parse(deep.out) as { check: string; level: string }[]).find(
      ({ check }) => check === 'secrets',
    )?.level;
    demand(misses, level === 'ok', `The doctor calls the secrets ${level}.`);
    const server = await startEmbedded(dir);
    atEnd(() => server.stop());
    const sql = connect(server.owner, { max: 1 });
    atEnd(() => sql.end({ timeout: 1 }));
    const there = await idsOf(sql);
    const missing = [...before].filter((id) => !there.has(id)).length;
    const invented = [...there].filter((id) => !after.has(id)).length;
    const halves = await halfDone(sql);
    await sql.end({ timeout: 1 });
    demand(misses, opened > 0, 'No secret was opened.');
    demand(misses, missing === 0, `${missing} rows from before the backup are missing.`);
    demand(misses, invented === 0, `${invented} rows were never there.`);
    misses.push(...halves);
    demand(misses, restoreMs <= longestMs, `It took ${restoreMs} ms.`);
    const figure = {
      ...{ rows: there.size, missing, half_done: halves.length, secrets: opened, spoiled: refused.length },
      restore_ms: restoreMs,
    };
    return { figure, misses };
  },
};

/** So much activity that changes happen while it is read. */
const fillUp = (sql: ReturnType<typeof connect>) => sql`
  insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_name, details, request_id)
  select o.id, gen_random_uuid(), 'drill.filled', 'system', 'Drill', 'tenant', o.name, '{}', 'drill'
  from organizations o, generate_series(1, 30000)`;

async function idsOf(sql: ReturnType<typeof connect>): Promise<Set<string>> {
  const rows = await sql`
    select id from connectors union all select id from connections union all select id from audit_events
    union all select id from api_keys union all select id from executions`;
  return new Set(rows.map(({ id }) => id as string));
}

/** A bit elsewhere, an end that is missing, or a piece twice. */
function spoil(bytes: Buffer, round: number, random: () => number): Buffer {
  const at = Math.floor(random() * (bytes.length - 1));
  if (round % 3 === 1) return bytes.subarray(0, at);
  if (round % 3 === 2) return Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)]);
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return copy;
}
