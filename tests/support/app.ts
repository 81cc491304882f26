import type { Hono } from 'hono';
import { seedConnectors } from '../../seeds/connectors.ts';
import { type AppDeps, createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { Ctx, Hub } from '../../src/context.ts';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { Background } from '../../src/lib/background.ts';
import { createLog } from '../../src/lib/log.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import { createOutbound } from '../../src/lib/outbound/outbound.ts';
import type { Role } from '../../src/lib/role.ts';
import type { Env } from '../../src/routes/env.ts';
import { loadPresentation } from '../../src/routes/presentation.ts';
import { createIdentity } from '../../src/services/people/identity.ts';
import { checkKeyring } from '../../src/services/secrets/keyring.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/vault.ts';
import { type Cast, makeCast, type Person } from './cast.ts';
import { type TestDatabase, testDatabase } from './db.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers path by path
export type Json = any;

export interface Answer extends Response {
  json(): Promise<Json>;
}

export interface TestApp {
  hub: Hub;
  database: TestDatabase;
  app: Hono<Env>;
  deps: AppDeps;
  declared: Pick<ReturnType<typeof createApp>, 'operations' | 'pages'>;
  cast: Cast;
  /** Everything that was logged, one JSON line each. */
  logged: string[];
  /** A request as this person; JSON when there is a body. */
  as(
    person: Person | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** A form post as a browser without JavaScript sends it. */
  post(
    person: Person | null,
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** A service context as this person would have it. */
  ctx(person: Person, role?: Role): Ctx;
  close(): Promise<void>;
}

/** Where services would be without a stand-in: refused before anything is looked up or sent. */
const nowhere = {
  UPSTREAM_OVERRIDES: JSON.stringify({
    'https://api.github.com': 'https://127.0.0.1:1',
    'https://slack.com': 'https://127.0.0.1:1',
  }),
};

export const masterKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/**
 * The whole app on a database of its own, with the cast in it.
 * @param more drivers that this version does not come with
 */
export async function testApp(env: Record<string, string> = {}, more: LoadedDriver[] = []): Promise<TestApp> {
  const config: Config = readConfig({
    BASE_URL: 'http://hub.test',
    MASTER_KEYS: masterKeys,
    LOG_LEVEL: 'debug',
    ...nowhere,
    ...env,
  });
  const database = await testDatabase();
  const logged: string[] = [];
  const log = createLog(config.logLevel, { write: (line) => void logged.push(line) });
  const own = await loadDrivers(undefined, config.catalogDir);
  const drivers = new Map([...own, ...more.map((driver) => [driver.entry.key, driver] as const)]);
  const outbound = createOutbound(config.outbound);
  const hub: Hub = { config, db: database.db, vault: createVault(readKeyring(config)), drivers, outbound, log };
  if (more.length || config.catalogDir) await seedConnectors(database.admin, drivers);
  await checkKeyring(hub.db, hub.vault);
  const identity = createIdentity(hub);
  const upkeep = { owner: database.admin, login: database.hub, background: new Background(), graceMs: 5_000 };
  const deps: AppDeps = {
    ...{ hub, identity, upkeep, metrics: createMetrics() },
    ...(await loadPresentation(config, hub.drivers)),
  };
  const { app, operations, pages } = createApp(deps);
  const cast = await makeCast(hub, identity);
  const { origin } = new URL(config.baseUrl);
  const url = (path: string) => `${origin}${config.basePath}${path}`;
  const sessionOf = (person: Person | null): Record<string, string> => (person ? { cookie: person.cookie } : {});

  return {
    hub,
    database,
    app,
    deps,
    declared: { operations, pages },
    cast,
    logged,
    async as(person, method, path, body, headers = {}) {
      const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const asIs = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
      const payload = asIs ? body : JSON.stringify(body);
      return app.request(url(path), {
        method,
        headers: { ...json, ...sessionOf(person), ...headers },
        body: payload as BodyInit,
      });
    },
    async post(person, path, fields, headers = {}) {
      const own = { origin, 'sec-fetch-site': 'same-origin', 'user-agent': 'Mozilla/5.0' };
      return app.request(url(path), {
        method: 'POST',
        headers: { ...own, ...sessionOf(person), ...headers },
        body: new URLSearchParams(fields),
      });
    },
    ctx: (person, role = person.role) => ({
      hub,
      tenantId: person.tenantId,
      actor: { type: 'user', id: person.id, name: person.name, role },
      requestId: 'test',
      ip: null,
      log,
    }),
    async close() {
      await upkeep.background.stop();
      await hub.outbound.close();
      await database.drop();
    },
  };
}
