import { spelled, withoutTexts } from './passed-headers.ts';

/** Shorter ones are words as well, and bodies are full of words. */
const shortest = 8;
const telling = (secrets: string[]) => secrets.filter(({ length }) => length >= shortest);

/** The text of a body without the secrets in it: some services say back what they were sent. */
export const bodyWithoutTexts = (text: string, secrets: string[]): string => withoutTexts(text, telling(secrets));

/** The same while it streams. Of what has arrived only the possible beginning of a secret waits for what follows. */
export function streamWithoutTexts(body: ReadableStream<Uint8Array>, secrets: string[]): ReadableStream<Uint8Array> {
  const needles = spelled(telling(secrets)).map((secret) => Buffer.from(secret, 'utf8'));
  if (!needles.length) return body;
  let waiting = Buffer.alloc(0);
  const redacting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const bytes = redacted(Buffer.concat([waiting, chunk]), needles);
      const sure = bytes.length - begun(bytes, needles);
      if (sure) controller.enqueue(bytes.subarray(0, sure));
      waiting = bytes.subarray(sure);
    },
    flush(controller) {
      if (waiting.length) controller.enqueue(waiting);
    },
  });
  return body.pipeThrough(redacting as ReadableWritablePair<Uint8Array, Uint8Array>);
}

type Bytes = Buffer<ArrayBuffer>;

/** Byte by byte, whatever the body is written in. */
function redacted(bytes: Bytes, needles: Buffer[]): Bytes {
  const found = needles.filter((needle) => bytes.includes(needle));
  if (!found.length) return bytes;
  const clean = found.reduce(
    (text, needle) => text.replaceAll(needle.toString('latin1'), '[redacted]'),
    bytes.toString('latin1'),
  );
  return Buffer.from(clean, 'latin1');
}

/** How many of the last bytes may be the beginning of a secret. */
function begun(bytes: Bytes, needles: Buffer[]): number {
  return Math.max(
    ...needles.map((needle) => {
      const first = needle[0] ?? 0;
      for (let at = bytes.indexOf(first, Math.max(0, bytes.length - needle.length + 1)); at !== -1; ) {
        if (needle.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return bytes.length - at;
        at = bytes.indexOf(first, at + 1);
      }
      return 0;
    }),
  );
}
