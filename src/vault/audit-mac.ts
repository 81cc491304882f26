import { createHash, createHmac, randomBytes } from 'node:crypto';
import { sameText } from '../lib/same-bytes.ts';

/** The key that seals the audit trail, as it stands among the hub's secrets. */
export const newAuditKey = (): string => randomBytes(32).toString('base64');

/** Tells keys apart and nothing about them. */
export const auditKeyId = (key: string): string =>
  createHash('sha256').update('patchbay audit key').update(key).digest('hex').slice(0, 16);

/** HMAC-SHA256 over the texts: each goes in with its length, so that they can be read in one way only. */
export function auditMac(key: string, texts: string[]): string {
  const mac = createHmac('sha256', Buffer.from(key, 'base64'));
  for (const text of texts) mac.update(`${Buffer.byteLength(text)}:`).update(text);
  return mac.digest('base64url');
}

/** Whether this is the MAC; none is never the one that is wanted. */
export const sameMac = (found: string | null, wanted: string): boolean => sameText(found ?? '', wanted);
