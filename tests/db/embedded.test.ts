import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type EmbeddedServer, startEmbedded as start } from '../../src/db/embedded.ts';
import { runChild } from '../support/child.ts';
import { temporaryDirectory } from '../support/postgres.ts';

interface Started {
  pid: number;
  adopted: boolean;
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const startEmbedded = (dataDir: string) => start(dataDir, { durable: false });

const answer = (server: EmbeddedServer) =>
  withConnection(server.hub, async (sql) => {
    const [row] = await sql`select current_user::text as user, current_database() as database`;
    return row;
  });

/** Ends whatever a test has left running. */
async function stopAll(dataDir: string) {
  const server = await startEmbedded(dataDir);
  await expect.poll(() => server.stop(), { timeout: 8_000 }).toBe('stopped');
}

describe('the embedded server', () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = temporaryDirectory('embedded');
  });
  afterEach(() => stopAll(dataDir));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is one server for two processes that start on a fresh directory at once', async () => {
    const fresh = temporaryDirectory('fresh');
    const children = [runChild('db/embedded-holder.ts', fresh), runChild('db/embedded-holder.ts', fresh)];
    const [one, two] = await Promise.all(children.map((child) => child.next<Started>()));
    expect(one?.pid).toBe(two?.pid);
    await Promise.all(children.map((child) => child.end('SIGKILL')));
    await stopAll(fresh);
    rmSync(fresh, { recursive: true, force: true });
  });

  it('starts, is adopted by the next one, and stops', async () => {
    const first = await startEmbedded(dataDir);
    expect(await answer(first)).toEqual({ user: 'patchbay_hub', database: 'patchbay' });
    const second = await startEmbedded(dataDir);
    expect([first.adopted, second.adopted, second.pid]).toEqual([false, true, first.pid]);
    expect(await second.stop()).toBe('stopped');
    expect(existsSync(path.join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
    expect(existsSync(second.hub.host)).toBe(false);
  });

  it('listens to its own socket only, which nobody else may reach, and keeps its passwords to itself', async () => {
    const { hub, setup, pid } = await startEmbedded(dataDir);
    const [row] = await withConnection(setup, (sql) => sql`select current_setting('listen_addresses') as addresses`);
    expect(row?.addresses).toBe('');
    expect(statSync(hub.host).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(dataDir, 'postgres-passwords.json')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
    await expect(answer({ hub: { ...hub, password: 'wrong' } } as EmbeddedServer)).rejects.toThrow('password');
  });

  it('makes an owner who is no superuser and a login that owns nothing', async () => {
    const { setup } = await startEmbedded(dataDir);
    const roles = await withConnection(
      setup,
      (sql) =>
        sql`select rolname as name, rolsuper as super, rolbypassrls as bypass, rolcreaterole as "makesRoles",
        exists (select from pg_database d where d.datdba = r.oid) as owns
        from pg_roles r where rolcanlogin order by 1`,
    );
    expect([...roles]).toEqual([
      { name: 'patchbay_hub', super: false, bypass: false, makesRoles: false, owns: false },
      { name: 'patchbay_owner', super: false, bypass: false, makesRoles: true, owns: true },
      { name: 'patchbay_setup', super: true, bypass: true, makesRoles: true, owns: true },
    ]);
  });

  it('outlives kill -9 of the hub, and the next start adopts it', async () => {
    const hub = runChild('db/embedded-holder.ts', dataDir);
    const { pid } = await hub.next<Started>();
    await hub.end('SIGKILL');
    expect(isAlive(pid)).toBe(true);
    expect(await startEmbedded(dataDir)).toMatchObject({ pid, adopted: true });
  });

  it('stays up while another program uses it, and stops after that', async () => {
    const hub = runChild('db/embedded-holder.ts', dataDir);
    const { pid } = await hub.next<Started>();
    const server = await startEmbedded(dataDir);
    expect(await server.stop()).toBe('left running');
    expect(isAlive(pid)).toBe(true);
    await hub.end('SIGKILL');
    await expect.poll(() => server.stop()).toBe('stopped');
  });

  it('recovers after kill -9 of the server', async () => {
    const server = await startEmbedded(dataDir);
    process.kill(server.pid, 'SIGKILL');
    await expect.poll(() => server.revive(), { timeout: 8_000 }).toBe(true);
    expect(await answer(server)).toMatchObject({ user: 'patchbay_hub' });
    expect(await server.revive()).toBe(false);
  });

  it('is not fooled by a pid file whose pid belongs to another program', async () => {
    const server = await startEmbedded(dataDir);
    const file = path.join(dataDir, 'postgres/postmaster.pid');
    const lines = readFileSync(file, 'utf8').split('\n');
    await server.stop();
    writeFileSync(file, [process.pid, ...lines.slice(1)].join('\n'));
    expect(await startEmbedded(dataDir)).toMatchObject({ adopted: false });
  });

  it('does not write rows into its log when a statement fails', async () => {
    const { setup, log } = await startEmbedded(dataDir);
    await withConnection(setup, async (sql) => {
      await sql`create table t (id int primary key, secret text)`;
      await sql`insert into t values (1, ${'canary-77'})`;
      await expect(sql`insert into t values (1, ${'canary-77'})`).rejects.toThrow('duplicate key');
      await expect(sql`update t set id = null where secret = ${'canary-77'}`).rejects.toThrow('not-null');
    });
    expect(readFileSync(log, 'utf8')).toContain('duplicate key');
    expect(readFileSync(log, 'utf8')).not.toContain('canary-77');
  });
});
