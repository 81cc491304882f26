import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const shape = /^pbk_[0-9A-Za-z]{36}$/;

/** A new API key: `pbk_`, 30 random base62 digits (178 bits) and the six digits of their checksum. */
export function newApiKey(): string {
  const random = Array.from({ length: 30 }, () => digits[randomInt(digits.length)]).join('');
  return `pbk_${random}${checksum(random)}`;
}

/** Whether the text can be a key at all: a slip of the pen or a cut end is told from the checksum, without asking anybody. */
export const isApiKey = (text: string): boolean => shape.test(text) && checksum(text.slice(4, 34)) === text.slice(34);

/** What is stored of a key: its SHA-256 in hex. The key is random, so that no salt and no slow hash is needed. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The key's first characters, which tell one key from another and open nothing. */
export const prefixOf = (key: string): string => key.slice(0, 10);

/** The CRC-32 of the random part, in base62. */
function checksum(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let place = 0; place < 6; place++) {
    text = digits[rest % digits.length] + text;
    rest = Math.floor(rest / digits.length);
  }
  return text;
}
