import { timingSafeEqual } from 'node:crypto';

/** Compares what proves something, such as a signature: the time that it takes tells nothing of how much is alike. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The same for texts. */
export const sameText = (a: string, b: string): boolean => sameBytes(Buffer.from(a), Buffer.from(b));
