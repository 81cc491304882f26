import { freePort } from '../support/ports.ts';
import { throughput } from './load.ts';
import { startProgram } from './programs.ts';
import type { Finding } from './report.ts';
import { sideBySide } from './rounds.ts';
import { jsonHeaders, type Stage } from './stage.ts';

const key = 'sk-bench-0123456789abcdef';
const question = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'How are you today?' }] });
const path = '/v1/chat/completions';

/**
 * A chat through the hub, with key, budget, execution and cost written down, beside Portkey's gateway, beside one that writes a row for
 * each call and does nothing else, and beside no gateway.
 */
export async function measureGateway(stage: Stage, rounds: number): Promise<Finding[]> {
  const [port, floorPort] = [String(await freePort()), String(await freePort())];
  const portkey = await startProgram('tests/bench/portkey.ts', { PORT: port });
  const about = { PORT: floorPort, DATABASE_URL: stage.ownerUrl, MODELS_URL: stage.models.url };
  const floor = await startProgram('tests/bench/floor.ts', about).catch(async (error) => {
    await portkey.stop();
    throw error;
  });
  try {
    const authorization = `Bearer ${await ready(stage)}`;
    const post = (headers: Record<string, string>) => () => ({
      ...{ method: 'POST' as const, path, body: question },
      headers: { 'content-type': 'application/json', ...headers },
    });
    const toHub = post({ authorization });
    const toPortkey = post({
      ...{ authorization: `Bearer ${key}`, 'x-portkey-provider': 'openai' },
      'x-portkey-custom-host': `${stage.models.url}/v1`,
    });
    const findings: Finding[] = [];
    for (const clients of [1, 16]) {
      const load = { requests: clients === 1 ? 300 : 1000, clients };
      const ours = async () => {
        await stage.forgetLimits();
        return throughput(stage.hub.url, load, toHub);
      };
      const what = `POST ${path}, ${clients} at a time`;
      const beside = async (name: string, other: () => Promise<number>, target?: Finding['target']) => {
        const figures = await sideBySide(rounds, ours, other);
        findings.push({ what, unit: 'requests/s', ...figures, beside: name, target });
      };
      const peer = () => throughput(`http://127.0.0.1:${port}`, load, toPortkey);
      await beside('@portkey-ai/gateway', peer, { is: 'at least', value: 4 });
      const least = () => throughput(`http://127.0.0.1:${floorPort}`, load, post({ authorization: `Bearer ${key}` }));
      await beside('a proxy with one durable insert', least);
      await beside('no gateway', () => throughput(stage.models.url, load, post({ authorization: `Bearer ${key}` })));
    }
    return findings;
  } finally {
    await floor.stop();
    await portkey.stop();
  }
}

/** Installs and activates the model server, sets a budget that is not reached, and makes a key. */
async function ready({ hub, models }: Stage): Promise<string> {
  const send = async (method: string, to: string, body: object) => {
    const headers = jsonHeaders(hub.url, hub.cookie);
    const answer = await fetch(hub.url + to, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${to} answered ${answer.status}: ${await answer.text()}`);
    return answer.json() as Promise<Record<string, string>>;
  };
  const config = { base_url: `${models.url}/v1` };
  const auth = { method: 'api_key', api_key: key };
  const installed = await send('POST', '/api/connectors', { catalog_key: 'openai', name: 'Models', config, auth });
  await send('PATCH', `/api/connectors/${installed.id}/status`, { status: 'active' });
  await send('POST', '/api/budgets', { scope: 'workspace', period: 'month', limit_usd: '100000' });
  const made = await send('POST', '/api/api-keys', { name: 'Bench', role: 'member', scopes: ['llm:use'] });
  return made.key as string;
}
