import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, withDatabase } from '../../../src/db/connection.ts';
import { temporaryDirectory } from '../../support/postgres.ts';
import { type Drill, demand } from '../drill.ts';
import { openSite, type Site } from '../site.ts';

const sizeMb = 400;
const longestMs = 10_000;
const longestRecoveryMs = 5_000;

export const drill: Drill = {
  name: 'disk-full',
  promise:
    'The disk of the database is full: reading goes on, changes are refused with a sentence that says why, and space is enough to recover',
  target: `0 failed reads, every change 503 that names the disk, saved again within ${longestRecoveryMs / 1000} s after space was freed`,
  rounds: 1,
  limitS: (rounds) => 120 + rounds * 60,
  async run(given) {
    const dir = smallDisk(given.atEnd);
    if ('reason' in dir) return { figure: {}, misses: [], skipped: dir.reason };
    // Its log of changes reuses its files: without one to write to, no database goes on.
    const settings = ['min_wal_size=128MB', 'max_wal_size=160MB', 'autovacuum=off'];
    const site = await openSite(given, { dataDir: dir.mounted, settings });
    const beside = temporaryDirectory('faults-beside');
    given.atEnd(() => rmSync(beside, { recursive: true, force: true }));
    const hub = await site.hub({ DATA_DIR: beside });
    const ada = await site.signedIn(hub);
    await reserveLog(site);
    const misses: string[] = [];
    const figure: Record<string, number> = {
      reads: 0,
      failed_reads: 0,
      refused: 0,
      longest_refusal_ms: 0,
      recovery_ms: 0,
    };
    for (let round = 0; round < given.rounds; round++) {
      await site.forgetLimits();
      const ballast = path.join(dir.mounted, 'ballast');
      fill(ballast);
      const refusals: string[] = [];
      let saved = 0;
      for (let index = 0; index < 60 && refusals.length < 10; index++) {
        const { status, body, ms } = await ada.send('POST', '/api/connectors', large(`Blog ${round} ${index}`));
        if (status === 201) saved += 1;
        else refusals.push(`${status} ${body?.detail ?? body}`);
        if (status !== 201) figure.longest_refusal_ms = Math.max(figure.longest_refusal_ms ?? 0, Math.round(ms));
        const read = await ada.send('GET', '/api/installed?limit=5');
        figure.reads = (figure.reads ?? 0) + 1;
        if (read.status !== 200) figure.failed_reads = (figure.failed_reads ?? 0) + 1;
      }
      given.say(`${saved} saved before ${refusals.length} refusals: ${refusals[0]}`);
      figure.refused = (figure.refused ?? 0) + refusals.length;
      const told = refusals.filter((each) => each.startsWith('503 The disk of the database is full'));
      demand(misses, refusals.length > 0, 'The disk was never full.');
      demand(misses, told.length === refusals.length, `It said: ${refusals.find((each) => !told.includes(each))}`);
      rmSync(ballast);
      const freed = performance.now();
      for (let index = 0; performance.now() - freed < 30_000; index++, await sleep(50))
        if ((await ada.send('POST', '/api/connectors', large(`After ${round} ${index}`))).status === 201) break;
      figure.recovery_ms = Math.max(figure.recovery_ms ?? 0, Math.round(performance.now() - freed));
    }
    demand(misses, figure.failed_reads === 0, `${figure.failed_reads} of ${figure.reads} reads failed.`);
    demand(misses, (figure.longest_refusal_ms ?? 0) <= longestMs, `A refusal took ${figure.longest_refusal_ms} ms.`);
    demand(
      misses,
      (figure.recovery_ms ?? 0) <= longestRecoveryMs,
      `Saved again only ${figure.recovery_ms} ms after space was freed.`,
    );
    demand(misses, hub.isAlive() && !hub.defects().length, `The hub caught nothing of this: ${hub.defects()[0]}`);
    return { figure, misses };
  },
};

/** A file system in memory of its own, which only root may make. */
function smallDisk(atEnd: (stop: () => unknown) => void): { mounted: string } | { reason: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { reason: 'a small file system of its own needs root on Linux' };
  const mounted = temporaryDirectory('faults-disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0711`, 'tmpfs', mounted], { stdio: 'pipe' });
  } catch (error) {
    rmSync(mounted, { recursive: true, force: true });
    return { reason: `no file system may be mounted here: ${String(error).split('\n')[0]}` };
  }
  atEnd(() => rmSync(mounted, { recursive: true, force: true }));
  atEnd(() => execFileSync('umount', [mounted]));
  return { mounted };
}

/** Makes the database go through its log files once, so that it has all of them. */
async function reserveLog({ server }: Site): Promise<void> {
  const sql = connect(withDatabase(server.setup, 'hub'), { max: 1 });
  for (let index = 0; index < 10; index++) {
    await sql`select pg_switch_wal()`;
    await sql`create table if not exists padding (n int)`;
    await sql`insert into padding values (${index})`;
  }
  await sql`checkpoint`;
  await sql`checkpoint`;
  await sql.end();
}

/** Takes what is left, to the last page. */
function fill(file: string): void {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  const handle = openSync(file, 'w', 0o600);
  const block = Buffer.alloc(1024 * 1024);
  try {
    for (let left = bavail * bsize; left >= 0; left -= block.length) writeSync(handle, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    fsyncSync(handle);
    closeSync(handle);
  }
}

/** More than the free room of the pages that are there. */
const large = (name: string) => ({
  ...{ catalog_key: 'http-api', name, auth: { method: 'none' } },
  config: {
    base_url: 'https://api.example.com',
    headers: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`X-${index}`, noise(4_000)])),
  },
});

/** Text that cannot be compressed. */
const noise = (length: number) => Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('');
