import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';

export interface Traffic {
  requests: number;
  /** What was not answered as it should be. */
  failed: string[];
  /** How often the other replica was asked because nobody listened at the first. */
  moved: number;
  stop(): Promise<void>;
}

interface Options {
  /** Where hubs listen now; the list may change while it runs. */
  urls: string[];
  headers: Record<string, string>;
  clients: number;
  /** Milliseconds between two requests of one client. */
  everyMs: number;
  /** False: a connection for each request. */
  keepAlive: boolean;
  /** True: what was refused before it was sent is no failure. */
  refusalsCount: boolean;
}

/**
 * Clients that read and write round robin, as a simple balancer sends them on: a request that finds nobody listening goes to the next
 * one, and nothing is ever sent a second time.
 */
export function startTraffic({ urls, headers, clients, everyMs, keepAlive, refusalsCount }: Options): Traffic {
  let working = true;
  let turn = 0;
  const told: Traffic = { requests: 0, failed: [], moved: 0, stop: async () => {} };
  const one = async (client: number, index: number, dispatcher: Dispatcher) => {
    const name = `${client} ${index}`;
    const writes = index % 4 === 3;
    const body = JSON.stringify({ ...connector, name: `Blog ${randomUUID()}` });
    const [method, path, expected] = writes
      ? (['POST', '/api/connectors', 201] as const)
      : (['GET', '/api/installed?limit=5', 200] as const);
    for (let attempt = 0; attempt < 4; attempt++) {
      const url = urls[(turn++ + attempt) % urls.length] ?? '';
      try {
        const answer = await request(url + path, {
          ...{ method, dispatcher, headersTimeout: 15_000, bodyTimeout: 15_000 },
          headers: { origin: url, 'content-type': 'application/json', ...headers },
          ...(writes && { body }),
        });
        const text = await answer.body.text();
        told.requests += 1;
        if (answer.statusCode !== expected)
          told.failed.push(`${name} ${method} ${answer.statusCode} ${text.slice(0, 200)}`);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ECONNREFUSED') {
          told.moved += 1;
          if (attempt === 3 && refusalsCount) told.failed.push(`${name} ${method} found nobody listening`);
          continue;
        }
        told.requests += 1;
        told.failed.push(`${name} ${method} at ${new URL(url).port} broke off: ${code ?? error}`);
        return;
      }
    }
  };
  const running = Array.from({ length: clients }, async (_, client) => {
    const dispatcher = new Agent({ connections: 1, pipelining: keepAlive ? 1 : 0, keepAliveTimeout: 60_000 });
    for (let index = client; working; index++) {
      await one(client, index, dispatcher);
      await sleep(everyMs);
    }
    await dispatcher.close();
  });
  told.stop = async () => {
    working = false;
    await Promise.all(running);
  };
  return told;
}

const connector = {
  catalog_key: 'wordpress',
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
};
