import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import postgres from 'postgres';
import { type ServerAddress, withConnection, withDatabase } from '../../src/db/connection.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import type { ExecutionContext, Values } from '../../src/drivers/driver.ts';
import { driver } from '../../src/drivers/postgresql/index.ts';
import { freePort } from '../support/ports.ts';
import { createDatabase, temporaryDirectory } from '../support/postgres.ts';
import { startProgram } from './programs.ts';
import type { Finding } from './report.ts';
import { sideBySide } from './rounds.ts';
import { firstOwner, jsonHeaders } from './stage.ts';

const most = 100_000;
/** Rows in one call: as many as the tool takes, and of five columns as many as a request to the hub may bring. */
const perCall = { tool: 20_000, api: 16_000 };
const throughApi = 32_000;
/** One statement and commit each is so slow that fewer rows tell as much. */
const oneByOne = 1_000;

const names = ['id', 'name', 'price', 'made', 'active'] as const;
type Item = Record<(typeof names)[number], string | number | boolean>;
const itemAt = (id: number): Item => ({
  ...{ id, name: `Item "${id}", of the shop's own`, price: `${id}.25` },
  ...{ made: '2026-11-21T12:00:00.000Z', active: id % 2 === 0 },
});
const items = Array.from({ length: most }, (_, index) => itemAt(index + 1));
const table =
  'create table items (id bigint primary key, name text, price numeric(12, 2), made timestamptz, active boolean)';

