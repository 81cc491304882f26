import { connect, type Socket } from 'node:net';
import { addressesOf, type OutboundPolicy } from './connect.ts';
import { blocked, explain } from './errors.ts';
import { opened } from './opened.ts';

export interface Place {
  /** Without brackets around an IPv6 address. */
  host: string;
  port: number;
}

/** Host and port of `scheme://host:port`; null for anything else, such as the path of a unix socket. */
export function placeOf(destination: string): Place | null {
  const url = URL.parse(destination);
  const port = Number(url?.port);
  if (!url?.hostname || !port || !/^[a-z]+:\/\/[^/?#@]+$/.test(destination)) return null;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/**
 * A TCP connection within the policy: the addresses that were checked are the ones that are tried, one after the other.
 * @param refuses further addresses that must not be reached
 * @throws OutboundError
 */
export async function dial(
  policy: OutboundPolicy,
  { host, port }: Place,
  signal: AbortSignal,
  refuses: (address: string, port: number) => Promise<boolean> = async () => false,
): Promise<Socket> {
  let failure: unknown;
  try {
    for (const { address } of await addressesOf(host, port, { policy, overridden: false })) {
      if (await refuses(address, port)) throw blocked();
      try {
        return await opened(connect({ host: address, port, noDelay: true }), 'connect', signal);
      } catch (error) {
        failure = error;
        if (signal.aborted) break;
      }
    }
  } catch (error) {
    failure = error;
  }
  throw explain(failure);
}
