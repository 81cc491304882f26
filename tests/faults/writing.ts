import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from './caller.ts';
import { demand, type Given, type Outcome } from './drill.ts';
import type { HubOptions, HubProcess } from './hub-process.ts';
import { halfDone, Ledger } from './ledger.ts';
import { openSite, type Site } from './site.ts';
import { startUpstream, type Upstream } from './upstream.ts';
import { startWriters, type Writers } from './writers.ts';

export interface Writing {
  site: Site;
  hub: HubProcess;
  /** What a hub has to be started with in place of this one. */
  env: Record<string, string>;
  upstream: Upstream;
  ledger: Ledger;
  person: Caller;
  writers: Writers;
}

const programs = 6;

interface Options {
  hub?: HubOptions;
  /** Takes the place of each caller, before anything is changed. */
  through?: (caller: Caller) => Caller;
}

/** A hub under changes of all kinds by several programs, each written into a ledger, with a service to call and a webhook. */
export async function openWriting(
  given: Given,
  { hub: options, through = (caller) => caller }: Options = {},
): Promise<Writing> {
  // It takes a while, so that a kill finds calls under way that have arrived and are not written down.
  const upstream = await startUpstream((request, response) => {
    request.resume();
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"taken":true}');
    setTimeout(answer, request.url?.startsWith('/run/') ? 50 + given.random() * 250 : 0);
  });
  given.atEnd(upstream.close);
  const site = await openSite(given);
  const env = { ALLOWED_PRIVATE_HOSTS: upstream.host };
  const hub = await site.hub(env, options);
  const person = through(await site.signedIn(hub));
  const hook = { url: `${upstream.url}/hooks`, events: ['connector.status_changed'] };
  await person.must(201, 'POST', '/api/webhooks', hook);
  const runner = await installRunner(person, upstream.url);
  const ledger = new Ledger();
  const callers = await Promise.all(
    Array.from({ length: programs }, async (_, index) => through(await person.program(`Writer ${index}`))),
  );
  const leniency = setInterval(() => {
    for (const forget of [site.forgetLimits, site.forgiveChecks]) void forget().catch(() => {});
  }, 1_000);
  given.atEnd(() => clearInterval(leniency));
  const writers = startWriters({ person, programs: callers }, ledger, runner, given.random);
  given.atEnd(writers.stop);
  return { site, hub, env: { ...env, PORT: new URL(hub.url).port }, upstream, ledger, person, writers };
}

/** An active connector whose tool sends requests to this address; its id. */
export async function installRunner(person: Caller, url: string, name = 'Runner'): Promise<string> {
  const body = { catalog_key: 'http-api', name, config: { base_url: url }, auth: { method: 'none' } };
  const made = await person.must(201, 'POST', '/api/connectors', body);
  await person.must(200, 'PATCH', `/api/connectors/${made.body.id}/status`, { status: 'active' });
  return made.body.id;
}

const longestWaitMs = 10_000;
const longestRecoveryMs = 5_000;

/** As `auditWriting`, after hubs or their database were killed and came back. */
export async function settleWriting(
  writing: Writing,
  { kills, recoveries }: { kills: number; recoveries: number[] },
): Promise<Outcome> {
  const { figure, misses } = await auditWriting(writing);
  const recoveryMs = Math.round(Math.max(...recoveries));
  demand(misses, kills > 0 && writing.ledger.acknowledged > kills, 'Too little happened to tell anything.');
  demand(misses, recoveryMs <= longestRecoveryMs, `It was ready ${recoveryMs} ms after its database or its start.`);
  return { figure: { kills, ...figure, recovery_ms: recoveryMs }, misses };
}

/** Stops the load, waits for what is still to be delivered, and holds the database against the ledger. */
export async function auditWriting({ site, upstream, ledger, writers }: Writing): Promise<Outcome> {
  await writers.stop();
  const undelivered = await deliveriesLeft(site);
  const { lost, twice } = await ledger.audit(site.sql, upstream);
  const halves = await halfDone(site.sql);
  const [row] = await site.sql`select count(*)::int as count from webhook_deliveries`;
  const messages = (row?.count as number) ?? 0;
  const repeated = [...upstream.messages.values()].reduce((sum, count) => sum + count - 1, 0);
  const longestMs = Math.round(writers.longestMs());
  const misses: string[] = [];
  for (const each of [...lost.slice(0, 5), ...ledger.problems.slice(0, 5)]) misses.push(each);
  for (const each of twice.slice(0, 5)) misses.push(`${each} happened twice`);
  misses.push(...halves);
  demand(misses, longestMs <= longestWaitMs, `A caller waited ${longestMs} ms.`);
  demand(misses, undelivered === 0, `${undelivered} messages to the webhook were not delivered.`);
  demand(misses, upstream.messages.size === messages, `${upstream.messages.size} messages arrived of ${messages}.`);
  const figure = {
    ...{ acknowledged: ledger.acknowledged, lost: lost.length, twice: twice.length, half_done: halves.length },
    ...{ contradictions: ledger.problems.length, messages, sent_again: repeated },
    longest_wait_ms: longestMs,
  };
  return { figure, misses };
}

/** Waits until every message was delivered; those of a killed hub are made due, as they would be a minute later. */
async function deliveriesLeft({ sql }: Site): Promise<number> {
  for (let waited = 0; ; waited += 1) {
    const [row] = await sql`select count(*)::int as count from webhook_deliveries where status = 'pending'`;
    if (!row?.count || waited === 150) return row?.count ?? 0;
    if (waited % 20 === 10) await sql`update webhook_deliveries set due_at = now() where status = 'pending'`;
    await sleep(1_000);
  }
}
