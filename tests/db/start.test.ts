import { rmSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerAddress, withConnection, withDatabase } from '../../src/db/connection.ts';
import type { EmbeddedServer } from '../../src/db/embedded.ts';
import { type StartedDatabase, startDatabase } from '../../src/db/start.ts';
import { freePort } from '../support/ports.ts';
import { temporaryDirectory, temporaryServer } from '../support/postgres.ts';

const silent = pino({ level: 'silent' });

/** A log whose lines can be read. */
function recordingLog() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }) };
}

const roleInTenant = async ({ db }: StartedDatabase) => {
  const [row] = await db.asTenant(uuidv7(), (tx) => tx.execute(sql`select current_user::text as role`));
  return row?.role;
};

describe('starting with the embedded server', () => {
  it('gives a pool on a login of its own and stops everything', async () => {
    const dataDir = temporaryDirectory('start');
    const started = await startDatabase({ dataDir, databaseUrl: null, databaseAdminUrl: null }, silent);
    expect(started.roleMode).toBe('separate logins');
    expect(await roleInTenant(started)).toBe('patchbay_app');
    await started.stop();
    await expect(started.db.ping()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(withConnection(started.admin, (own) => own`select 1`)).rejects.toThrow();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

describe('starting with DATABASE_URL', () => {
  let port: number;
  let server: EmbeddedServer & { remove(): Promise<void> };
  beforeAll(async () => {
    port = await freePort();
    server = await temporaryServer('external', ['listen_addresses=127.0.0.1', `port=${port}`]);
    await withConnection(withDatabase(server.setup, 'postgres'), async (own) => {
      await own`create role plain login password 'plain-password'`;
    });
  });
  afterAll(() => server.remove());

  const urlOf = ({ user, password }: Pick<ServerAddress, 'user' | 'password'>, database = 'patchbay', at = port) =>
    `postgres://${user}:${password}@127.0.0.1:${at}/${database}`;
  const start = (databaseUrl: string, databaseAdminUrl: string | null = null, log = silent, patienceMs = 500) =>
    startDatabase({ dataDir: '/nowhere', databaseUrl, databaseAdminUrl }, log, { patienceMs });

  it('drops to the app role with one login, and says so', async () => {
    const { lines, log } = recordingLog();
    const started = await start(urlOf(server.owner), null, log);
    expect([started.roleMode, await roleInTenant(started)]).toEqual(['set local role', 'patchbay_app']);
    expect(lines.join()).toContain(
      'patchbay_owner owns the tables: each tenant transaction drops to the role patchbay_app',
    );
    await started.stop();
  });

  it('keeps the owner and a plain login apart, and gives that one its rights', async () => {
    const plain = { user: 'plain', password: 'plain-password' };
    const { lines, log } = recordingLog();
    const started = await start(urlOf(plain), urlOf(server.owner), log);
    expect([started.roleMode, await roleInTenant(started)]).toEqual(['separate logins', 'patchbay_app']);
    expect(await started.db.system.execute(sql`select from organizations`)).toHaveLength(0);
    expect(lines).toEqual([]);
    await started.stop();
  });

  it('also works when the one login is a superuser', async () => {
    const started = await start(urlOf(server.setup));
    expect([started.roleMode, await roleInTenant(started)]).toEqual(['set local role', 'patchbay_app']);
    await started.stop();
  });

  it.each([
    ['a superuser', 'superuser', /rogue of DATABASE_URL is a superuser/],
    ['a login with BYPASSRLS', 'bypassrls', /rogue of DATABASE_URL has BYPASSRLS/],
  ])('refuses %s beside the owner', async (_what, attribute, message) => {
    const setup = withDatabase(server.setup, 'postgres');
    await withConnection(setup, (own) => own.unsafe(`create role rogue login ${attribute} password 'rogue'`));
    try {
      await expect(start(urlOf({ user: 'rogue', password: 'rogue' }), urlOf(server.owner))).rejects.toThrow(message);
    } finally {
      await withConnection(setup, (own) => own.unsafe('drop role rogue'));
    }
  });

  it('refuses the owner beside itself', async () => {
    const again = `${urlOf(server.owner)}?application_name=again`;
    await expect(start(again, urlOf(server.owner))).rejects.toThrow('patchbay_owner of DATABASE_URL owns the tables');
  });

  it('tells of a server that stays down, without the password', async () => {
    const url = urlOf({ user: 'ada', password: 'hunter2-hunter2' }, 'patchbay', await freePort());
    const error = await start(url).then(null, (thrown) => thrown);
    expect(error.message).toMatch(
      /PostgreSQL at 127\.0\.0\.1:\d+\/patchbay did not answer within 0\.5 s \(ECONNREFUSED\)/,
    );
    expect(`${error.message} ${error.stack}`).not.toContain('hunter2');
  });

  it('tells of a wrong password and a missing database at once', async () => {
    const started = performance.now();
    const wrong = start(urlOf({ ...server.owner, password: 'wrong' }), null, silent, 60_000);
    await expect(wrong).rejects.toThrow(/refuses the login: password authentication failed/);
    const missing = start(urlOf(server.owner, 'nothing'), null, silent, 60_000);
    await expect(missing).rejects.toThrow(/refuses the login: database "nothing" does not exist/);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('waits for a server that comes up late', async () => {
    const late = await freePort();
    const starting = start(urlOf(server.owner, 'patchbay', late), null, silent, 10_000);
    await sleep(700);
    const forwarder = createServer((client) => {
      const upstream = dial(port, '127.0.0.1');
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
      client.pipe(upstream).pipe(client);
    });
    forwarder.listen(late, '127.0.0.1');
    const started = await starting;
    await started.db.ping();
    await started.stop();
    forwarder.close();
  });
});
