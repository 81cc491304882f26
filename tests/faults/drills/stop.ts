import { setTimeout as sleep } from 'node:timers/promises';
import { type Drill, demand } from '../drill.ts';
import { openSite } from '../site.ts';
import { startTraffic } from '../traffic.ts';

const longestMs = 10_000;

export const drill: Drill = {
  name: 'stop',
  promise: 'SIGTERM under load: every request that was taken is answered, and the hub ends by itself',
  target: `0 answers cut off, exit code 0 within ${longestMs / 1000} s`,
  rounds: 8,
  limitS: (rounds) => 60 + rounds * 20,
  async run(given) {
    const { random, rounds, say } = given;
    const site = await openSite(given);
    const cut: string[] = [];
    const strange: string[] = [];
    const codes: (number | null)[] = [];
    const took: number[] = [];
    let requests = 0;
    for (let round = 0; round < rounds; round++) {
      const hub = await site.hub();
      await site.forgetLimits();
      const program = await (await site.signedIn(hub)).program(`Load ${round}`);
      const keepAlive = round % 2 === 0;
      const load = {
        urls: [hub.url],
        headers: program.headers,
        clients: 8,
        everyMs: 5,
        keepAlive,
        refusalsCount: false,
      };
      const traffic = startTraffic(load);
      await sleep(400 + random() * 800);
      const asked = performance.now();
      codes.push(await hub.stop('SIGTERM'));
      took.push(performance.now() - asked);
      await traffic.stop();
      requests += traffic.requests;
      cut.push(
        ...traffic.failed
          .filter((each) => each.includes('broke off'))
          .map((each) => `${keepAlive ? 'kept' : 'new'} connection: ${each}`),
      );
      strange.push(...traffic.failed.filter((each) => !each.includes('broke off')));
      say(
        `${round + 1}/${rounds}: ${traffic.requests} answered, ${traffic.failed.length} not, gone after ${Math.round(took.at(-1) ?? 0)} ms`,
      );
    }
    const longest = Math.round(Math.max(...took));
    const misses: string[] = [];
    demand(misses, requests > rounds * 10, 'Too little was asked to tell anything.');
    demand(misses, cut.length === 0, `${cut.length} answers were cut off: ${cut[0]}`);
    demand(misses, strange.length === 0, `${strange.length} answers were wrong: ${strange[0]}`);
    demand(
      misses,
      codes.every((code) => code === 0),
      `It ended with ${codes}.`,
    );
    demand(misses, longest <= longestMs, `It took ${longest} ms to end.`);
    return { figure: { stops: rounds, requests, cut: cut.length, longest_ms: longest }, misses };
  },
};
