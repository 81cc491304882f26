import { throughput } from './load.ts';
import type { Finding } from './report.ts';
import { sideBySide } from './rounds.ts';
import { connectorNamed, jsonHeaders, type Stage } from './stage.ts';

const load = { requests: 300, clients: 4 };
const installs = { requests: 100, clients: 4 };

/** The lists, as JSON and as pages, beside one statement that answers the same JSON. */
export async function measureLists(stage: Stage, rounds: number): Promise<Finding[]> {
  const { hub, bare, forgetLimits } = stage;
  const list = async (what: string, bareUrl: string, ourUrl: string, target: number): Promise<Finding> => {
    const ours = async () => {
      await forgetLimits();
      return throughput(hub.url, load, () => ({ path: ourUrl, headers: { cookie: hub.cookie } }));
    };
    const other = () => throughput(bare.url, load, () => ({ path: bareUrl }));
    const { ratio, ...figures } = await sideBySide(rounds, ours, other);
    const beside = `bare route, ${bareUrl.split('?')[0]}`;
    return { what, unit: 'requests/s', ...figures, beside, ratio, target: { is: 'at least', value: target } };
  };
  await sameBytes(stage, '/api/catalog');
  await sameBytes(stage, '/api/installed?limit=100');
  return [
    await list('GET /api/catalog', '/api/catalog', '/api/catalog', 0.8),
    await list('GET /api/installed, 100 connectors', '/api/installed', '/api/installed?limit=100', 0.8),
    await list('GET /catalog, page', '/api/catalog', '/catalog', 0.6),
    await list('GET /installed, page', '/api/installed', '/installed', 0.6),
  ];
}

/** The comparison counts only while both say the same. */
async function sameBytes({ hub, bare }: Stage, path: string) {
  const ours = await (await fetch(hub.url + path, { headers: { cookie: hub.cookie } })).text();
  const other = await (await fetch(bare.url + path)).text();
  if (ours !== other) {
    const at = [...ours].findIndex((letter, index) => letter !== other[index]);
    throw new Error(
      `The bare route answers otherwise:\n${ours.slice(at - 60, at + 60)}\n${other.slice(at - 60, at + 60)}`,
    );
  }
}

/** Installing (rights, validation, sealing, audit) beside an insert. */
export async function measureInstall({ hub, bare, forgetLimits }: Stage, rounds: number): Promise<Finding> {
  let run = 0;
  const post = (prefix: string, headers: Record<string, string>) => (index: number) => ({
    ...{ method: 'POST' as const, path: '/api/connectors', status: 201, headers },
    body: JSON.stringify(connectorNamed(`${prefix} ${run} ${index}`)),
  });
  const ours = async () => {
    run += 1;
    await forgetLimits();
    return throughput(hub.url, installs, post('Installed', jsonHeaders(hub.url, hub.cookie)));
  };
  const other = () => {
    run += 1;
    return throughput(bare.url, installs, post('Inserted', { 'content-type': 'application/json' }));
  };
  const { ratio, ...figures } = await sideBySide(rounds, ours, other);
  const what = 'POST /api/connectors';
  return { what, unit: 'requests/s', ...figures, beside: 'bare insert', ratio, target: { is: 'at least', value: 0.5 } };
}
