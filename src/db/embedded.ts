import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { readOrCreate } from '../lib/create-once.ts';
import type { ServerAddress } from './connection.ts';
import { assertReachable, serverAccount } from './embedded/account.ts';
import { findBinaries } from './embedded/binaries.ts';
import { ensureCluster, makeDataDir, setupUser } from './embedded/cluster.ts';
import { type Launch, startOrAdopt } from './embedded/launch.ts';
import { findPostmaster, type Postmaster, stopPostmaster } from './embedded/postmaster.ts';
import { countOtherClients, databaseName, ensureLogins, hubUser, ownerUser } from './embedded/roles.ts';
import { removeSocketDir } from './embedded/socket-dir.ts';
import { explainFileError, StartError } from './start-error.ts';

export interface EmbeddedServer {
  /** The superuser; for set-up only. */
  setup: ServerAddress;
  /** Owns the database `patchbay`. */
  owner: ServerAddress;
  /** The hub's login: no superuser, no BYPASSRLS, owns nothing. */
  hub: ServerAddress;
  pid: number;
  /** True when the server was running already. */
  adopted: boolean;
  /** Path of the server's log. */
  log: string;
  /** Starts the server again when it is gone; resolves with true when it had to. */
  revive(): Promise<boolean>;
  /** Ends the server unless other programs are connected; call it after the pools have ended. */
  stop(): Promise<'stopped' | 'left running'>;
}

export interface EmbeddedOptions {
  /** Further `name=value` settings of the server. */
  settings?: string[];
  /** False when a new data directory need not survive a power cut; for tests. */
  durable?: boolean;
}

/**
 * Starts the embedded PostgreSQL on `dataDir/postgres`, or adopts the one that runs there; makes what is missing first.
 * @throws StartError that names the cause and the next step
 */
export async function startEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  try {
    return await start(dataDir, options);
  } catch (error) {
    throw explainFileError(error, dataDir);
  }
}

async function start(dataDir: string, { settings = [], durable = true }: EmbeddedOptions): Promise<EmbeddedServer> {
  const account = serverAccount();
  const binaries = findBinaries();
  makeDataDir(path.resolve(dataDir), account);
  const home = realpathSync(dataDir);
  for (const folder of [home, binaries.root]) assertReachable(account, folder);
  const dir = path.join(home, 'postgres');
  const passwords = readPasswords(home, dir);
  await ensureCluster({ dir, password: passwords.setup, account, binaries, durable });
  const launch: Launch = { dir, log: path.join(home, 'postgres.log'), account, binaries, settings };
  const found = await startOrAdopt(launch);
  const logins = loginsOf(found, passwords);
  await ensureLogins(logins.setup, passwords);
  return {
    ...logins,
    pid: found.pid,
    adopted: found.adopted,
    log: launch.log,
    revive: async () => !findPostmaster(dir)?.ready && !(await startOrAdopt(launch)).adopted,
    stop: () => stop(dir, logins.setup),
  };
}

function loginsOf({ socketDir, port }: Postmaster, passwords: Passwords) {
  const login = (user: string, password: string): ServerAddress => ({
    host: socketDir,
    port,
    user,
    password,
    database: databaseName,
  });
  return {
    setup: login(setupUser, passwords.setup),
    owner: login(ownerUser, passwords.owner),
    hub: login(hubUser, passwords.hub),
  };
}

interface Passwords {
  setup: string;
  owner: string;
  hub: string;
}

function readPasswords(home: string, dir: string): Passwords {
  const file = path.join(home, 'postgres-passwords.json');
  if (existsSync(dir) && !existsSync(file))
    throw new StartError(
      `The data in ${dir} is there, but its passwords in ${file} are not. Put that file back from your backup, or move ${dir} away to start with an empty database.`,
    );
  const random = () => randomBytes(24).toString('base64url');
  return JSON.parse(readOrCreate(file, () => JSON.stringify({ setup: random(), owner: random(), hub: random() })));
}

async function stop(dir: string, setup: ServerAddress): Promise<'stopped' | 'left running'> {
  const found = findPostmaster(dir);
  if (!found) return 'stopped';
  const others = await countOtherClients(setup).catch(() => 0); // a server that does not answer serves nobody
  if (others > 0) return 'left running';
  await stopPostmaster(dir, found);
  removeSocketDir(found.socketDir);
  return 'stopped';
}
