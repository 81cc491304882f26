import { parseAllowedHosts } from '../lib/outbound/addresses.ts';
import type { OutboundPolicy } from '../lib/outbound/outbound.ts';
import { type Overrides, parseOverrides } from '../lib/outbound/overrides.ts';

interface Own {
  baseUrl: URL;
  port: number;
}

/** Where the hub may connect to, and what stands in for other origins. */
export function readOutbound(
  read: (name: string) => string | undefined,
  { baseUrl, port }: Own,
  problems: string[],
): OutboundPolicy {
  const tried = <T>(name: string, otherwise: T, parse: (text: string) => T): T => {
    try {
      return parse(read(name) ?? '');
    } catch (error) {
      problems.push(`${name} cannot be read: ${(error as Error).message}.`);
      return otherwise;
    }
  };
  const allowed = tried('ALLOWED_PRIVATE_HOSTS', [], parseAllowedHosts);
  const overrides = tried('UPSTREAM_OVERRIDES', parseOverrides(''), parseOverrides);
  problems.push(...plainTargets(overrides, baseUrl));
  return Object.freeze({ allowed, overrides, ownPort: port });
}

/** Credentials go to these targets, so a hub that others use must not send them in the clear. */
function plainTargets(overrides: Overrides, baseUrl: URL): string[] {
  if (isLoopback(baseUrl)) return [];
  const plain = overrides.entries().filter(([, target]) => target.startsWith('http:'));
  return plain.map(
    ([origin]) =>
      `UPSTREAM_OVERRIDES sends ${origin} to a plain http address; that is possible only while BASE_URL is on this machine. Use https.`,
  );
}

const isLoopback = ({ hostname }: URL) =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || /^(127\.|\[::1\]$)/.test(hostname);
