import { setTimeout as sleep } from 'node:timers/promises';
import { connect, withDatabase } from '../../../src/db/connection.ts';
import type { Answer, Caller } from '../caller.ts';
import { type Drill, demand } from '../drill.ts';
import { type HubProcess, untilReady } from '../hub-process.ts';
import { openSite, type Site } from '../site.ts';

const callers = 50;
const holdMs = 12_000;
const longestMs = 10_000;
const longestRetryAfterS = 5;
const longestLiveMs = 2_000;
const longestRecoveryMs = 5_000;

interface Seen {
  refused: Answer[];
  strange: Answer[];
  live: Answer[];
  notReady: number;
  recoveryMs: number;
}

export const drill: Drill = {
  name: 'pool',
  promise:
    'Every connection to the database is held, or none can be made: the hub says so, refuses at once and recovers by itself',
  target: `/healthz answers within ${longestLiveMs / 1000} s, /readyz says no, 503 with Retry-After within ${longestMs / 1000} s, ready again within ${longestRecoveryMs / 1000} s`,
  rounds: 1,
  limitS: (rounds) => 90 + rounds * 60,
  async run(given) {
    const site = await openSite(given, { settings: ['max_connections=40'] });
    const hub = await site.hub();
    const ada = await site.signedIn(hub);
    const misses: string[] = [];
    const figure: Record<string, number> = { refused: 0, longest_refusal_ms: 0, longest_live_ms: 0, recovery_ms: 0 };
    for (let round = 0; round < given.rounds; round++)
      for (const [what, hold] of Object.entries({ 'a lock': lockTable, 'all connections': takeConnections })) {
        await site.forgetLimits();
        const seen = await exhaust(site, hub, ada, hold);
        given.say(`${what}: ${seen.refused.length} refused, ready after ${Math.round(seen.recoveryMs)} ms`);
        const [refusal, live] = [seen.refused, seen.live].map((each) =>
          Math.round(Math.max(0, ...each.map(({ ms }) => ms))),
        ) as [number, number];
        figure.refused = (figure.refused ?? 0) + seen.refused.length;
        figure.longest_refusal_ms = Math.max(figure.longest_refusal_ms ?? 0, refusal);
        figure.longest_live_ms = Math.max(figure.longest_live_ms ?? 0, live);
        figure.recovery_ms = Math.max(figure.recovery_ms ?? 0, Math.round(seen.recoveryMs));
        const retry = seen.refused.map(({ headers }) => Number(headers.get('retry-after') ?? Number.NaN));
        demand(
          misses,
          seen.refused.length > callers / 2,
          `With ${what} held, only ${seen.refused.length} were refused.`,
        );
        // While one table alone is locked the database answers, so both are right.
        const says = what === 'a lock' || seen.notReady > 0;
        demand(misses, says, `With ${what} held, /readyz never said no.`);
        demand(misses, refusal <= longestMs, `With ${what} held, a refusal took ${refusal} ms.`);
        demand(
          misses,
          retry.every((seconds) => seconds > 0 && seconds <= longestRetryAfterS),
          `With ${what} held, Retry-After was ${[...new Set(retry)]}.`,
        );
        demand(
          misses,
          live <= longestLiveMs && seen.live.every(({ status }) => status === 200),
          `With ${what} held, /healthz took ${live} ms.`,
        );
        demand(
          misses,
          !seen.strange.length,
          `With ${what} held: ${seen.strange.map(({ status, error }) => error ?? status)}`,
        );
        demand(
          misses,
          seen.recoveryMs <= longestRecoveryMs,
          `After ${what}, ready only after ${Math.round(seen.recoveryMs)} ms.`,
        );
      }
    demand(misses, hub.isAlive() && !hub.defects().length, `The hub caught nothing of this: ${hub.defects()[0]}`);
    return { figure, misses };
  },
};

type Hold = (site: Site) => Promise<() => Promise<void>>;

/** Everybody who asks for connectors waits for this one, with a connection of the hub's pool in hand. */
const lockTable: Hold = async ({ server }) => {
  const own = connect(withDatabase(server.owner, 'hub'), { max: 1 });
  await own.unsafe('begin; lock table connectors in access exclusive mode').simple();
  return async () => {
    await own.unsafe('rollback').simple();
    await own.end();
  };
};

/** Nobody gets in any more; what the hub had is ended. */
const takeConnections: Hold = async ({ server }) => {
  const own = connect(withDatabase(server.setup, 'hub'), { max: 1 });
  const held = Array.from({ length: 40 }, () =>
    connect(withDatabase(server.owner, 'hub'), { max: 1, connect_timeout: 5 }),
  );
  await own`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${server.hub.user}`;
  const sleeping = held.map((each) => each`select pg_sleep(60)`.catch(() => {}));
  await sleep(300);
  await own`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${server.hub.user}`;
  return async () => {
    await own`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${server.owner.user} and query like '%pg_sleep%'`;
    await Promise.all(sleeping);
    await Promise.all(held.map((each) => each.end({ timeout: 1 })));
    await own.end();
  };
};

async function exhaust(site: Site, hub: HubProcess, ada: Caller, hold: Hold): Promise<Seen> {
  const seen: Seen = { refused: [], strange: [], live: [], notReady: 0, recoveryMs: 0 };
  const release = await hold(site);
  let holding = true;
  const stranger = new (ada.constructor as typeof Caller)(hub.url, {});
  const probing = (async () => {
    while (holding) {
      seen.live.push(await stranger.send('GET', '/healthz'));
      const { status } = await stranger.send('GET', '/readyz');
      if (status === 503) seen.notReady += 1;
      await sleep(100);
    }
  })();
  const asking = Array.from({ length: callers }, async () => {
    while (holding) {
      const answer = await ada.send('GET', '/api/installed');
      if (answer.status === 503) seen.refused.push(answer);
      else if (answer.status !== 200) seen.strange.push(answer);
      else await sleep(50);
    }
  });
  await sleep(holdMs);
  holding = false;
  await release();
  const released = performance.now();
  await Promise.all([probing, ...asking]);
  await untilReady(hub.url);
  for (const until = performance.now() + 20_000; performance.now() < until; await sleep(50))
    if ((await ada.send('GET', '/api/installed')).status === 200) break;
  seen.recoveryMs = performance.now() - released;
  return seen;
}
