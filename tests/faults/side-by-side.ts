import { setTimeout as sleep } from 'node:timers/promises';
import { paths } from '../../src/routes/paths.ts';
import type { Caller } from './caller.ts';
import { demand, type Given, type Outcome } from './drill.ts';
import type { OlderVersion } from './older-version.ts';
import { TurnTaker } from './turn-taker.ts';
import { auditWriting, openWriting } from './writing.ts';

const readers = 2;

/** The hub of before and the hub of now serve on one database, which the newer one migrates under load. */
export async function sideBySide(given: Given, older: OlderVersion, seconds: number): Promise<Outcome> {
  const urls: string[] = [];
  const asked = { requests: 0, failed: [] as string[] };
  const hub = { from: older.dir };
  const writing = await openWriting(given, { hub, through: (caller) => new TurnTaker(caller, urls, asked) });
  const { site, env, person, ledger } = writing;
  const { PORT: _, ...elsewhere } = env;
  const reader = await site.signedIn(writing.hub);
  const pages = await answered(reader);
  urls.push(writing.hub.url);
  let reading = true;
  const read = Promise.all(
    Array.from({ length: readers }, async (_, index) => {
      const one = new TurnTaker(reader, urls, asked);
      for (let turn = index; reading; turn++, await sleep(40))
        await one.send('GET', pages[turn % pages.length] ?? '/healthz');
    }),
  );
  given.atEnd(() => {
    reading = false;
  });
  await sleep(2_000);

  const started = performance.now();
  const now = await site.hub(elsewhere);
  const startMs = Math.round(performance.now() - started);
  urls.push(now.url);
  given.say(`the new one is up after ${startMs} ms; ${asked.requests} asked, ${asked.failed.length} failed`);
  await sleep((seconds * 1_000) / 2);
  // Somebody starts the old one once more before everything is moved.
  const again = await site.hub(elsewhere, hub);
  urls.push(again.url);
  await sleep((seconds * 1_000) / 2);
  given.say(`${asked.requests} asked, ${asked.failed.length} failed, ${ledger.acknowledged} acknowledged`);
  for (const old of [writing.hub, again]) {
    urls.splice(urls.indexOf(old.url), 1);
    await sleep(500);
    await old.stop('SIGTERM');
  }
  await sleep(1_000);
  const took = (performance.now() - started) / 1_000;
  reading = false;
  await Promise.all([read, writing.writers.stop()]);

  const { requests, failed } = asked;
  const { figure, misses } = await auditWriting(writing);
  demand(misses, ledger.acknowledged > seconds, 'Too little happened to tell anything.');
  demand(misses, failed.length === 0, `${failed.length} of ${requests} requests failed: ${kinds(failed).join(' | ')}`);
  for (const each of [writing.hub, now, again])
    demand(misses, !each.defects().length, `A hub caught nothing of this: ${each.defects()[0]}`);
  demand(misses, person.longestMs > 0, 'Nobody asked both.');
  return {
    figure: {
      ...{
        from: older.commit,
        requests,
        failed: failed.length,
        per_second: Math.round(requests / took),
        pages: pages.length,
      },
      ...{ start_ms: startMs, ...figure },
    },
    misses,
  };
}

/** One of each kind of failure. */
function kinds(failed: string[]): string[] {
  const kindOf = (sentence: string) => sentence.slice(0, 60).replaceAll(/[0-9a-f-]{36}.*|\d{4,}/g, '');
  return [...new Map(failed.map((sentence) => [kindOf(sentence), sentence])).values()].slice(0, 5);
}

/** Every page and list that the older hub has and that needs nothing more than its address. */
async function answered(reader: Caller): Promise<string[]> {
  const document = await reader.must(200, 'GET', '/openapi.json');
  const operations = Object.entries(document.body.paths as Record<string, object>);
  const lists = operations.flatMap(([path, verbs]) => ('get' in verbs && !path.includes('{') ? path : []));
  const pages = Object.values(paths).filter((path) => typeof path === 'string');
  const good: string[] = [];
  for (const path of new Set([...pages, ...lists]))
    if ((await reader.send('GET', path)).status === 200) good.push(path);
  return good;
}
