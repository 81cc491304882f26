import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { connect, type ServerAddress, withDatabase } from '../../src/db/connection.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { freePort } from '../support/ports.ts';
import { createDatabase, temporaryDirectory } from '../support/postgres.ts';
import { runCommand } from '../support/processes.ts';
import { Caller } from './caller.ts';
import type { Given } from './drill.ts';
import { type HubOptions, type HubProcess, launchHub, type StartingHub } from './hub-process.ts';

export const owner = { email: 'ada@example.com', password: 'correct horse battery' };

/** Of the hubs here, and of no other. */
export const masterKeys = `drill:${Buffer.alloc(32, 7).toString('base64')}`;

export interface Site {
  dir: string;
  server: EmbeddedServer;
  /** The owner's connection: sees every row, and outlives what is done to the hubs. */
  sql: Sql;
  /** A hub on the database; with a port given, where one was before. */
  hub(env?: Record<string, string>, options?: HubOptions): Promise<HubProcess>;
  /** The same without waiting until it is ready. */
  launch(env?: Record<string, string>, options?: HubOptions): Promise<StartingHub>;
  /** What a hub needs for another database of this server. */
  logins(database: string): Record<'DATABASE_URL' | 'DATABASE_ADMIN_URL', string>;
  /** Ada, owner of the first workspace. */
  signedIn(hub: HubProcess): Promise<Caller>;
  /** A further workspace, made as an operator makes it; its owner. */
  tenant(hub: HubProcess, name: string, email: string): Promise<Caller>;
  /** One of the operator's commands on this database. */
  command(
    file: string,
    more?: Parameters<typeof runCommand>[1],
    watch?: Parameters<typeof runCommand>[2],
  ): ReturnType<typeof runCommand>;
  /** Ends the server, or a part of it, without a word; returns what was killed. */
  killServer(kind: 'backend' | 'postmaster' | 'everything', random: () => number): string;
  /** Starts the server again when it is gone; milliseconds until it takes connections. */
  reviveServer(): Promise<number>;
  forgetLimits(): Promise<void>;
  /** Most connectors of a drill lead nowhere; three checks that fail would put them into error, which no writer asked for. */
  forgiveChecks(): Promise<void>;
}

interface Options {
  /** Somewhere else, which is for the caller to remove. */
  dataDir?: string;
  settings?: string[];
}

/** A durable PostgreSQL in a directory of its own, and hubs in their production form beside it. */
export async function openSite(
  { atEnd }: Pick<Given, 'atEnd'>,
  { dataDir, settings = [] }: Options = {},
): Promise<Site> {
  const dir = dataDir ?? temporaryDirectory('faults');
  if (!dataDir) atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const server = await startEmbedded(dir, { settings: ['listen_addresses=127.0.0.1', `port=${port}`, ...settings] });
  atEnd(() => server.stop());
  await createDatabase(server, 'hub');
  const urlOf = ({ user, password }: ServerAddress, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const logins = (database: string) => ({
    DATABASE_URL: urlOf(server.hub, database),
    DATABASE_ADMIN_URL: urlOf(server.owner, database),
  });
  const sql = connect(withDatabase(server.owner, 'hub'), { max: 2, connect_timeout: 5, backoff: () => 0.1 });
  atEnd(() => sql.end({ timeout: 1 }));
  const usual = {
    ...{ ...logins('hub'), MASTER_KEYS: masterKeys },
    ...{ ADMIN_EMAIL: owner.email, ADMIN_PASSWORD: owner.password, ADMIN_TENANT: 'Northwind', DATA_DIR: dir },
  };
  const launch = async (env: Record<string, string> = {}, options?: HubOptions) => {
    const starting = await launchHub({ ...usual, ...env }, options);
    atEnd(() => starting.stop('SIGKILL'));
    return starting;
  };
  const hub = async (env?: Record<string, string>, options?: HubOptions) => {
    const starting = await launch(env, options);
    await starting.ready();
    return starting;
  };
  const command: Site['command'] = (file, { args, env } = {}, watch) =>
    runCommand(file, { args, env: { ...usual, ...env } }, watch);
  const tenant = async (at: HubProcess, name: string, email: string) => {
    const args = ['--name', name, '--email', email];
    const { code, err } = await command('src/commands/tenant.ts', { args, env: { PASSWORD: owner.password } });
    if (code !== 0) throw new Error(`No workspace was made: ${err}`);
    return Caller.signIn(at.url, { email, password: owner.password });
  };
  return {
    ...{ dir, server, sql, hub, launch, logins, command, tenant },
    signedIn: ({ url }) => Caller.signIn(url, owner),
    killServer: (kind, random) => killServer(dir, kind, random),
    reviveServer: () => revive(server),
    forgetLimits: async () => void (await sql`delete from rate_limits`),
    forgiveChecks: async () => void (await sql`update connections set health_failures = 0 where health_failures > 0`),
  };
}

/** The postmaster and its children, by their ids: everything else on the machine is somebody else's. */
function serverProcesses(dir: string): { postmaster: number; backends: number[]; children: number[] } {
  const postmaster = Number(readFileSync(path.join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
    .filter(([, , parent]) => Number(parent) === postmaster);
  const children = rows.map(([, pid]) => Number(pid));
  const backends = rows.filter(([, , , args]) => /patchbay_hub hub/.test(args ?? '')).map(([, pid]) => Number(pid));
  return { postmaster, backends, children };
}

function killServer(dir: string, kind: 'backend' | 'postmaster' | 'everything', random: () => number): string {
  const { postmaster, backends, children } = serverProcesses(dir);
  const one = backends[Math.floor(random() * backends.length)];
  const ids = { backend: one ? [one] : [], postmaster: [postmaster], everything: [postmaster, ...children] }[kind];
  for (const pid of ids) kill(pid);
  return `${kind} ${ids.join(' ')}`;
}

function kill(pid: number) {
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // its own end was faster
  }
}

async function revive(server: EmbeddedServer): Promise<number> {
  const started = performance.now();
  const until = started + 60_000;
  for (;;) {
    try {
      await server.revive();
      const sql = connect(server.setup, { max: 1, connect_timeout: 2 });
      await sql`select 1`.finally(() => sql.end({ timeout: 1 }));
      return performance.now() - started;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(20);
    }
  }
}
