import { type Argon2Parameters, argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import sodium from 'libsodium-wrappers';
import { VaultError } from './errors.ts';

await sodium.ready;

const magic = Buffer.from('PATCHBAY-BACKUP-1\n');
const saltBytes = 16;
const headerBytes = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES;
const overhead = sodium.crypto_secretstream_xchacha20poly1305_ABYTES;
const frameBytes = 65_536;
const {
  crypto_secretstream_xchacha20poly1305_TAG_FINAL: final,
  crypto_secretstream_xchacha20poly1305_TAG_MESSAGE: more,
} = sodium;

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

/** Argon2id with 64 MiB: a passphrase costs an attacker as much as it costs us. */
const keyFrom = (passphrase: string, nonce: Buffer) =>
  derive('argon2id', { message: passphrase, nonce, parallelism: 1, tagLength: 32, memory: 65_536, passes: 3 });

/** Encrypts a stream under a passphrase: `magic | salt | header | (length | frame)…`, the last frame marked as such. */
export async function* sealStream(passphrase: string, plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const start = Buffer.concat([magic, randomBytes(saltBytes)]);
  const key = await keyFrom(passphrase, start.subarray(magic.length));
  const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
  yield Buffer.concat([start, header]);
  const frame = (chunk: Buffer, tag: number) => {
    const sealed = sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, start, tag);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(sealed.length);
    return Buffer.concat([length, sealed]);
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of plain) {
    rest = Buffer.concat([rest, chunk]);
    for (; rest.length > frameBytes; rest = rest.subarray(frameBytes)) yield frame(rest.subarray(0, frameBytes), more);
  }
  yield frame(rest, final);
}

/** @throws VaultError does_not_open for another passphrase and for a file that was damaged or cut off; malformed when it is none of ours */
export async function* openStream(passphrase: string, sealed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const take = reader(sealed);
  const start = await take(magic.length + saltBytes);
  if (!start?.subarray(0, magic.length).equals(magic))
    throw new VaultError('malformed', 'This is no backup of Patchbay.');
  const key = await keyFrom(passphrase, start.subarray(magic.length));
  const header = await take(headerBytes);
  if (!header) throw cutOff();
  const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
  for (let frames = 0; ; frames++) {
    const length = (await take(4))?.readUInt32BE() ?? 0;
    const frame = length >= overhead && length <= frameBytes + overhead ? await take(length) : null;
    if (!frame) throw cutOff();
    const opened = sodium.crypto_secretstream_xchacha20poly1305_pull(state, frame, start);
    if (!opened) throw frames ? cutOff() : wrongPassphrase();
    yield Buffer.from(opened.message);
    if (opened.tag !== final) continue;
    if (await take(1)) throw cutOff();
    return;
  }
}

const cutOff = () => new VaultError('does_not_open', 'The backup is damaged or cut off. Use another copy of it.');
const wrongPassphrase = () =>
  new VaultError('does_not_open', 'The passphrase does not open this backup, or its beginning is damaged.');

/** Takes exactly so many bytes at a time; null when there are fewer left. */
function reader(chunks: AsyncIterable<Buffer>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return async (count: number): Promise<Buffer | null> => {
    while (rest.length < count) {
      const { value, done } = await iterator.next();
      if (done) return null;
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, count);
    rest = rest.subarray(count);
    return taken;
  };
}
