import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What a secret of ours is for, as its first letters: an API key; or what an app got, a code, an access token, a refresh token. */
export type TokenPrefix = 'pbk' | 'pbc' | 'pba' | 'pbr';

/** A new secret: the prefix, `_`, 30 random base62 digits (178 bits) and the six digits of their checksum. */
export function newToken(prefix: TokenPrefix): string {
  const random = Array.from({ length: 30 }, () => digits[randomInt(digits.length)]).join('');
  return `${prefix}_${random}${checksum(random)}`;
}

/** Whether the text can be such a secret at all: a slip of the pen or a cut end is told from the checksum, without asking anybody. */
export const isToken = (prefix: TokenPrefix, text: string): boolean =>
  text.startsWith(`${prefix}_`) &&
  /^[0-9A-Za-z]{36}$/.test(text.slice(4)) &&
  checksum(text.slice(4, 34)) === text.slice(34);

export const newApiKey = (): string => newToken('pbk');
export const isApiKey = (text: string): boolean => isToken('pbk', text);

/** What is stored of a key: its SHA-256 in hex. The key is random, so that no salt and no slow hash is needed. */
export const hashApiKey = (key: string): string => hash('sha256', key);

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
