import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { inject } from 'vitest';
import type { Ctx, Hub } from '../../src/context.ts';
import { openDatabase } from '../../src/db/client.ts';
import { type ServerAddress, withConnection, withDatabase } from '../../src/db/connection.ts';
import type { LoadedDriver, Values } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { createLog } from '../../src/lib/log.ts';
import { parseAllowedHosts } from '../../src/lib/outbound/addresses.ts';
import { createOutbound } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { callOpened } from '../../src/services/calls/calls.ts';
import { destinationGuard } from '../../src/services/calls/destinations.ts';
import { freePort } from './ports.ts';
import { temporaryServer } from './postgres.ts';

/** A database such as a workspace would connect, on a server of its own that listens on 127.0.0.1. */
export interface TargetDatabase {
  port: number;
  /** The connector's settings, without encryption. */
  config: Values;
  auth: Values;
  setup: ServerAddress;
  hub: ServerAddress;
  pid: number;
  /** The data directory. */
  dir: string;
  /** SQL as the superuser. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  revive(): Promise<boolean>;
  remove(): Promise<void>;
}

export async function targetDatabase(settings: string[] = []): Promise<TargetDatabase> {
  const port = await freePort();
  const server = await temporaryServer('target', ['listen_addresses=127.0.0.1', `port=${port}`, ...settings]);
  const password = `target-${randomBytes(12).toString('hex')}`;
  const setup = withDatabase(server.setup, 'shop') as ServerAddress;
  const run = (text: string, at: ServerAddress = setup) => withConnection(at, (sql) => sql.unsafe(text).simple());
  await run('create database shop', withDatabase(server.setup, 'postgres') as ServerAddress);
  await run(`create role clerk login password '${password}'; grant create, usage on schema public to clerk`);
  return {
    ...{ port, setup, hub: server.hub, pid: server.pid, dir: path.join(path.dirname(server.log), 'postgres') },
    config: { host: '127.0.0.1', port, database: 'shop', sslmode: 'disable', read_only: false },
    auth: { method: 'basic', username: 'clerk', password },
    sql: async (text) => [...((await run(text)) as unknown as Record<string, unknown>[])],
    revive: server.revive,
    remove: server.remove,
  };
}

interface Calling {
  config?: Values;
  auth?: Values;
  connectorId?: string | null;
  deadlineMs?: number;
  signal?: AbortSignal;
  /** What was sealed with the secrets, when it is not what the settings say now. */
  sealed?: string[][];
}

export interface TargetHarness {
  driver: LoadedDriver;
  ctx: Ctx;
  tool(slug: string, input: Values, calling?: Calling): Promise<Values>;
  check(calling?: Calling): Promise<{ message: string; warnings?: string[]; label: string }>;
  close(): Promise<void>;
}

/** The driver on this database, called as the hub calls it. */
export async function targetHarness(
  target: TargetDatabase,
  hubSettings: { databaseUrl?: string; ownDatabase?: ServerAddress; allowed?: string } = {},
): Promise<TargetHarness> {
  const driver = (await loadDrivers()).get('postgresql') as LoadedDriver;
  const { databaseUrl = null, ownDatabase = inject('postgres').hub, allowed } = hubSettings;
  const outbound = createOutbound({
    allowed: parseAllowedHosts(allowed ?? `127.0.0.1:${target.port},localhost:${target.port}`),
    overrides: parseOverrides('{}'),
    ownPort: 1,
  });
  const db = openDatabase({ connection: ownDatabase, max: 1 });
  const hub = { outbound, db, config: { databaseUrl, databaseAdminUrl: null } } as Hub;
  const ctx = { hub, tenantId: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78', log: createLog('silent') } as Ctx;
  const connector = `connector-${randomBytes(6).toString('hex')}`;
  const opened = ({ config = target.config, auth = target.auth, connectorId = connector, sealed = [] }: Calling) => ({
    ...{ driver, config, auth, connectorId: connectorId ?? undefined },
    destinations: destinationGuard(driver.destinations(config, auth), sealed),
  });
  return {
    driver,
    ctx,
    async tool(slug, input, calling = {}) {
      const tool = driver.tools?.find((each) => each.slug === slug);
      if (!tool) throw new Error(`There is no tool ${slug}`);
      const { deadlineMs, signal } = calling;
      const options = { sideEffect: tool.sideEffect, deadlineMs, signal };
      return (await callOpened(ctx, opened(calling), options, (context) => tool.run(context, input))).value as Values;
    },
    async check(calling = {}) {
      const { value } = await callOpened(
        ctx,
        opened(calling),
        { sideEffect: 'none', deadlineMs: calling.deadlineMs },
        async (context) => ({
          ...(await driver.checkHealth?.(context)),
          label: (await driver.whoami?.(context))?.label,
        }),
      );
      return value as { message: string; label: string };
    },
    async close() {
      await driver.release?.();
      await outbound.close();
      await db.close();
    },
  };
}
