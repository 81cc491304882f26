import { lookup as resolve } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type AllowedHosts, isPublicAddress, mayConnect } from './addresses.ts';
import { blocked } from './errors.ts';
import type { Overrides } from './overrides.ts';

/** What decides where the hub may connect to. */
export interface OutboundPolicy {
  allowed: AllowedHosts;
  overrides: Overrides;
  /** The port that the hub itself listens on. */
  ownPort: number;
}

/** How one connection came to its address: by its own name, or in the place of another origin. */
export interface Route {
  policy: OutboundPolicy;
  overridden: boolean;
}

interface Address {
  address: string;
  family: number;
}

/**
 * All addresses of the host, checked: these very ones are dialled, so a name that changes its mind gains nothing.
 * @throws OutboundError blocked, or the resolver's error
 */
export async function addressesOf(host: string, port: number, route: Route): Promise<Address[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  const { policy, overridden } = route;
  if (!overridden && isTargetOf(policy.overrides, host, port)) throw blocked();
  const found = isIP(bare) ? [{ address: bare, family: isIP(bare) }] : await resolve(bare, { all: true });
  if (!overridden && (await meetsTarget(policy.overrides, found, port))) throw blocked();
  const fits = found.every(({ address }) => mayConnect({ host: bare, address, port }, policy.allowed, policy.ownPort));
  if (!fits || !found.length) throw blocked();
  return found;
}

const isTargetOf = (overrides: Overrides, host: string, port: number) =>
  ['http', 'https'].some((scheme) => {
    const url = URL.parse(`${scheme}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`);
    return url !== null && overrides.isTarget(url.origin);
  });

/** A target under another name, or another spelling of its number. Public ones anybody reaches, and others may share their address. */
async function meetsTarget(overrides: Overrides, found: Address[], port: number): Promise<boolean> {
  const inner = found.map(({ address }) => plain(address)).filter((address) => !isPublicAddress(address));
  if (!inner.length) return false;
  const targets = await Promise.all(
    overrides.targetsAt(port).map(async (host) => {
      const all = isIP(host) ? [{ address: host }] : await resolve(host, { all: true }).catch(() => []);
      return all.map(({ address }) => plain(address));
    }),
  );
  return targets.flat().some((address) => inner.includes(address));
}

/** One spelling for each address; an IPv4 one that is wrapped up in IPv6 is what it is. */
const plain = (address: string) => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : address);

/** The same as the `lookup` of a socket. It is not called for literal addresses: those are checked before. */
export const guardedLookup = (port: number, route: Route): LookupFunction =>
  ((host, options, done) => {
    addressesOf(host, port, route).then(
      (found) => {
        const [first] = found;
        if (options.all) (done as (error: null, all: Address[]) => void)(null, found);
        else done(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => done(error, '', 4),
    );
  }) as LookupFunction;
