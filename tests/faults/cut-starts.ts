import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, withConnection, withDatabase } from '../../src/db/connection.ts';
import { knownMigrations, migrationState } from '../../src/db/migrate.ts';
import { createDatabase, dropDatabase } from '../support/postgres.ts';
import { demand, type Given, type Outcome } from './drill.ts';
import { type StartingHub, untilReady } from './hub-process.ts';
import { type Contents, columnsOfBoth, contentsOf, makeOlder } from './older-database.ts';
import { differences, schemaLines } from './schema-lines.ts';
import { masterKeys, type Site } from './site.ts';

/** A database before it is migrated, and how it looks when nobody interrupted that. */
interface Beginning {
  template: string;
  migratingMs: number;
  startMs: number;
  schema: string[];
  columns: Map<string, string[]>;
  contents: Contents;
}

const firstWorkspace = { ADMIN_EMAIL: '', ADMIN_PASSWORD: '', ADMIN_TENANT: '' };

/** Kills hubs while they migrate an empty database and an older one in turn, and lets the next one go on. */
export async function cutStarts(site: Site, { rounds, random, say }: Given): Promise<Outcome> {
  await createDatabase(site.server, 'older');
  await makeOlder(withDatabase(site.server.owner, 'older'), masterKeys);
  const beginnings = [await undisturbed(site, 'template1'), await undisturbed(site, 'older')];
  const misses: string[] = [];
  const [empty, older] = beginnings as [Beginning, Beginning];
  for (const each of differences(empty.schema, older.schema).slice(0, 5))
    misses.push(`An older database ends with another schema than an empty one: ${each}`);
  const before = await contentsOf(withDatabase(site.server.owner, 'older'), older.columns);
  misses.push(...changed(before, older.contents, 'migrating changed'));
  let inside = 0;
  for (let round = 0; round < rounds; round++) {
    const beginning = beginnings[round % 2] as Beginning;
    const database = `cut_${round}`;
    const owner = withDatabase(site.server.owner, database);
    await createDatabase(site.server, database, beginning.template);
    // Every third one anywhere in the start, the others while they migrate.
    const moment = await kill(site, database, beginning, random(), round % 3 === 2);
    const left = await migrationState(owner);
    if (left.missing) inside += 1;
    const halves = left.missing && left.missing < expectedMissing(beginning);
    demand(misses, !halves, `Killed ${moment}, ${left.missing} migrations were left to do.`);
    const hub = await site.launch({ ...site.logins(database), ...firstWorkspace });
    const up = await hub.ready().then(
      () => true,
      (error: Error) => void misses.push(`Killed ${moment}, the next start failed: ${error.message.slice(0, 500)}`),
    );
    if (up) {
      await untilReady(hub.url);
      for (const each of (await schemaDifferences(owner, beginning.schema)).slice(0, 3))
        misses.push(`Killed ${moment}, the schema is another one: ${each}`);
      const contents = await contentsOf(owner, beginning.columns);
      misses.push(...changed(beginning.contents, contents, `killed ${moment}, the next start changed`));
    }
    await hub.stop();
    await dropDatabase(site.server, database);
    say(`${round + 1}/${rounds} killed ${moment}: ${left.missing} migrations left to do`);
  }
  demand(misses, inside > 0, 'No start was killed before it had migrated.');
  return { figure: { starts_killed: rounds, before_the_end_of_migrating: inside }, misses };
}

const expectedMissing = ({ template }: Beginning) =>
  template === 'older' ? Math.floor(knownMigrations().length / 2) : knownMigrations().length;

/** One start that nobody disturbs. */
async function undisturbed(site: Site, template: string): Promise<Beginning> {
  const database = `whole_${template}`;
  await createDatabase(site.server, database, template);
  const owner = withDatabase(site.server.owner, database);
  const started = performance.now();
  const hub = await site.launch({ ...site.logins(database), ...firstWorkspace });
  const from = await untilLocked(site, database, true, hub);
  const to = await untilLocked(site, database, false, hub);
  await hub.ready();
  const startMs = performance.now() - started;
  const settled = await settledSchema(owner);
  await hub.stop();
  const columns = template === 'older' ? await columnsOfBoth(withDatabase(owner, 'older'), owner) : new Map();
  const contents = await contentsOf(owner, columns);
  await dropDatabase(site.server, database);
  return { template, migratingMs: to - from, startMs, schema: settled, columns, contents };
}

/** Starts a hub and kills it; when that was, in words. */
async function kill(
  site: Site,
  database: string,
  { migratingMs, startMs }: Beginning,
  share: number,
  anywhere: boolean,
) {
  const hub = await site.launch({ ...site.logins(database), ...firstWorkspace });
  if (!anywhere) await untilLocked(site, database, true, hub);
  const afterMs = Math.round(share * (anywhere ? startMs : migratingMs));
  await sleep(afterMs);
  await hub.stop('SIGKILL');
  await nobodyIn(site, database);
  return `${afterMs} ms after ${anywhere ? 'its start' : 'it began to migrate'}`;
}

/** The moment at which somebody has the lock under which migrations run, or nobody has it any more. */
async function untilLocked(site: Site, database: string, locked: boolean, hub: StartingHub): Promise<number> {
  for (const until = performance.now() + 120_000; hub.isAlive() && performance.now() < until; await sleep(2)) {
    const [row] = await site.sql`
      select exists (select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = ${database} and l.locktype = 'advisory') as locked`;
    if (row?.locked === locked) return performance.now();
  }
  throw new Error(
    `The hub never ${locked ? 'began' : 'finished'} migrating ${database}: ${hub.output().slice(-1_000)}`,
  );
}

/** What a killed hub had sent is undone, or over. */
async function nobodyIn(site: Site, database: string): Promise<void> {
  for (const until = performance.now() + 30_000; performance.now() < until; await sleep(10)) {
    const [row] = await site.sql`select count(*)::int as count from pg_stat_activity where datname = ${database}`;
    if (!row?.count) return;
  }
  throw new Error(`The server still works in ${database} for a hub that is dead.`);
}

/** Jobs make their tables after the hub has started to listen. */
async function settledSchema(owner: Connection): Promise<string[]> {
  let last: string[] = [];
  for (let same = 0; same < 4; await sleep(500)) {
    const lines = await withConnection(owner, schemaLines);
    same = lines.join('\n') === last.join('\n') ? same + 1 : 0;
    last = lines;
  }
  return last;
}

async function schemaDifferences(owner: Connection, expected: string[]): Promise<string[]> {
  let found: string[] = [];
  for (const until = performance.now() + 20_000; performance.now() < until; await sleep(200)) {
    found = differences(expected, await withConnection(owner, schemaLines));
    if (!found.length) break;
  }
  return found;
}

const changed = (before: Contents, after: Contents, what: string): string[] =>
  Object.entries(before).flatMap(([table, said]) =>
    after[table] === said ? [] : [`${what} ${table}: ${said} became ${after[table]}`],
  );
