import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HubProcess, startHub } from '../support/processes.ts';
import { figure, tries } from './measure.ts';

// The real program with a database of its own, secrets sent to it by every way in, and then all that it has left behind.

/** Every canary begins with it, so one search finds all; signs behind it that URLs, JSON and HTML write differently. */
const mark = `c4nary${randomBytes(6).toString('hex')}`;
const canary = (count: number) => `${mark}${String(count).padStart(6, '0')}"%/é<`;
/** Something that is no secret, to be found where secrets are looked for. */
const plain = `pl41n${randomBytes(6).toString('hex')}`;

const disguises = (word: string) => [
  Buffer.from(word),
  Buffer.from(Buffer.from(word).toString('hex')),
  Buffer.from(Buffer.from(word).toString('hex').toUpperCase()),
  ...[0, 1, 2].map((offset) =>
    Buffer.from(
      Buffer.from('.'.repeat(offset) + word)
        .toString('base64')
        .slice(4, -4),
    ),
  ),
  Buffer.from(word, 'utf16le'),
];
const hidden = disguises(mark);
const tells = (bytes: Buffer) => hidden.some((each) => bytes.includes(each));

let dir: string;
let hub: HubProcess;
const seen: [string, Buffer][] = [];
const sent = { count: 0 };
const next = () => {
  sent.count += 1;
  return canary(sent.count);
};
const password = 'correct horse battery';
let keys: string[] = [];
let cookie = '';

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-canaries-'));
  chmodSync(dir, 0o755); // the database runs as another user when the tests run as root
  hub = await startHub({
    ...{ DATA_DIR: path.join(dir, 'data'), LOG_LEVEL: 'trace', METRICS_TOKEN: 'a token for metrics' },
    ...{ ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password, ADMIN_TENANT: 'Northwind' },
    NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${dir}`,
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1:1',
  });
  const entered = await fetch(`${hub.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password }),
  });
  cookie = entered.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const document = await (await fetch(`${hub.url}/openapi.json`)).json();
  const scopes = [...new Set([...JSON.stringify(document).matchAll(/"([a-z]+:[a-z]+)"/g)].map(([, scope]) => scope))];
  for (let at = 0; at < 6; at++) {
    const made = await ask(
      'POST',
      '/api/api-keys',
      { name: `Key ${at}`, role: 'owner', scopes: ['connectors:read', 'connectors:write'] },
      { cookie },
    );
    if (made.key) keys.push(made.key);
  }
  keys = keys.filter(Boolean);
  expect([keys.length, scopes.length > 3]).toEqual([6, true]);
  seen.length = 0;
}, 180_000);
afterAll(async () => {
  hub?.child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function ask(method: string, to: string, body?: unknown, headers: Record<string, string> = {}) {
  const payload = body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(hub.url + to, {
    method,
    headers: { ...type, ...headers },
    body: payload,
    redirect: 'manual',
  });
  const text = await answer.text();
  seen.push([
    `${method} ${to.split('?')[0]}: ${answer.status}`,
    Buffer.from(text + JSON.stringify([...answer.headers])),
  ]);
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** One of each way in; refused and accepted, in fields, headers and addresses. */
async function enter(round: number) {
  const headers = { authorization: `Bearer ${keys[round % keys.length]}` };
  const config = { base_url: 'http://127.0.0.1:1' };
  const basic = () => ({ method: 'basic', username: 'reader', password: next() });
  const made = { catalog_key: 'http-api', name: `${plain} ${round}`, config, auth: basic() };
  const { id, version } = await ask('POST', '/api/connectors', made, headers);
  expect(typeof id).toBe('string');
  await ask('PUT', `/api/connectors/${id}`, { name: made.name, tags: [], version, config, auth: basic() }, headers);
  await ask(
    'POST',
    '/api/validate-config',
    { catalog_key: 'http-api', config: { base_url: 'ftp://x' }, auth: basic() },
    headers,
  );
  await ask('POST', '/api/connectors', { ...made, auth: { ...basic(), surplus: next() } }, headers);
  await ask('POST', '/api/connectors', `{"catalog_key": "http-api", "auth": {"password": "${next()}"`, headers);
  const key = { method: 'api_key', api_key: next(), placement: 'query', name: 'key' };
  await ask('POST', '/api/connectors/test', { catalog_key: 'http-api', config, auth: key }, headers);
  await ask('POST', `/api/connectors/${id}/test`, undefined, headers);
  const database = { host: '127.0.0.1', port: 1, database: 'shop' };
  await ask(
    'POST',
    '/api/connectors',
    { catalog_key: 'postgresql', name: `Shop ${round}`, config: database, auth: basic() },
    headers,
  );
  if (round % 10) return;
  await ask('GET', `/api/installed?token=${encodeURIComponent(next())}`, undefined, {
    authorization: `Bearer pbk_${next().replace(/\W/g, '')}`,
  });
  await ask('POST', '/api/auth/sign-in/email', { email: 'ada@example.com', password: next() });
  await ask('GET', `/api/installed?api_key=${encodeURIComponent(next())}`, undefined, {
    cookie: `patchbay.session=${encodeURIComponent(next())}`,
  });
  await ask('POST', '/connectors', `name=x&catalog_key=http-api&auth.password=${encodeURIComponent(next())}`, {
    'content-type': 'application/x-www-form-urlencoded',
    cookie,
  });
}

/** The canaries that stand there as they are, with what stands before them. */
function whichIn(bytes: Buffer): string {
  const found = new Set<string>();
  for (let at = bytes.indexOf(mark); at >= 0 && found.size < 5; at = bytes.indexOf(mark, at + 1))
    found.add(bytes.subarray(Math.max(at - 80, 0), at + mark.length + 40).toString('latin1'));
  return [...found].join(' | ');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(folder, file))
    .filter((file) => statSync(file).isFile());
}

it('leaves no secret in answers, pages, logs, metrics, the heap, nor in any file of the database', {
  timeout: 600_000,
}, async () => {
  const wanted = tries(200);
  for (let round = 0; sent.count < wanted; round++) await enter(round);

  const { paths } = await (await fetch(`${hub.url}/openapi.json`)).json();
  const { data = [] } = await ask('GET', '/api/installed?limit=200', undefined, { cookie });
  const reading = Object.keys(paths).filter((each) => paths[each].get && !each.includes('proxy'));
  for (const each of reading)
    for (const { id } of each.includes('{') ? data.slice(0, 3) : [{ id: '' }])
      await ask('GET', each.replace(/\{\w+\}/g, id), undefined, { cookie });
  const pages = [
    '/catalog',
    '/installed',
    '/activity',
    '/usage',
    '/settings',
    '/mcp',
    '/publish',
    '/nothing',
    '/settings/api-keys',
  ];
  for (const each of pages) await ask('GET', each, undefined, { cookie });
  for (const { id } of data.slice(0, 5))
    for (const rest of ['', '/edit', '/deletion', '/tools'])
      await ask('GET', `/connectors/${id}${rest}`, undefined, { cookie });
  await ask('GET', '/metrics', undefined, { authorization: 'Bearer a token for metrics' });

  hub.child.kill('SIGUSR2');
  const snapshot = () => readdirSync(dir).find((file) => file.endsWith('.heapsnapshot'));
  await expect.poll(snapshot, { timeout: 60_000 }).toBeTruthy();
  for (let size = -1; ; await sleep(500)) {
    const now = statSync(path.join(dir, snapshot() ?? '')).size;
    if (now === size && now > 1_000_000) break;
    size = now;
  }
  await hub.stop();
  // The database is stopped as well by now, and that writes everything down.
  const files = filesBelow(path.join(dir, 'data'));
  const heap = readFileSync(path.join(dir, snapshot() ?? ''));
  const places: [string, Buffer][] = [
    ...seen,
    ['the log', Buffer.from(hub.output())],
    ['the heap', heap],
    ...files.map((file): [string, Buffer] => [path.relative(dir, file), readFileSync(file)]),
  ];
  const found = places.filter(([, bytes]) => tells(bytes)).map(([where, bytes]) => `${where}: ${whichIn(bytes)}`);
  const megabytes = Math.round(places.reduce((sum, [, bytes]) => sum + bytes.length, 0) / 1024 / 1024);
  const whereabouts = found.length ? ` (${found.join('; ').slice(0, 2_000)})` : '';
  figure(
    `${found.length} hits${whereabouts} of ${sent.count} canaries in ${places.length} places (${seen.length} answers, ${files.length} files of the database with its log, the heap; ${megabytes} MB)`,
  );
  expect(found).toEqual([]);

  // Where a secret would be found something is: names are in the database, in its log of changes and in answers.
  const where = places.filter(([, bytes]) => bytes.includes(plain)).map(([place]) => place);
  for (const kind of [/^data\/.*base\//, /pg_wal/, /installed/])
    expect([kind, where.some((each) => kind.test(each))]).toEqual([kind, true]);
  expect(heap.length).toBeGreaterThan(1_000_000);
});
