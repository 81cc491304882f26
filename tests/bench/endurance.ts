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
    return hub.program.residentMb();
  };
  const before = await asked(paths.length * 100); // once everything has been loaded and compiled
  const after = await asked(total);
  const what = `memory after ${total.toLocaleString('en')} requests`;
  return [
    {
      ...{ what, unit: 'MB resident', ours: spreadOf([after]), other: spreadOf([before]) },
      ...{ beside: 'after the first 400', ratio: spreadOf([after / before]), target: { is: 'at most', value: 1.2 } },
    },
  ];
}
