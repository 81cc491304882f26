import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callWays } from './canary-calls.ts';
import { connectorWays } from './canary-connectors.ts';
import { CanaryHub } from './canary-hub.ts';
import { peopleWays } from './canary-people.ts';
import { plain } from './canary-ways.ts';
import { figure, tries } from './measure.ts';

// The real program with a database of its own, secrets sent to it by every way in, and then all that it has left behind.

let at: CanaryHub;
beforeAll(async () => {
  at = await CanaryHub.start();
}, 180_000);
afterAll(async () => {
  await at?.close();
  if (at) rmSync(at.dir, { recursive: true, force: true });
});

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(folder, file))
    .filter((file) => statSync(file).isFile());

/** All pages and answers that tell about what is there. */
async function readEverything() {
  const { json } = await at.ask('GET', '/openapi.json');
  const ids = async (list: string) => ((await at.ask('GET', list)).json.data ?? []).map(({ id }: { id: string }) => id);
  const connectors = await ids('/api/installed?limit=200');
  const connections = await ids('/api/connections?limit=200');
  const reading = Object.keys(json.paths).filter((each) => json.paths[each].get && !each.includes('proxy'));
  for (const each of reading) {
    const about = each.includes('connections') ? connections : connectors;
    for (const id of each.includes('{') ? about.slice(0, 5) : ['']) await at.ask('GET', each.replace(/\{\w+\}/g, id));
  }
  const pages =
    'catalog installed connections activity usage publish approvals nothing settings settings/account settings/members settings/api-keys';
  const more =
    'settings/webhooks settings/mcp settings/models settings/executions operator operator/tenants operator/entries';
  const last = 'operator/entries/slack/application operator/keys operator/doctor operator/activity';
  for (const each of `${pages} ${more} ${last}`.split(' ')) await at.ask('GET', `/${each}`);
  for (const id of connectors)
    for (const rest of ['', '/edit', '/tools']) await at.ask('GET', `/connectors/${id}${rest}`);
  for (const id of connections.slice(0, 10)) await at.ask('GET', `/connections/${id}/rotation`);
  await at.ask('GET', '/metrics', { as: null, headers: { authorization: 'Bearer a token for metrics' } });
}

/** What the program holds on to when all requests are over. */
async function heapOf(): Promise<Buffer> {
  at.takeHeap();
  const snapshot = () => readdirSync(at.dir).find((file) => file.endsWith('.heapsnapshot'));
  await expect.poll(snapshot, { timeout: 60_000 }).toBeTruthy();
  const file = path.join(at.dir, snapshot() ?? '');
  for (let size = -1; ; await sleep(500)) {
    const now = statSync(file).size;
    if (now === size && now > 1_000_000) return readFileSync(file);
    size = now;
  }
}

it('leaves no secret in answers, pages, logs, mails, metrics, the heap, nor in any file of the database', {
  timeout: 600_000,
}, async () => {
  const wanted = tries(200);
  for (let round = 0; at.book.counts.sent < wanted; round++)
    for (const way of [...connectorWays, ...callWays, ...(round ? [] : peopleWays)]) {
      at.book.way = way.name;
      await way.go(at, round);
    }
  await readEverything();
  const heap = await heapOf();
  const log = await at.stop();
  // The database is stopped as well by now, and that writes everything down.
  const files = filesBelow(path.join(at.dir, 'data'));
  const places: [string, Buffer][] = [
    ...at.places,
    ['the log', Buffer.from(log)],
    ['the heap', heap],
    ...files.map((file): [string, Buffer] => [path.relative(at.dir, file), readFileSync(file)]),
  ];
  const found = places.flatMap(([where, bytes]) => at.book.found(where, bytes).map((what) => `${where}: ${what}`));
  const megabytes = Math.round(places.reduce((sum, [, bytes]) => sum + bytes.length, 0) / 1024 / 1024);
  const { sent, told, ways } = at.book.counts;
  const whereabouts = found.length ? ` (${found.join('; ').slice(0, 4_000)})` : '';
  figure(
    `${found.length} hits${whereabouts} of ${sent} canaries by ${ways} ways and of ${told} secrets that the hub told once, in ${places.length} places (${at.places.length} answers, mails and outputs, ${files.length} files of the database with its log, the heap; ${megabytes} MB)`,
  );
  expect(found).toEqual([]);

  // Where a secret would be found something is: names are in the database, in its log of changes and in answers.
  const where = places.filter(([, bytes]) => bytes.includes(plain)).map(([place]) => place);
  for (const kind of [/^data\/.*base\//, /pg_wal/, /installed/])
    expect([kind, where.some((each) => kind.test(each))]).toEqual([kind, true]);
  expect(heap.length).toBeGreaterThan(1_000_000);
  expect(at.service.asked).toBeGreaterThan(50);
});
