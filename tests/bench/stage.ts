import { rmSync } from 'node:fs';
import type { ServerAddress } from '../../src/db/connection.ts';
import { connect, withDatabase } from '../../src/db/connection.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { masterKeys } from '../support/app.ts';
import { collectGarbage, inspectable } from '../support/garbage.ts';
import { freePort } from '../support/ports.ts';
import { createDatabase, temporaryDirectory } from '../support/postgres.ts';
import { type Program, startProgram } from './programs.ts';
import { unlessBusy } from './unless-busy.ts';

/**
 * A hub in its production form, the bare routes and a model server, as programs beside one durable PostgreSQL, with one
 * connector owner.
 */
export interface Stage {
  hub: { url: string; program: Program; cookie: string; collectGarbage(): Promise<void> };
  bare: { url: string };
  models: { url: string };
  /** The database as its owner. */
  ownerUrl: string;
  /** The next round starts with a full allowance: limits go by the minute, and rounds do not. */
  forgetLimits(): Promise<void>;
  connectors(count: number): Promise<void>;
  close(): Promise<void>;
}

const owner = { email: 'ada@example.com', password: 'correct horse battery' };
export const firstOwner = { ADMIN_EMAIL: owner.email, ADMIN_PASSWORD: owner.password, ADMIN_TENANT: 'Northwind' };

export async function openStage(): Promise<Stage> {
  const stops: (() => unknown)[] = [];
  const close = async () => {
    for (const stop of stops.toReversed()) await stop();
  };
  try {
    return await open(stops, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(stops: (() => unknown)[], close: () => Promise<void>): Promise<Stage> {
  const dir = temporaryDirectory('bench');
  stops.push(() => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const server: EmbeddedServer = await startEmbedded(dir, { settings: ['listen_addresses=127.0.0.1', `port=${port}`] });
  stops.push(() => server.stop());
  await createDatabase(server, 'hub');
  const urlOf = ({ user, password }: ServerAddress) => `postgres://${user}:${password}@127.0.0.1:${port}/hub`;
  const models = await openModels();
  stops.push(models.stop);
  const url = `http://127.0.0.1:${await freePort()}`;
  const inspector = await freePort();
  const program = await startProgram('src/server.ts', {
    ...inspectable(inspector),
    ...{ PORT: new URL(url).port, BASE_URL: url, LOG_LEVEL: 'info', MASTER_KEYS: masterKeys, ...firstOwner },
    ...{ DATABASE_URL: urlOf(server.hub), DATABASE_ADMIN_URL: urlOf(server.owner) },
    ALLOWED_PRIVATE_HOSTS: new URL(models.url).host,
  });
  stops.push(program.stop);
  const session = await signIn(url);
  const barePort = await freePort();
  const bare = await startProgram('tests/bench/bare.ts', {
    ...{ PORT: String(barePort), DATABASE_URL: urlOf(server.hub), TENANT: session.tenantId, HUB_URL: url },
  });
  stops.push(bare.stop);
  const sql = connect(withDatabase(server.owner, 'hub'), { max: 1 }); // a new connection for each would be felt in what is measured
  stops.push(() => sql.end({ timeout: 1 }));
  return {
    hub: {
      ...{ url, program, cookie: session.cookie },
      collectGarbage: () => collectGarbage(program.process.pid as number, inspector),
    },
    bare: { url: `http://127.0.0.1:${barePort}` },
    models,
    ownerUrl: urlOf(server.owner),
    forgetLimits: async () => void (await sql`delete from rate_limits`),
    async connectors(count) {
      for (let index = 0; index < count; index++) await install(url, session.cookie, index);
      // As autovacuum does within a minute. Until then plans are made for empty tables, whichever side asks.
      await sql`analyze`;
    },
    close,
  };
}

async function openModels() {
  const port = String(await freePort());
  const { stop } = await startProgram('tests/bench/model-server.ts', { PORT: port });
  return { url: `http://127.0.0.1:${port}`, stop };
}

async function signIn(url: string): Promise<{ cookie: string; tenantId: string }> {
  const answer = await unlessBusy(() =>
    fetch(`${url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(owner),
    }),
  );
  if (!answer.ok) throw new Error(`Signing in answered ${answer.status}: ${await answer.text()}`);
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
  const catalog = await unlessBusy(() => fetch(`${url}/catalog`, { headers: { cookie: cookies.join('; ') } }));
  const page = await catalog.text();
  const tenantId = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(page)?.[0] ?? '';
  return { cookie: cookies.join('; '), tenantId };
}

/** What is installed in all workloads: a connector with one secret. */
export const connectorNamed = (name: string) => ({
  catalog_key: 'wordpress',
  name,
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
  tags: ['bench'],
});

export const jsonHeaders = (url: string, cookie: string) => ({
  'content-type': 'application/json',
  origin: url,
  cookie,
});

async function install(url: string, cookie: string, index: number) {
  const answer = await fetch(`${url}/api/connectors`, {
    method: 'POST',
    headers: jsonHeaders(url, cookie),
    body: JSON.stringify(connectorNamed(`Blog ${String(index).padStart(3, '0')}`)),
  });
  if (answer.status !== 201) throw new Error(`Installing answered ${answer.status}: ${await answer.text()}`);
}
