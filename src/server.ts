import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { seedConnectors } from '../seeds/connectors.ts';
import { createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import type { Hub } from './context.ts';
import { installJobSchema } from './db/job-schema.ts';
import { startDatabase } from './db/start.ts';
import { StartError } from './db/start-error.ts';
import { loadDrivers } from './drivers/index.ts';
import { AppError } from './errors.ts';
import { measureJobs } from './jobs/metrics.ts';
import { queues } from './jobs/queues.ts';
import { schedule } from './jobs/schedule.ts';
import { startJobs } from './jobs/worker.ts';
import { Background } from './lib/background.ts';
import { closerOf } from './lib/closing.ts';
import { listenWidely } from './lib/listening.ts';
import { createLog } from './lib/log.ts';
import { createMetrics } from './lib/metrics.ts';
import { createOutbound } from './lib/outbound/outbound.ts';
import { loadPresentation } from './routes/presentation.ts';
import { syncEnvironmentConnectors } from './services/connectors/environment-connectors.ts';
import { createIdentity } from './services/people/identity.ts';
import { checkKeyring } from './services/secrets/keyring.ts';
import { ensureFirstOwner } from './services/tenants/setup.ts';
import { returnSlices } from './services/usage/budget-slices.ts';
import { readKeyring } from './vault/keyring.ts';
import { createVault } from './vault/vault.ts';

/** What was started and has to be stopped, the latest first. */
const stops: (() => Promise<unknown>)[] = [];

/** Config → database → vault → drivers → listen → jobs; ready when it resolves. */
async function start(config: Config, log: Logger) {
  const vault = createVault(readKeyring(config));
  const loading = loadDrivers(undefined, config.catalogDir);
  if (config.catalogDir) await loading; // the operator's mistakes are told before anything else is started
  const [database, drivers] = await Promise.all([startDatabase(config, log), loading]);
  stops.unshift(database.stop);
  await checkKeyring(database.db, vault);
  const { unversioned = [], ...seeded } = await seedConnectors(database.admin, drivers);
  log.debug(seeded, 'catalog seeded');
  for (const { key, fields } of unversioned)
    log.warn(
      { catalog_key: key, fields },
      'fields of this entry changed, but its schema_version did not: saved settings may not fit',
    );

  const outbound = createOutbound(config.outbound);
  stops.unshift(outbound.close);
  stops.unshift(() => Promise.all([...drivers.values()].map((driver) => driver.release?.())));
  const hub: Hub = { config, db: database.db, vault, drivers, outbound, log };
  const identity = createIdentity(hub);
  const upkeep = { owner: database.admin, login: database.login, background: new Background() };
  stops.unshift(() => upkeep.background.stop());
  const metrics = createMetrics();
  const { app } = createApp({ hub, identity, upkeep, metrics, ...(await loadPresentation(config, drivers)) });
  const first = await ensureFirstOwner(hub);
  await syncEnvironmentConnectors(hub);
  const close = await listen(config, app.fetch, log);

  const jobs = startJobs(hub, {
    connection: database.login,
    roleMode: database.roleMode,
    schedule,
    queues,
    install: () => installJobSchema(database.admin),
    observe: measureJobs(hub, metrics),
  });
  stops.unshift(() => returnSlices(hub));
  // Both at once: nothing new comes in while jobs drain, and no request that hangs keeps jobs from draining.
  stops.unshift(() => Promise.all([close(), jobs.stop()]));
  log.info({ url: config.baseUrl, role_mode: database.roleMode, start_ms: Math.round(performance.now()) }, 'ready');
  if (first.url) announceSetup(first.url);
  void identity.warmUp().catch((error) => log.error({ err: error }, 'the identity library could not be loaded'));
}

/** On the terminal and not in the log: the link lets its holder create the first owner, once. */
const announceSetup = (url: string) =>
  process.stderr.write(`\nNobody can sign in yet. Create the first workspace and its owner here:\n\n  ${url}\n\n`);

/** For a whole request to arrive, 10 MiB at 0.7 Mbit/s; Node looks every so often. Answers may take as long as they like. */
const arrival = { requestTimeout: 120_000, connectionsCheckingInterval: 10_000 };

type Fetch = Parameters<typeof createAdaptorServer>[0]['fetch'];

/** Resolves once it listens, with what closes it. */
async function listen(config: Config, fetch: Fetch, log: Logger): Promise<() => Promise<void>> {
  const { port, host } = config;
  // HTTP/1, since nothing else is asked for
  const server = createAdaptorServer({ fetch, hostname: host, serverOptions: arrival }) as Server;
  const close = closerOf(server);
  const listeners = await listenWidely(server, { port, host }).catch((error: NodeJS.ErrnoException) => {
    throw explainListen(config, error);
  });
  for (const each of listeners)
    each.on('error', (error) => log.warn({ err: error }, 'a connection could not be taken'));
  return () => close(listeners);
}

function explainListen({ host, port }: Config, error: NodeJS.ErrnoException): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Stop what uses it, or set PORT to another one.`,
    EACCES: `This user may not listen on port ${port}. Set PORT to one from 1024 on.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Correct HOST.`,
    ENOTFOUND: `${host} is not an address of this machine. Correct HOST.`,
  };
  return new StartError(reasons[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
  });
}

/** For all parts to stop; then the process ends without those that have not. */
const stopWithinMs = 10_000;
let stopping = false;

async function stop(log: Logger, why: string, code: number) {
  if (stopping) process.exit(code || 1); // asked a second time: at once
  stopping = true;
  log.info({ why }, 'stopping');
  setTimeout(() => process.exit(code || 1), stopWithinMs).unref();
  for (const each of stops) await each().catch((error) => log.error({ err: error }, 'a part did not stop cleanly'));
  process.exit(code);
}

/** Mistakes that the operator can mend are told in a sentence; only our own come with a stack. */
const operatorMistakes = new Set(['ConfigError', 'StartError', 'DriverError', 'VaultError', 'AppError']);

function tellFailure(error: unknown) {
  const known = error instanceof Error && operatorMistakes.has(error.name);
  const fields = error instanceof AppError ? Object.entries(error.errors ?? {}) : [];
  const told = known ? error.message : ((error as Error)?.stack ?? String(error));
  const lines = [told, ...fields.map(([field, messages]) => `${field}: ${messages.join(' ')}`)];
  process.stderr.write(`\nPatchbay did not start.\n${lines.join('\n')}\n`);
}

async function main() {
  const config = readConfig();
  const log = createLog(config.logLevel);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(log, signal, 0));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody looked'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    void stop(log, 'uncaughtException', 1);
  });
  await start(config, log);
}

main().catch(async (error: unknown) => {
  tellFailure(error);
  for (const each of stops) await each().catch(() => {});
  process.exit(1);
});
