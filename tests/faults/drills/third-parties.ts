import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../caller.ts';
import { type Drill, demand, quantile } from '../drill.ts';
import { manners, startRudeService } from '../rude-service.ts';
import { openSite } from '../site.ts';
import { startUpstream } from '../upstream.ts';
import { installRunner } from '../writing.ts';

const rate = 20;
const phaseMs = 6_000;
/** Calls to each of them, and milliseconds between the first calls of two. */
const [atOnce, apartMs] = [4, 1_000];
/** Below this nobody notices, and what else the machine does would decide. */
const floorMs = 250;
const longestGrowthMb = 50;
const longestPeakMb = 300;
/** What costs the hub most. */
const heavy = ['ten-gigabytes', 'gzip-bomb', 'brotli-bomb', 'deep-json', 'many-encodings', 'large-header'];
const most = (calmMs: number) => Math.max(2 * calmMs, floorMs);
const callDeadlineMs = 30_000;

export const drill: Drill = {
  name: 'third-parties',
  promise: `${manners.length} ways of a service to misbehave hurt only its own callers`,
  target: `others' p99 at most twice that of the same run (or ${floorMs} ms), memory +${longestPeakMb} MB at the most and no further growth (${longestGrowthMb} MB), 0 sockets left after 30 s, 0 calls past ${callDeadlineMs / 1000} s`,
  rounds: 1,
  limitS: (rounds) => 180 + rounds * 120,
  async run(given) {
    const { say, atEnd, rounds } = given;
    // Each has a port of its own, because the hub stops calling one that fails.
    const rude = await Promise.all(manners.map(startRudeService));
    const kind = await startUpstream();
    for (const each of [...rude, kind]) atEnd(each.close);
    const site = await openSite(given);
    const hub = await site.hub({ ALLOWED_PRIVATE_HOSTS: [...rude, kind].map(({ host }) => host).join(',') });
    const limits = setInterval(() => void site.forgetLimits().catch(() => {}), 2_000);
    atEnd(() => clearInterval(limits));
    const ada = await site.signedIn(hub);
    const others = await site.tenant(hub, 'Southwind', 'cleo@example.com');
    const neighbour = await others.program('Neighbour');
    const neighbours = await installRunner(others, kind.url);
    const victim = await ada.program('Victim');
    const victims = new Map<string, string>();
    for (const { manner, url } of rude) victims.set(manner, await installRunner(ada, url, manner));

    await asNeighbour(neighbour, neighbours, 3_000); // warm
    const before = hub.residentMb();
    const calls: number[] = [];
    let silent = 0;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, hub.residentMb());
    }, 250);
    atEnd(() => clearInterval(watch));
    const storm = async (of: string[]) => {
      const asked = of.map(async (manner, index) => {
        await sleep(index * apartMs);
        const calling = Array.from({ length: atOnce }, () => callRude(victim, victims.get(manner) ?? ''));
        const answers = await Promise.all(calling);
        calls.push(...answers.map(({ ms }) => ms));
        silent += answers.filter(({ status }) => status !== 200).length;
        say(`${manner}: ${Math.round(Math.max(...answers.map(({ ms }) => ms)))} ms, ${summary(answers)}`);
      });
      await Promise.all(asked);
    };
    // What else the machine does meets one attempt or the other; what the hub does meets all.
    const attempts: { calm: number; stormy: number }[] = [];
    const kept = () => attempts.some((each) => each.stormy <= most(each.calm));
    for (let attempt = 0; attempt < rounds || (attempt < rounds + 2 && !kept()); attempt++) {
      const calm = await asNeighbour(neighbour, neighbours, phaseMs);
      const stormy: number[] = [];
      let misbehaving = true;
      const asking = neighboursUntil(
        () => misbehaving,
        () => asNeighbour(neighbour, neighbours, 1_000),
        stormy,
      );
      await storm(manners);
      misbehaving = false;
      await asking;
      const [calmP99, stormyP99] = [quantile(calm, 0.99), quantile(stormy, 0.99)].map(Math.round) as [number, number];
      attempts.push({ calm: calmP99, stormy: stormyP99 });
      say(`others: ${stormyP99} ms, ${calmP99} ms before; ${Math.round(hub.residentMb())} MB`);
    }
    const settled = hub.residentMb();
    await storm(heavy);
    await storm(heavy);
    clearInterval(watch);
    const gone = performance.now();
    const sockets = () => rude.reduce((sum, each) => sum + each.sockets(), 0);
    while (sockets() > 0 && performance.now() - gone < 30_000) await sleep(250);
    const socketsLeft = sockets();
    await sleep(2_000);
    const growth = Math.round(hub.residentMb() - settled);
    const [best] = attempts.toSorted((a, b) => a.stormy - most(a.calm) - (b.stormy - most(b.calm)));
    const longest = Math.round(Math.max(...calls));
    const misses: string[] = [];
    const { calm = 0, stormy = 0 } = best ?? {};
    demand(misses, stormy > 0, 'Too little was measured to tell anything.');
    demand(misses, stormy <= most(calm), `Others waited ${stormy} ms at the 99th percentile, and ${calm} ms before.`);
    demand(misses, growth <= longestGrowthMb, `Every storm leaves more behind: ${growth} MB after two more.`);
    demand(misses, peak - before <= longestPeakMb, `At the most it held ${Math.round(peak - before)} MB more.`);
    demand(misses, socketsLeft === 0, `${socketsLeft} connections to the service are still open.`);
    demand(misses, longest <= callDeadlineMs + 5_000, `A call lasted ${longest} ms.`);
    demand(misses, silent === 0, `${silent} calls got no proper answer from the hub.`);
    demand(misses, hub.isAlive() && !hub.defects().length, `The hub caught nothing of this: ${hub.defects()[0]}`);
    const figure = {
      ...{ manners: manners.length, calls: calls.length, others_p99_ms: stormy, others_p99_before_ms: calm },
      ...{ growth_mb: growth, peak_mb: Math.round(peak - before), sockets_left: socketsLeft, longest_call_ms: longest },
    };
    return { figure, misses };
  },
};

