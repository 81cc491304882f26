import { addressBucket, addressList, clientAddress } from '../../lib/client-address.ts';
import type { Env } from '../env.ts';
import { bringsBody } from './body-limit.ts';

type Incoming = NonNullable<Env['Bindings']['incoming']>;

export interface Body {
  incoming: Incoming;
  from: string;
}

interface Options {
  perAddress: number;
  altogether: number;
  /** Peers whose X-Forwarded-For is believed: addresses and ranges. */
  proxies?: readonly string[];
}

const nothing = () => {};

/**
 * Knows the bodies that are still on their way. Whoever sends theirs slowly, or never ends, holds memory for minutes: so that they take no
 * place from people who only look, there is a limit to how many do so, and a lower one for each address.
 */
export function unfinishedBodies({ perAddress, altogether, proxies = [] }: Options) {
  const trusted = addressList(proxies);
  const arriving = new Set<Body>();
  return {
    /** The request's body, if it brings one and the server can tell how far it has come. */
    of(request: Request, incoming: Incoming | undefined): Body | null {
      if (!incoming || !bringsBody(request)) return null;
      const forwardedFor = request.headers.get('x-forwarded-for') ?? undefined;
      return { incoming, from: addressBucket(clientAddress(incoming.socket?.remoteAddress, forwardedFor, trusted)) };
    },
    tooMany(body: Body | null): boolean {
      if (!body || arriving.size < perAddress) return false;
      let same = 0;
      for (const one of arriving) {
        if (one.incoming.complete) arriving.delete(one);
        else if (one.from === body.from) same += 1;
      }
      return same >= perAddress || arriving.size >= altogether;
    },
    /** @returns to be called when the request is answered */
    arrives(body: Body | null): () => void {
      if (!body) return nothing;
      arriving.add(body);
      return () => void arriving.delete(body);
    },
  };
}
