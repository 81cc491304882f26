import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Agent, buildConnector } from 'undici';
import { addressesOf, guardedLookup, type OutboundPolicy, type Route } from './connect.ts';

/** How the hub trusts a server, and proves itself to it: PEM texts. Verification has no off switch. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  server_name?: string;
}

const connectTimeoutMs = 5_000;
const maxAgents = 200;

/** Pools of connections: one for each way of trusting servers, and for each way that an address came about. */
export class Agents {
  readonly #policy: OutboundPolicy;
  readonly #agents = new Map<string, Promise<Agent>>();

  constructor(policy: OutboundPolicy) {
    this.#policy = policy;
  }

  get(tls: TlsSettings | undefined, overridden: boolean): Promise<Agent> {
    const key = `${overridden} ${tls ? createHash('sha256').update(JSON.stringify(tls)).digest('hex') : ''}`;
    const found = this.#agents.get(key) ?? makeAgent({ policy: this.#policy, overridden }, tls);
    this.#agents.delete(key);
    this.#agents.set(key, found);
    const [oldest] = this.#agents;
    if (this.#agents.size > maxAgents && oldest) {
      this.#agents.delete(oldest[0]);
      void oldest[1].then((agent) => agent.close());
    }
    return found;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map(async (agent) => (await agent).destroy()));
  }
}

async function makeAgent(route: Route, tls: TlsSettings | undefined): Promise<Agent> {
  const undici = await import('undici'); // late: a hub that calls nobody does not pay for it
  const connect = guarded(undici.buildConnector, route, tls);
  return new undici.Agent({ connect, connections: 64, pipelining: 1, headersTimeout: 300_000, bodyTimeout: 300_000 });
}

function guarded(build: typeof buildConnector, route: Route, tls: TlsSettings | undefined): buildConnector.connector {
  const options = {
    timeout: connectTimeoutMs,
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.cert && { cert: tls.cert, key: tls.key }),
    ...(tls?.server_name && { servername: tls.server_name }),
  };
  return (target, done) => {
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
    const dial = build({ ...options, lookup: guardedLookup(port, route) });
    if (!isIP(target.hostname.replace(/^\[|\]$/g, ''))) return dial(target, done);
    // Dialling throws at once for certificates that cannot be used.
    addressesOf(target.hostname, port, route)
      .then(() => dial(target, done))
      .catch((error: Error) => done(error, null));
  };
}
