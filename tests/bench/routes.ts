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

/** Installing (rights, validation, sealing, audit) beside an insert, and beside the three rows that it cannot do without. */
export async function measureInstall({ hub, bare, forgetLimits }: Stage, rounds: number): Promise<Finding[]> {
  let run = 0;
  const post = (path: string, headers: Record<string, string>) => {
    run += 1;
    return (index: number) => ({
      ...{ method: 'POST' as const, path, status: 201, headers },
      body: JSON.stringify(connectorNamed(`Installed ${run} ${index}`)),
    });
  };
  const ours = async () => {
    await forgetLimits();
    return throughput(hub.url, installs, post('/api/connectors', jsonHeaders(hub.url, hub.cookie)));
  };
  const beside = async (path: string, finding: Pick<Finding, 'beside' | 'target'>): Promise<Finding> => {
    const other = () => throughput(bare.url, installs, post(path, { 'content-type': 'application/json' }));
    return {
      what: 'POST /api/connectors',
      unit: 'requests/s',
      ...(await sideBySide(rounds, ours, other)),
      ...finding,
    };
  };
  return [
    await beside('/api/connectors', { beside: 'bare insert', target: { is: 'at least', value: 0.5 } }),
    await beside('/api/connectors/recorded', { beside: 'bare inserts with audit and connection' }),
  ];
}
