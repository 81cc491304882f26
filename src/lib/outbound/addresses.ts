import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/** A host, with or without a port, or a range of addresses that may be reached although it is private. */
interface AllowedHost {
  host?: string;
  range?: [ipaddr.IPv4 | ipaddr.IPv6, number];
  port: number | null;
}

export type AllowedHosts = readonly AllowedHost[];

/**
 * Reads `host`, `host:port`, `[v6]:port` and CIDR ranges, separated by commas.
 * @throws Error that names the part which is none of these
 */
export function parseAllowedHosts(text: string): AllowedHosts {
  return text.split(',').flatMap((part) => (part.trim() ? [parseAllowedHost(part.trim().toLowerCase())] : []));
}

function parseAllowedHost(text: string): AllowedHost {
  if (ipaddr.isValidCIDR(text)) return { range: ipaddr.parseCIDR(text), port: null };
  if (ipaddr.isValid(text)) return { host: ipaddr.process(text).toString(), port: null };
  const [, host = '', port] = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const bare = host.replace(/^\[|\]$/g, '');
  if (!bare || Number(port ?? 1) > 65_535)
    throw new Error(`"${text}" is no host, host:port or range such as 10.0.0.0/8`);
  return {
    host: ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : bare,
    port: port === undefined ? null : Number(port),
  };
}

/** True for an address that anybody on the internet can reach; every other one is private, reserved or special. */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  // Of IPv6 only what is given out globally: ::127.0.0.1 and the like count as unicast, too.
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(ipaddr.IPv6.parse('2000::'), 3);
}

/** Link-local addresses, where clouds keep their machines' credentials, and the like of them; nobody can allow these. */
const forbidden = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128', '100.100.100.200/32', '0.0.0.0/8', '::/128'].map(
  (range) => ipaddr.parseCIDR(range),
);

/**
 * Whether the hub may connect to this address: a public one, or one that the operator allows by its name, its number or its range.
 * Never to metadata services or to the hub itself.
 */
export function mayConnect(
  { host, address, port }: { host: string; address: string; port: number },
  allowed: AllowedHosts,
  ownPort: number,
): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  if (forbidden.some((range) => within(ip, range)) || (port === ownPort && isOwn(ip))) return false;
  if (isPublicAddress(address)) return true;
  return allowed.some((each) => lists(each, { host, ip, port }));
}

/** Whether the operator has listed this very host, by its name or its number: what only a name leads to does not count. */
export function isListed({ host, port }: { host: string; port: number }, allowed: AllowedHosts): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  const ip = ipaddr.isValid(bare) ? ipaddr.process(bare) : null;
  return allowed.some((each) => lists(each, { host, ip, port }));
}

interface Named {
  host: string;
  ip: ipaddr.IPv4 | ipaddr.IPv6 | null;
  port: number;
}

function lists(each: AllowedHost, { host, ip, port }: Named): boolean {
  if (each.port !== null && each.port !== port) return false;
  if (each.range) return ip !== null && within(ip, each.range);
  return [host.toLowerCase().replace(/^\[|\]$/g, ''), ip?.toString()].includes(each.host ?? '');
}

const within = (ip: ipaddr.IPv4 | ipaddr.IPv6, [start, bits]: [ipaddr.IPv4 | ipaddr.IPv6, number]) =>
  ip.kind() === start.kind() && ip.match([start, bits] as [ipaddr.IPv4, number] & [ipaddr.IPv6, number]);

function isOwn(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() === 'loopback') return true;
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((each) => each.address));
  return own.some((address) => ipaddr.isValid(address) && ipaddr.process(address).toString() === ip.toString());
}
