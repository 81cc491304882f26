import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../caller.ts';
import { type Drill, demand } from '../drill.ts';
import type { HubProcess } from '../hub-process.ts';
import { openSite, owner } from '../site.ts';
import { startTraffic } from '../traffic.ts';
import { startUpstream } from '../upstream.ts';

const slowestRevocationMs = 1_000;

export const drill: Drill = {
  name: 'replicas',
  promise:
    'Two hubs on one database: what ends on one ends on the other, every message is sent once, and one after the other restarts unnoticed',
  target: `revocation within ${slowestRevocationMs} ms, 0 messages twice or never, 0 failed requests over all restarts`,
  rounds: 3,
  limitS: (rounds) => 300 + rounds * 120,
  async run(given) {
    const { atEnd, rounds, say } = given;
    const upstream = await startUpstream();
    atEnd(upstream.close);
    const site = await openSite(given);
    const env = { ALLOWED_PRIVATE_HOSTS: upstream.host };
    const hubs: HubProcess[] = [await site.hub(env), await site.hub(env)];
    const urls = hubs.map(({ url }) => url);
    const ada = await site.signedIn(hubs[0] as HubProcess);
    const misses: string[] = [];

    const revocations: number[] = [];
    for (let round = 0; round < Math.max(4, rounds); round++) revocations.push(...(await revoke(ada, urls)));
    const revocationMs = Math.round(Math.max(...revocations));
    demand(misses, revocationMs <= slowestRevocationMs, `What was revoked was still taken ${revocationMs} ms later.`);
    say(`revoked within ${revocationMs} ms`);

    await ada.must(201, 'POST', '/api/webhooks', {
      url: `${upstream.url}/hooks`,
      events: ['connector.status_changed'],
    });
    await switchAround(ada, urls, 20);
    const [row] = await site.sql`select count(*)::int as count from webhook_deliveries`;
    const switched = Number(row?.count);
    for (const until = Date.now() + 75_000; upstream.messages.size < switched && Date.now() < until; ) await sleep(250);
    await sleep(2_000); // what comes twice comes now
    const repeated = [...upstream.messages.values()].filter((count) => count > 1).length;
    demand(
      misses,
      switched >= 20 && upstream.messages.size === switched,
      `${upstream.messages.size} of ${switched} messages were sent.`,
    );
    demand(misses, repeated === 0, `${repeated} messages were sent twice.`);
    say(`${upstream.messages.size} of ${switched} messages, ${repeated} twice`);

    const limits = setInterval(() => void site.forgetLimits().catch(() => {}), 1_000);
    atEnd(() => clearInterval(limits));
    const program = await ada.program('Load');
    const load = { urls, headers: program.headers, clients: 4, everyMs: 60, refusalsCount: true };
    const traffics = [startTraffic({ ...load, keepAlive: true }), startTraffic({ ...load, keepAlive: false })];
    atEnd(() => Promise.all(traffics.map((each) => each.stop())));
    for (let round = 0; round < rounds * 2; round++) {
      const next = await site.hub(env);
      urls.push(next.url);
      const old = hubs.shift() as HubProcess;
      hubs.push(next);
      await sleep(300);
      const code = await old.stop('SIGTERM');
      demand(misses, code === 0, `A hub ended with ${code}.`);
      urls.splice(urls.indexOf(old.url), 1);
      say(
        `restart ${round + 1}: ${traffics.map(({ requests, failed, moved }) => `${requests} asked, ${failed.length} failed, ${moved} moved`).join('; ')}`,
      );
    }
    await Promise.all(traffics.map((each) => each.stop()));
    const failed = traffics.flatMap((each) => each.failed);
    const requests = traffics.reduce((sum, each) => sum + each.requests, 0);
    demand(misses, requests > 100, 'Too little was asked to tell anything.');
    demand(misses, failed.length === 0, `${failed.length} of ${requests} requests failed: ${failed[0]}`);
    for (const hub of hubs) demand(misses, !hub.defects().length, `A hub caught nothing of this: ${hub.defects()[0]}`);
    const figure = {
      ...{
        revocations: revocations.length,
        revocation_ms: revocationMs,
        messages: upstream.messages.size,
        twice: repeated,
      },
      ...{
        restarts: rounds * 2,
        requests,
        failed: failed.length,
        moved: traffics.reduce((sum, each) => sum + each.moved, 0),
      },
    };
    return { figure, misses };
  },
};

/** Ends a key and a session at the first hub; how long the second one took them. */
async function revoke(ada: Caller, [, second = '']: string[]): Promise<number[]> {
  const made = await ada.must(201, 'POST', '/api/api-keys', {
    name: 'Short',
    role: 'member',
    scopes: ['connectors:read'],
  });
  const key = new Caller(second, { authorization: `Bearer ${made.body.key}` });
  await key.must(200, 'GET', '/api/installed');
  await ada.must(204, 'DELETE', `/api/api-keys/${made.body.id}`);
  const ofKey = await untilRefused(key);
  const session = await Caller.signIn(ada.url, owner);
  const there = session.at(second);
  await there.must(200, 'GET', '/api/installed');
  await session.send('POST', '/api/auth/sign-out', {});
  return [ofKey, await untilRefused(there)];
}

async function untilRefused(caller: Caller): Promise<number> {
  const ended = performance.now();
  for (;;) {
    const asked = performance.now();
    const { status } = await caller.send('GET', '/api/installed');
    if (status === 401) return asked - ended;
    if (asked - ended > 10_000) return asked - ended;
  }
}

/** Switches a connector on and off at both hubs in turn. */
async function switchAround(ada: Caller, urls: string[], times: number): Promise<void> {
  const body = {
    ...{ catalog_key: 'wordpress', name: 'Switched', config: { site_url: 'https://blog.example.com' } },
    auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
  };
  const made = await ada.must(201, 'POST', '/api/connectors', body);
  for (let index = 0; index < times; index++) {
    const at = ada.at(urls[index % urls.length] ?? '');
    const status = index % 2 ? 'inactive' : 'active';
    await at.must(200, 'PATCH', `/api/connectors/${made.body.id}/status`, { status });
  }
}
