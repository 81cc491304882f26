import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openStream, sealStream, VaultError } from '../../src/vault/vault.ts';

const passphrase = 'correct horse battery staple';

async function* inPieces(bytes: Buffer, size = bytes.length || 1) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collected(pieces: AsyncIterable<Buffer>) {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

const seal = (plain: Buffer, size?: number) => collected(sealStream(passphrase, inPieces(plain, size)));
const open = (sealed: Buffer, size?: number, phrase = passphrase) =>
  collected(openStream(phrase, inPieces(sealed, size)));
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'it opens',
    (error: unknown) => (error instanceof VaultError ? `${error.code}: ${error.message}` : String(error)),
  );

const damaged = 'does_not_open: The backup is damaged or cut off. Use another copy of it.';
const wrong = 'does_not_open: The passphrase does not open this backup, or its beginning is damaged.';
const notOurs = 'malformed: This is no backup of Patchbay.';

const magicBytes = 18;
const headBytes = magicBytes + 16 + 24;
const frameBytes = 65_536;

/** Where the frames lie: each is its length and its bytes. */
function framesOf(sealed: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = headBytes; at < sealed.length; at += frames.at(-1)?.length ?? 0)
    frames.push(sealed.subarray(at, at + 4 + sealed.readUInt32BE(at)));
  return frames;
}

// Each opening costs what a passphrase has to cost an attacker, and more on a busy machine.
describe('a stream under a passphrase', { timeout: 60_000 }, () => {
  const plain = randomBytes(3 * frameBytes - 7);
  let sealed: Buffer;
  let frames: Buffer[];
  beforeAll(async () => {
    sealed = await seal(plain, 50_001);
    frames = framesOf(sealed);
  }, 60_000);
  const head = () => sealed.subarray(0, headBytes);
  const put = (...parts: (Buffer | undefined)[]) =>
    Buffer.concat([head(), ...parts.filter((each) => each !== undefined)]);

  it('opens as it was, in whatever pieces it comes, and shows nothing of it before', async () => {
    expect(frames.map((frame) => frame.length)).toEqual([frameBytes + 21, frameBytes + 21, frameBytes - 7 + 21]);
    expect((await open(sealed, 1_009)).equals(plain)).toBe(true);
    for (let at = 0; at < plain.length; at += 4_096) expect(sealed.includes(plain.subarray(at, at + 16))).toBe(false);
  });

  it.each([0, frameBytes, frameBytes + 1])('takes %i bytes', async (length) => {
    const bytes = randomBytes(length);
    expect((await open(await seal(bytes))).equals(bytes)).toBe(true);
  });

  it('is another one each time', async () => {
    const again = await seal(plain);
    expect(again.subarray(0, magicBytes).equals(sealed.subarray(0, magicBytes))).toBe(true);
    expect(again.subarray(magicBytes, headBytes).equals(sealed.subarray(magicBytes, headBytes))).toBe(false);
    expect(again.subarray(headBytes, headBytes + 64).equals(sealed.subarray(headBytes, headBytes + 64))).toBe(false);
  });

  it('opens under no other passphrase, and tells damage from that', async () => {
    expect(await failureOf(open(sealed, undefined, `${passphrase} `))).toBe(wrong);
    for (const at of [magicBytes, magicBytes + 16, headBytes + 4]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect([at, await failureOf(open(changed))]).toEqual([at, wrong]);
    }
    const later = Buffer.from(sealed);
    later[later.length - 1] = (later.at(-1) ?? 0) ^ 1;
    expect(await failureOf(open(later))).toBe(damaged);
  });

  it('does not open when it was cut, prolonged or put together anew', async () => {
    const [one, two, last] = frames;
    const cuts = [headBytes - 1, headBytes + 3, sealed.length - 1];
    for (const cut of cuts) expect([cut, await failureOf(open(sealed.subarray(0, cut)))]).toEqual([cut, damaged]);
    for (const [what, forged] of Object.entries({
      'the end is missing': put(one, two),
      'something follows': put(one, two, last, Buffer.from([0])),
      'a frame is missing': put(one, last),
      'two changed places': put(one, last, two),
    }))
      expect([what, await failureOf(open(forged))]).toEqual([what, damaged]);
    expect(await failureOf(open(put(two, last)))).toBe(wrong);
  });

  it('believes no length that no frame has, and reads nothing for it', async () => {
    for (const length of [16, frameBytes + 18]) {
      const says = Buffer.alloc(4);
      says.writeUInt32BE(length);
      const endless = async function* () {
        yield Buffer.concat([head(), says]);
        throw new Error('More was read.');
      };
      expect([length, await failureOf(collected(openStream(passphrase, endless())))]).toEqual([length, damaged]);
    }
  });

  it('calls what is none malformed', async () => {
    for (const none of ['', 'PATCHBAY', 'PATCHBAY-BACKUP-2\n and so on and so forth and on', 'x'.repeat(200)])
      expect([none, await failureOf(open(Buffer.from(none)))]).toEqual([none, notOurs]);
  });

  it('hands on what it has before the rest is there', async () => {
    const source = async function* () {
      yield plain.subarray(0, frameBytes + 1);
      throw new Error('the rest is not there');
    };
    const pieces = sealStream(passphrase, source());
    expect((await pieces.next()).value).toHaveLength(headBytes);
    expect((await pieces.next()).value).toHaveLength(frameBytes + 21);
    await expect(pieces.next()).rejects.toThrow('the rest is not there');
  });
});
