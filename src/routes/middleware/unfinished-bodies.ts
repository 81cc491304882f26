import { addressBucket, addressList, clientAddress } from '../../lib/client-address.ts';
import type { Env } from '../env.ts';
import { bringsBody, largestBody } from './body-limit.ts';

type Incoming = NonNullable<Env['Bindings']['incoming']>;

export interface Body {
  incoming: Incoming;
  from: string;
  /** What it may come to. */
  bytes: number;
}

export interface Limits {
  bodies: number;
  bytes: number;
}

interface Options {
  perAddress: Limits;
  altogether: Limits;
  /** Peers whose X-Forwarded-For is believed: addresses and ranges. */
  proxies?: readonly string[];
}

const nothing = () => {};

/** Chunks do not tell what they come to, and without either header there is no body (RFC 9112, section 6.3). */
const bytesOf = ({ headers }: Request) =>
  headers.has('transfer-encoding') ? largestBody : Math.min(Number(headers.get('content-length')), largestBody);

/**
 * Knows the bodies that are still on their way. Whoever sends theirs slowly, or never ends, holds memory for minutes: so that they take no
 * place from people who only look, there is a limit to how many do so and to what they may send, and a lower one for each address.
 */
export function unfinishedBodies({ perAddress, altogether, proxies = [] }: Options) {
  const trusted = addressList(proxies);
  const arriving = new Set<Body>();
  let bytes = 0;
  const forget = (body: Body) => {
    if (arriving.delete(body)) bytes -= body.bytes;
  };
  return {
    /** The request's body, if it brings one and the server can tell how far it has come. */
    of(request: Request, incoming: Incoming | undefined): Body | null {
      if (!incoming || !bringsBody(request)) return null;
      const forwardedFor = request.headers.get('x-forwarded-for') ?? undefined;
      const from = addressBucket(clientAddress(incoming.socket?.remoteAddress, forwardedFor, trusted));
      return { incoming, from, bytes: bytesOf(request) };
    },
    tooMany(body: Body | null): boolean {
      if (!body || fits(body, { bodies: arriving.size, bytes }, perAddress)) return false;
      const same = { bodies: 0, bytes: 0 };
      for (const one of arriving) {
        if (one.incoming.complete) forget(one);
        else if (one.from === body.from) {
          same.bodies += 1;
          same.bytes += one.bytes;
        }
      }
      return !fits(body, same, perAddress) || !fits(body, { bodies: arriving.size, bytes }, altogether);
    },
    /** @returns to be called when the request is answered */
    arrives(body: Body | null): () => void {
      if (!body) return nothing;
      arriving.add(body);
      bytes += body.bytes;
      return () => forget(body);
    },
  };
}

const fits = (body: Body, there: Limits, limits: Limits) =>
  there.bodies < limits.bodies && there.bytes + body.bytes <= limits.bytes;
