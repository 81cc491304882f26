import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Hub } from '../../context.ts';
import { systemIdentifier } from '../../db/queries/server.ts';
import type { Dial } from '../../drivers/driver.ts';
import { dial, placeOf } from '../../lib/outbound/dial.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import type { Destinations } from './destinations.ts';

interface Limits {
  destinations: Destinations;
  /** The call's deadline, and the caller going away. */
  signal: AbortSignal;
  /** The deadline as a moment of `performance.now()`. */
  endsAt: number;
}

/** What a driver dials with: the same destinations and the same addresses as for its guarded fetch. */
export function dialing(hub: Hub, { destinations, signal, endsAt }: Limits, count: () => void): Dial {
  const check = (destination: string) => {
    if (destinations.allows(destination)) return;
    const message = 'The connection would go to another address than the one that this connector was set up for.';
    throw new OutboundError('redirect_refused', message, false);
  };
  return {
    check,
    async open(destination) {
      check(destination);
      const place = placeOf(destination);
      if (!place) throw new OutboundError('blocked', 'Only a host and a port can be dialled.', false);
      count();
      return dial(hub.outbound.policy, place, signal, (address, port) => isOwnDatabase(hub, address, port));
    },
    isOwnServer: async (systemIdentifier) => (await ownIdentifier(hub)) === systemIdentifier,
    timeLeftMs: () => Math.max(0, endsAt - performance.now()),
  };
}

/** Whether the database that the hub lives on answers at this address; an embedded one has no address on the network. */
async function isOwnDatabase({ config }: Hub, address: string, port: number): Promise<boolean> {
  const urls = [config.databaseUrl, config.databaseAdminUrl].map((text) => (text ? URL.parse(text) : null));
  for (const url of urls) {
    if (!url?.hostname || port !== (Number(url.port) || 5432)) continue;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const own = isIP(host) ? [{ address: host }] : await lookup(host, { all: true }).catch(() => []);
    if (own.some((each) => each.address === address)) return true;
  }
  return false;
}

const identifiers = new WeakMap<Hub, Promise<string | null>>();

/** The identifier of the hub's own cluster; asked once. */
function ownIdentifier(hub: Hub): Promise<string | null> {
  const known = identifiers.get(hub) ?? systemIdentifier(hub.db.system);
  identifiers.set(hub, known);
  known.catch(() => identifiers.delete(hub));
  return known;
}
