import { createHash } from 'node:crypto';
import type { Values } from './driver.ts';

// What settings say of where a connector’s secrets go, and by whom it is authorised.

/** The origin of a token endpoint, marked as one: client secrets go there, and not to the API beside it. */
export const tokenOrigin = (address: unknown): string[] => originsOf(address).map((origin) => `${origin} for tokens`);

/** The origin of an address, or nothing when it is none; what `destinations` answers are made of. */
export function originsOf(...addresses: unknown[]): string[] {
  const origins = addresses.flatMap((text) => {
    const url = typeof text === 'string' ? URL.parse(text) : null;
    return url && ['http:', 'https:'].includes(url.protocol) && url.host ? [url.origin] : [];
  });
  return [...new Set(origins)];
}

/**
 * The destinations, and with each what lets another server pose as it: the name and the certificates that the `tls` group has it
 * take for the right ones. Part of the set that is sealed with a secret, so changing them asks for the secret again.
 */
export function trusting(destinations: string[], { tls: group }: Values): string[] {
  const { ca, server_name } = (typeof group === 'object' && group !== null ? group : {}) as Values;
  const marks = [
    ...(typeof server_name === 'string' ? [`under the name ${server_name}`] : []),
    ...(typeof ca === 'string' ? [`trusting the certificate authority ${fingerprint(ca)}`] : []),
  ];
  return [...destinations, ...destinations.flatMap((at) => marks.map((mark) => `${at} ${mark}`))];
}

const fingerprint = (pem: string) => createHash('sha256').update(pem.replace(/\s+/g, '')).digest('hex').slice(0, 16);

/** The host of an address for one line on a card, with the port when it is not the usual one. */
export const hostOf = (text: unknown): string => (typeof text === 'string' && URL.parse(text)?.host) || '';

/** True for a grant that a person must give at the service. */
export const authorisedByPerson = (auth: Values): boolean => auth.method === 'oauth2';
