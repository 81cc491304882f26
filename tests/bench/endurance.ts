import { setTimeout as sleep } from 'node:timers/promises';
import { throughput } from './load.ts';
import type { Finding } from './report.ts';
import { spreadOf } from './rounds.ts';
import type { Stage } from './stage.ts';

const total = Number(process.env.REQUESTS) || 10_000;
/** Fewer than a session may ask in a minute: between two of them the limits are forgotten. */
const perPart = 500;
const restMs = 5_000;
const paths = ['/api/catalog', '/api/installed?limit=100', '/catalog', '/installed'];

/** What the hub holds after lists and pages were asked for so often, beside what it held before. */
export async function measureEndurance({ hub, forgetLimits }: Stage): Promise<Finding[]> {
  const asked = async (requests: number) => {
    for (let done = 0; done < requests; done += perPart) {
      await forgetLimits();
      const load = { requests: Math.min(perPart, requests - done), clients: 4 };
      await throughput(hub.url, load, (index) => ({
        path: paths[index % paths.length] ?? '/',
        headers: { cookie: hub.cookie },
      }));
    }
    await sleep(restMs);
    const resident = hub.program.residentMb();
    await hub.collectGarbage();
    return { resident, needed: hub.program.residentMb() };
  };
  const before = await asked(paths.length * 100); // once everything has been loaded and compiled
  const after = await asked(total);
  const finding = (what: string, figure: 'resident' | 'needed') => ({
    ...{ what, unit: 'MB resident', ours: spreadOf([after[figure]]), other: spreadOf([before[figure]]) },
    ...{ beside: 'after the first 400', ratio: spreadOf([after[figure] / before[figure]]) },
  });
  const what = `memory after ${total.toLocaleString('en')} requests`;
  return [
    { ...finding(`${what}, without garbage`, 'needed'), target: { is: 'at most', value: 1.2 } },
    finding(what, 'resident'), // V8 collects when it sees fit, so that this is as much chance as need
  ];
}
