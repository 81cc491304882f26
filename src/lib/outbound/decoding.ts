import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

/** Servers break off what they compress a little early now and then; what has arrived is taken all the same, as browsers do. */
const lenient = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const brotli = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };
/** RFC 9659, section 3. */
const zstd = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

const decoders: Record<string, () => Transform> = {
  gzip: () => createGunzip(lenient),
  'x-gzip': () => createGunzip(lenient),
  deflate: () => createInflate(lenient),
  br: () => createBrotliDecompress(brotli),
  zstd: () => createZstdDecompress(zstd),
};

const mostCodings = 5;

/** The body as it was before it was encoded for the way; what is encoded in another manner stays as it is. */
export function decoded(body: Readable, encoding: string | null): Readable {
  if (!encoding) return body;
  const made = encoding
    .toLowerCase()
    .split(',')
    .slice(0, mostCodings + 1)
    .map((coding) => decoders[coding.trim()]);
  if (!made.every((make) => make !== undefined)) return body;
  if (made.length > mostCodings) return body.destroy(new Error('too many codings'));
  const chain = made.toReversed().map((make) => make());
  return pipeline([body, ...chain], () => {}) as unknown as Readable;
}
