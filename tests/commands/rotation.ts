import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type StartedDatabase, startDatabase } from '../../src/db/start.ts';
import { createLog } from '../../src/lib/log.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/vault.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { type HubProcess, startHub } from '../support/processes.ts';

const password = 'correct horse battery';
const admin = { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password, ADMIN_TENANT: 'Northwind' };

/** A hub that runs as a process of its own on its embedded server, with Ada signed in and one connector installed. */
export async function runningHub(name: string) {
  const dataDir = temporaryDirectory(name);
  const env = { DATA_DIR: dataDir, ...admin };
  const hub = await startHub(env);
  const database = await startDatabase({ dataDir, databaseUrl: null, databaseAdminUrl: null }, createLog('silent'));
  const client = await signIn(hub);
  const connector = await client.install('Company blog');
  const close = async () => {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { dataDir, env, hub, database, client, connector, close };
}

export interface Installed {
  id: string;
  version: number;
  unreadable_secrets: string[];
}

/** Ada at the API of this process. */
export async function signIn({ url }: HubProcess) {
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    for (let tries = 1; ; tries++) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (answer.status !== 429 || tries === 10) return answer;
      await sleep(1000 * Number(answer.headers.get('retry-after') ?? 1)); // as every client of the API does
    }
  };
  const answer = await send('POST', '/api/auth/sign-in/email', { email: 'ada@example.com', password });
  const cookie = answer.headers.getSetCookie().map((each) => each.split(';')[0]);
  const as = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(method, path, body, { cookie: cookie.join('; '), ...headers });
  const installation = (connectorName: string) => ({
    catalog_key: 'wordpress',
    name: connectorName,
    config: { site_url: 'https://blog.example.com' },
    auth: { method: 'basic', username: 'ada', password: 'abcd efgh ijkl mnop qrst uvwx' },
    tags: [],
  });
  return {
    status: answer.status,
    as,
    install: async (connectorName: string, key: string = uuidv7()) => {
      const made = await as('POST', '/api/connectors', installation(connectorName), { 'idempotency-key': key });
      if (made.status !== 201) throw new Error(await made.text());
      return (await made.json()) as Installed;
    },
    read: async (id: string) => (await as('GET', `/api/connectors/${id}`)).json() as Promise<Installed>,
  };
}

/** Workspaces with nothing but their data key. */
export async function addTenants({ db, admin: owner }: StartedDatabase, dataDir: string, count: number) {
  const vault = createVault(readKeyring({ masterKeys: null, dataDir }));
  for (let n = 0; n < count; n++) {
    const id = uuidv7();
    const key = vault.newTenantKey(id, 1);
    await db.system.execute(sql`insert into organizations (id, name, slug) values (${id}, ${`T${n}`}, ${id})`);
    await db.asTenant(id, (tx) =>
      tx.execute(sql`
        insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
        values (${id}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`),
    );
  }
  return owner;
}

/** Below the hub's own limit of requests. */
const pause = () => sleep(60);

/** Reads, lists and edits until told to stop; returns what was not answered as it should be. */
export function keepUsing(client: Awaited<ReturnType<typeof signIn>>, id: string) {
  let stopped = false;
  let requests = 0;
  const failures: string[] = [];
  const check = async (what: string, answer: Response, ...good: number[]) => {
    requests += 1;
    const text = await answer.text();
    if (!good.includes(answer.status) || /"unreadable_secrets":\["/.test(text))
      failures.push(`${what} ${answer.status} ${text}`);
  };
  const reading = async () => {
    for (; !stopped; await pause()) await check('read', await client.as('GET', `/api/connectors/${id}`), 200);
  };
  const listing = async () => {
    for (; !stopped; await pause()) await check('list', await client.as('GET', '/api/installed'), 200);
  };
  const editing = async () => {
    for (let n = 0; !stopped; n++, await pause()) {
      const { version } = await client.read(id);
      // Every second edit keeps the secret, every other one enters it anew.
      const auth = n % 2 ? { auth: { method: 'basic', username: 'ada', password: `${n}`.padStart(24, 'a') } } : {};
      const change = { version, name: 'Company blog', tags: [`n${n}`], ...auth };
      await check('edit', await client.as('PUT', `/api/connectors/${id}`, change), 200);
    }
  };
  const running = Promise.all([reading(), listing(), editing()]);
  return async () => {
    stopped = true;
    await running;
    return { requests, failures };
  };
}