const callRude = (victim: Caller, connector: string) =>
  victim.send('POST', '/api/tools/http-api.request/execute', {
    ...{ connector_id: connector, arguments: { method: 'GET', path: `/${randomUUID()}` } },
  });

const summary = (answers: { status: number; body: { status?: string; error?: { code?: string } } }[]) =>
  [...new Set(answers.map(({ status, body }) => `${status} ${body?.status ?? ''} ${body?.error?.code ?? ''}`))].join(
    ' | ',
  );

async function neighboursUntil(going: () => boolean, measure: () => Promise<number[]>, into: number[]) {
  while (going()) into.push(...(await measure()));
}

/** At a fixed rate whatever the answers take: the list, the catalog and a tool of a service that is well. Milliseconds of each. */
async function asNeighbour(caller: Caller, connector: string, forMs: number): Promise<number[]> {
  const asked: Promise<number>[] = [];
  const requests: [string, string, unknown?][] = [
    ['GET', '/api/installed'],
    ['GET', '/api/catalog/github'],
    [
      'POST',
      '/api/tools/http-api.request/execute',
      { connector_id: connector, arguments: { method: 'GET', path: '/fine' } },
    ],
  ];
  const started = performance.now();
  for (let index = 0; performance.now() - started < forMs; index++) {
    const [method, path, body] = requests[index % requests.length] ?? ['GET', '/api/installed'];
    asked.push(caller.send(method, path, body).then(({ status, ms }) => (status === 200 ? ms : 60_000)));
    await sleep(Math.max(0, started + ((index + 1) * 1000) / rate - performance.now()));
  }
  return Promise.all(asked);
}
