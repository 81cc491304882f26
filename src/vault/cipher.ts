import { randomBytes } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { VaultError } from './errors.ts';

await sodium.ready;

const nonceBytes = sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
const tagBytes = sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES;

/** A JSON array: unlike joined texts it can be read in one way only. */
const bytesOf = (context: (string | number)[]) => Buffer.from(JSON.stringify(context));

/** XChaCha20-Poly1305: `nonce | ciphertext | tag`, which opens under the same key and context only. */
export function encrypt(key: Uint8Array, context: (string | number)[], plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, bytesOf(context), null, nonce, key);
  return Buffer.concat([nonce, sealed]);
}

/** @throws VaultError does_not_open */
export function decrypt(key: Uint8Array, context: (string | number)[], sealed: Uint8Array, what: string): Uint8Array {
  if (sealed.length < nonceBytes + tagBytes) throw new VaultError('does_not_open', `${what} is cut off.`);
  const nonce = sealed.subarray(0, nonceBytes);
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(nonceBytes),
      bytesOf(context),
      nonce,
      key,
    );
  } catch {
    throw new VaultError('does_not_open', `${what} does not open: it was damaged, moved, or sealed under another key.`);
  }
}

/** Overwrites bytes that are no longer needed; copies that the runtime made are out of reach. */
export const wipe = (bytes: Uint8Array) => sodium.memzero(bytes);