/** What changes many rows through the connector, beside what the database's own client does. All figures are rows a second. */
export async function measureSql(rounds: number): Promise<Finding[]> {
  const stops: (() => unknown)[] = [];
  try {
    const target = await openTarget(stops);
    const { sql } = target;
    const direct = directly(target);
    const api = await throughHub(target, stops);
    const emptied = async (count: number, work: () => Promise<unknown>) => {
      await sql`truncate items`;
      return timed(count, work);
    };
    const insert = () =>
      emptied(most, () => inParts(perCall.tool, (rows) => direct('insert_many', { table: 'items', rows })));
    const findings: Finding[] = [];
    const beside = async (
      finding: Pick<Finding, 'what' | 'beside' | 'target'>,
      ours: () => Promise<number>,
      other: () => Promise<number>,
    ) => findings.push({ ...finding, unit: 'rows/s', ...(await sideBySide(rounds, ours, other)) });
    const copied = () => emptied(most, () => copy(sql));
    const what = `insert_many, ${most.toLocaleString('en')} rows`;
    await beside({ what, beside: 'COPY', target: { is: 'at least', value: 0.5 } }, insert, copied);
    await beside({ what, beside: 'postgres.js, many VALUES' }, insert, () => emptied(most, () => manyValues(sql)));
    await beside({ what, beside: 'postgres.js, row by row' }, insert, () => emptied(oneByOne, () => rowByRow(sql)));
    const post = (rows: Item[]) => api('insert_many', { table: 'items', rows });
    const posted = () => emptied(throughApi, () => inParts(perCall.api, post, throughApi));
    await beside({ what: `insert_many, ${perCall.api} rows a call, through the API`, beside: 'COPY' }, posted, copied);
    await emptied(most, () => copy(sql));
    const update = () =>
      timed(most, () => inParts(perCall.tool, (rows) => direct('update_many', { table: 'items', key: ['id'], rows })));
    await beside(
      {
        what: `update_many, ${most.toLocaleString('en')} rows`,
        beside: 'postgres.js, row by row',
        target: { is: 'at least', value: 50 },
      },
      update,
      () => timed(oneByOne, () => updateRowByRow(sql)),
    );
    return findings;
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (count * 1000) / (performance.now() - started);
}

async function inParts(size: number, send: (rows: Item[]) => Promise<unknown>, count = most) {
  for (let from = 0; from < count; from += size) await send(items.slice(from, from + size));
}

interface Target {
  port: number;
  user: string;
  password: string;
  sql: postgres.Sql;
}

/** A database such as a workspace would connect, durable like any other. */
async function openTarget(stops: (() => unknown)[]): Promise<Target> {
  const dir = temporaryDirectory('bench-sql');
  stops.push(() => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const server = await startEmbedded(dir, { settings: ['listen_addresses=127.0.0.1', `port=${port}`] });
  stops.push(() => server.stop());
  await createDatabase(server, 'shop');
  const [user, password] = ['clerk', 'only for measuring'];
  await withConnection(withDatabase(server.setup, 'shop') as ServerAddress, async (setup) => {
    await setup.unsafe(`create role ${user} login password '${password}'`).simple();
    await setup.unsafe(`${table}; alter table items owner to ${user}`).simple();
  });
  const sql = postgres({ host: '127.0.0.1', port, user, password, database: 'shop', max: 1, onnotice: () => {} });
  stops.push(
    () => sql.end(),
    () => driver.release?.(),
  );
  return { port, user, password, sql };
}

const settings = ({ port }: Target) => ({
  host: '127.0.0.1',
  port,
  database: 'shop',
  sslmode: 'disable',
  read_only: false,
});
const account = ({ user, password }: Target) => ({ method: 'basic', username: user, password });

/** The tools' own functions, without the hub around them. */
function directly(target: Target) {
  const context = {
    ...{ executionId: 'bench', connectorId: 'bench', config: settings(target), auth: account(target) },
    signal: new AbortController().signal,
    dial: {
      async open() {
        const socket = connect({ host: '127.0.0.1', port: target.port, noDelay: true }); // as the hub dials
        await once(socket, 'connect');
        return socket;
      },
      check: () => {},
      isOwnServer: () => Promise.resolve(false),
      timeLeftMs: () => 60_000,
    },
  } as unknown as ExecutionContext;
  const { tools = [] } = driver;
  return async (slug: string, input: Values) => tools.find((each) => each.slug === slug)?.run(context, input);
}

/** The same tools of a connector, called as a program calls them. */
async function throughHub(target: Target, stops: (() => unknown)[]) {
  const dataDir = temporaryDirectory('bench-sql-hub');
  stops.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const env = { PORT: port, BASE_URL: url, DATA_DIR: dataDir, ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${target.port}` };
  const hub = await startProgram('src/server.ts', { ...env, ...firstOwner });
  stops.push(hub.stop);
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = firstOwner;
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, {
    ...{ method: 'POST', headers: jsonHeaders(url, '') },
    body: JSON.stringify({ email, password }),
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(url + path, { method, headers: jsonHeaders(url, cookie), body: JSON.stringify(body) });
    const told = (await answer.json()) as Record<string, string>;
    if (!answer.ok || told.status === 'failed') throw new Error(`${path}: ${JSON.stringify(told).slice(0, 500)}`);
    return told;
  };
  const body = { catalog_key: 'postgresql', name: 'Shop', config: settings(target), auth: account(target) };
  const { id } = await send('POST', '/api/connectors', body);
  await send('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  return (slug: string, input: Values) => send('POST', `/api/tools/postgresql.${slug}/execute`, { arguments: input });
}

/** The rows in the format of COPY, a part at a time. */
async function copy(sql: postgres.Sql) {
  const escaped = (value: unknown) =>
    String(value).replace(/[\\\t\n\r]/g, (mark) => `\\${{ '\\': '\\', '\t': 't', '\n': 'n', '\r': 'r' }[mark]}`);
  const stream = await sql`copy items (id, name, price, made, active) from stdin`.writable();
  const done = new Promise((resolve, reject) => stream.once('finish', resolve).once('error', reject));
  for (let from = 0; from < items.length; from += 1_000) {
    const lines = items.slice(from, from + 1_000).map((item) => names.map((name) => escaped(item[name])).join('\t'));
    if (!stream.write(`${lines.join('\n')}\n`)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end();
  await done;
}

/** As many rows in a statement as there may be parameters. */
const manyValues = (sql: postgres.Sql) => inParts(13_000, (rows) => sql`insert into items ${sql(rows, ...names)}`);

async function rowByRow(sql: postgres.Sql) {
  for (const item of items.slice(0, oneByOne)) await sql`insert into items ${sql(item)}`;
}

async function updateRowByRow(sql: postgres.Sql) {
  for (const { id, name, price, made, active } of items.slice(0, oneByOne))
    await sql`update items set name = ${name}, price = ${price}, made = ${made}, active = ${active} where id = ${id}`;
}
