import { BlockList, isIP } from 'node:net';

/**
 * Reads addresses and CIDR ranges, e.g. `10.0.0.0/8` or `::1`.
 * @throws Error that names the entry which is neither
 */
export function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const version = isIP(address);
    const width = version === 6 ? 128 : 32;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (!version || prefix < 0 || prefix > width || entry.split('/').length > 2)
      throw new Error(`"${entry}" is neither an address nor a range such as 10.0.0.0/8`);
    list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/**
 * Who is calling. `X-Forwarded-For` counts only when the peer is one of our proxies, and is read from the right: the
 * first address that is no proxy of ours is the caller; what stands left of it anybody may have written.
 */
export function clientAddress(peer: string | undefined, forwardedFor: string | undefined, proxies: BlockList) {
  let address = plain(peer ?? '');
  if (!address) return null;
  if (!forwardedFor) return address;
  const hops = forwardedFor.split(',').map((hop) => plain(hop.trim()));
  while (hops.length && contains(proxies, address)) {
    const hop = hops.pop();
    if (!hop) break;
    address = hop;
  }
  return address;
}

/** The unit that limits count by: an IPv4 address, or the /64 that one IPv6 customer usually has for himself. */
export function addressBucket(address: string | null): string {
  if (!address || isIP(address) !== 6) return address ?? 'unknown';
  const [head = '', tail] = address.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(gap).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

const contains = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** The address without brackets, zone and IPv4-in-IPv6 wrapping; '' when it is none. */
function plain(text: string): string {
  const bare = text
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  const withoutPort = /^\d+\.\d+\.\d+\.\d+:\d+$/.test(bare) ? bare.replace(/:\d+$/, '') : bare;
  return isIP(withoutPort) ? withoutPort.toLowerCase() : '';
}
