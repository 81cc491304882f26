import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

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

/** Compares without telling by its time how much is alike. */
export function sameMac(found: string | null, wanted: string): boolean {
  const [a, b] = [Buffer.from(found ?? ''), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
