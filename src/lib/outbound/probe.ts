import { connect as dial, isIP } from 'node:net';
import { connect as secure } from 'node:tls';
import type { TlsSettings } from './agents.ts';
import { addressesOf, type OutboundPolicy } from './connect.ts';
import { explain, type OutboundError } from './errors.ts';
import { opened } from './opened.ts';

/** The first steps of every check: is there an address, does it take a connection, can it be trusted. */
export interface ProbeStep {
  name: 'address' | 'connection' | 'tls';
  durationMs: number;
  /** What went wrong; the later steps were not tried then. */
  error?: OutboundError;
}

/** Goes as far as TLS and sends nothing; the steps that were tried, the last one with what went wrong. */
export async function probe(
  origin: string,
  policy: OutboundPolicy,
  tls: TlsSettings | undefined,
  signal: AbortSignal,
): Promise<ProbeStep[]> {
  const known = new URL(origin);
  const url = policy.overrides.forward(known);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const steps: ProbeStep[] = [];
  const step = async <T>(name: ProbeStep['name'], work: () => Promise<T>): Promise<T | null> => {
    const started = performance.now();
    const took = () => Math.round(performance.now() - started);
    try {
      const result = await work();
      steps.push({ name, durationMs: took() });
      return result;
    } catch (error) {
      steps.push({ name, durationMs: took(), error: explain(error) });
      return null;
    }
  };
  const route = { policy, overridden: url !== known };
  const found = await step('address', () => addressesOf(url.hostname, port, route));
  const [first] = found ?? [];
  const socket =
    first && (await step('connection', () => opened(dial({ host: first.address, port }), 'connect', signal)));
  if (socket && url.protocol === 'https:') {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const servername = tls?.server_name ?? (isIP(host) ? undefined : host);
    const options = { socket, host, servername, ca: tls?.ca, cert: tls?.cert, key: tls?.key };
    await step('tls', async () => opened(secure(options), 'secureConnect', signal));
  }
  socket?.destroy();
  return steps;
}
