import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage, inspectable } from '../../support/garbage.ts';
import { freePort } from '../../support/ports.ts';
import type { Caller } from '../caller.ts';
import { type Drill, demand } from '../drill.ts';
import type { HubProcess } from '../hub-process.ts';
import { openSite } from '../site.ts';
import { startUpstream } from '../upstream.ts';
import { installRunner } from '../writing.ts';

const perRound = 1_000;
const clients = 8;
const restMs = 8_000;
/** Of the first fifth, which does not count: caches fill and code is compiled. */
const growth = { share: 0.05, mb: 20 };
const slack = { files: 5, timers: 5 };

interface Held {
  mb: number;
  files: number | null;
  timers: number;
}

export const drill: Drill = {
  name: 'soak',
  promise: 'After a great many requests the hub holds no more than after the first of them',
  target: `memory without garbage +${growth.share * 100} % (or ${growth.mb} MB), files ±${slack.files}, timers ±${slack.timers}; ${perRound} requests a round`,
  rounds: 5,
  limitS: (rounds) => 120 + rounds * 120,
  async run(given) {
    const { atEnd, rounds, say } = given;
    const upstream = await startUpstream();
    atEnd(upstream.close);
    const site = await openSite(given);
    const inspector = await freePort();
    const hub = await site.hub({ ALLOWED_PRIVATE_HOSTS: upstream.host, ...inspectable(inspector) });
    const limits = setInterval(() => void site.forgetLimits().catch(() => {}), 500);
    atEnd(() => clearInterval(limits));
    const ada = await site.signedIn(hub);
    const runner = await installRunner(ada, upstream.url);
    const programs = await Promise.all(Array.from({ length: clients }, (_, index) => ada.program(`Soak ${index}`)));
    const failed: string[] = [];
    const held: Held[] = [];
    for (let round = 0; round < Math.max(2, rounds); round++) {
      await ask(programs, ada, runner, failed);
      await sleep(restMs);
      await collectGarbage(hub.pid, inspector);
      held.push(await look(hub));
      say(`${(round + 1) * perRound} requests: ${JSON.stringify(held.at(-1))}`);
    }
    const [first, last] = [held[Math.floor(held.length / 5)] as Held, held.at(-1) as Held];
    const misses: string[] = [];
    demand(misses, failed.length === 0, `${failed.length} requests failed: ${failed[0]}`);
    const grown = Math.round(last.mb - first.mb);
    demand(
      misses,
      grown <= Math.max(first.mb * growth.share, growth.mb),
      `It holds ${grown} MB more than after the first ${perRound} requests.`,
    );
    demand(
      misses,
      Math.abs((last.files ?? 0) - (first.files ?? 0)) <= slack.files,
      `It holds ${last.files} files and not ${first.files}.`,
    );
    demand(
      misses,
      Math.abs(last.timers - first.timers) <= slack.timers,
      `It holds ${last.timers} timers and not ${first.timers}.`,
    );
    demand(misses, !hub.defects().length, `The hub caught nothing of this: ${hub.defects()[0]}`);
    const figure = {
      ...{
        requests: held.length * perRound,
        first_mb: Math.round(first.mb),
        last_mb: Math.round(last.mb),
        grown_mb: grown,
      },
      ...{ files: last.files ?? 'unknown', timers: last.timers, failed: failed.length },
    };
    return { figure, misses };
  },
};

/** Pages, lists, one connector after another, refusals and calls of a tool. */
async function ask(programs: Caller[], ada: Caller, runner: string, failed: string[]): Promise<void> {
  let next = 0;
  const requests: [who: 'person' | 'program', status: number, method: string, path: string, body?: object][] = [
    ['person', 200, 'GET', '/catalog'],
    ['program', 200, 'GET', '/api/installed'],
    ['program', 200, 'GET', '/api/catalog/github'],
    ['program', 404, 'GET', '/api/connectors/0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78'],
    ['program', 422, 'POST', '/api/connectors', { catalog_key: 'wordpress', name: '', config: {}, auth: {} }],
    [
      'program',
      200,
      'POST',
      '/api/tools/http-api.request/execute',
      { connector_id: runner, arguments: { method: 'GET', path: '/x' } },
    ],
    ['person', 200, 'GET', '/installed'],
  ];
  await Promise.all(
    programs.map(async (program) => {
      for (let index = next++; index < perRound; index = next++) {
        const [who, expected, method, path, body] = requests[index % requests.length] as (typeof requests)[number];
        const { status, error } = await (who === 'person' ? ada : program).send(method, path, body);
        if (status !== expected) failed.push(`${method} ${path} ${status} ${error ?? ''}`);
      }
    }),
  );
}

async function look(hub: HubProcess): Promise<Held> {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const [, timers = '0'] = /^patchbay_nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(text) ?? [];
  return { mb: hub.residentMb(), files: hub.openFiles(), timers: Number(timers) };
}
