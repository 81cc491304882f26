import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type Database, openDatabase } from './client.ts';
import { type Connection, describeConnection, withConnection } from './connection.ts';
import { startEmbedded } from './embedded.ts';
import { isConnectionLost } from './failures.ts';
import { prepareLogin, type RoleMode } from './login.ts';
import { migrate } from './migrate.ts';
import { StartError } from './start-error.ts';

export interface StartedDatabase {
  db: Database;
  /** The owner's login, for migrations and seeds. */
  admin: Connection;
  /** What the hub works as. */
  login: Connection;
  roleMode: RoleMode;
  /** Ends the pool, and the embedded server unless another program uses it. */
  stop(): Promise<void>;
}

type DatabaseConfig = Pick<Config, 'dataDir' | 'databaseUrl' | 'databaseAdminUrl'>;

/**
 * Brings up the database: the embedded server, or the one of DATABASE_URL; then migrates it and opens the pool.
 * @param patienceMs how long a server that is down gets to come up
 * @throws StartError that names the cause and the next step
 */
export async function startDatabase(
  config: DatabaseConfig,
  log: Logger,
  { patienceMs = 10_000 } = {},
): Promise<StartedDatabase> {
  const server = await bringUpServer(config, log, { patienceMs });
  try {
    await migrate(server.owner);
    const { mode, warning } = await prepareLogin(server.owner, server.hub);
    if (warning) log.warn({ role_mode: mode }, warning);
    const db = openDatabase({ connection: server.hub });
    await db.ping();
    const stop = async () => {
      await db.close();
      await server.stop();
    };
    return { db, admin: server.owner, login: server.hub, roleMode: mode, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

export interface Server {
  /** The owner's login. */
  owner: Connection;
  /** What the hub works as; the owner's login where there is only one. */
  hub: Connection;
  stop(): Promise<void>;
}

/**
 * The server as it is, without migrating or changing anything in it.
 * @throws StartError that names the cause and the next step
 */
export async function bringUpServer(
  config: DatabaseConfig,
  log: Logger,
  { patienceMs = 10_000 } = {},
): Promise<Server> {
  const server = config.databaseUrl
    ? externalServer(config.databaseUrl, config.databaseAdminUrl)
    : await embeddedServer(config.dataDir, log);
  try {
    await untilItAnswers(server.owner, patienceMs);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const externalServer = (url: string, adminUrl: string | null): Server => ({
  owner: adminUrl ?? url,
  hub: url,
  stop: async () => {},
});

const watchEveryMs = 500;

async function embeddedServer(dataDir: string, log: Logger): Promise<Server> {
  const server = await startEmbedded(dataDir);
  log.info({ server_pid: server.pid, adopted: server.adopted, log: server.log }, 'Embedded PostgreSQL is ready');
  const watch = keepAlive(server.revive, log);
  const stop = async () => {
    await watch.stop();
    if ((await server.stop()) === 'left running') log.info('Embedded PostgreSQL stays up: another program uses it');
  };
  return { owner: server.owner, hub: server.hub, stop };
}

/** Nobody else starts the embedded server again when it is killed. */
function keepAlive(revive: () => Promise<boolean>, log: Logger) {
  let stopped = false;
  let running = Promise.resolve();
  const check = async () => {
    try {
      if (await revive()) log.warn('Embedded PostgreSQL was gone and has been started again');
    } catch (error) {
      log.error({ err: error }, 'Embedded PostgreSQL is gone and does not start');
    }
    plan();
  };
  const plan = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = check();
    }, watchEveryMs).unref();
  };
  let timer: NodeJS.Timeout | undefined;
  plan();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

const oldestVersion = 160_000;

/** A server that is starting or restarting gets some time; one that refuses the login does not. */
async function untilItAnswers(connection: Connection, patienceMs: number) {
  for (const until = Date.now() + patienceMs; ; await sleep(250)) {
    try {
      return await withConnection(connection, async (sql) => {
        const [row] = await sql`select current_setting('server_version_num')::int as version, version() as name`;
        if (row && row.version < oldestVersion)
          throw new StartError(`The database is ${row.name}, but Patchbay needs PostgreSQL 16 or newer.`);
      });
    } catch (error) {
      if (!mayPass(error) || Date.now() > until) throw explainSilence(connection, error, patienceMs);
    }
  }
}

/** Wrong passwords and missing databases do not mend themselves. */
const mayPass = (error: unknown) =>
  isConnectionLost(error) && !/^(28|3D)/.test((error as NodeJS.ErrnoException).code ?? '');

function explainSilence(connection: Connection, error: unknown, patienceMs: number): unknown {
  if (!isConnectionLost(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const place = describeConnection(connection);
  if (mayPass(error))
    return new StartError(
      `PostgreSQL at ${place} did not answer within ${patienceMs / 1000} s (${code}). Start it, or correct DATABASE_URL.`,
      { cause: error },
    );
  return new StartError(`PostgreSQL at ${place} refuses the login: ${message}. Correct DATABASE_URL.`, {
    cause: error,
  });
}
