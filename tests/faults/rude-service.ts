import { type AddressInfo, createServer, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const block = Buffer.alloc(64 * 1024, 'x');
/** 100 MB of zeros. */
const zeros = Buffer.alloc(100 * 1024 * 1024);
const bombs = { gzip: gzipSync(zeros), br: brotliCompressSync(zeros, { params: {} }) };

/** Writes a piece at a time until the other side has had enough. */
function keepWriting(socket: Socket, everyMs: number, piece: string | Buffer) {
  const timer = setInterval(() => socket.write(piece), everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** As fast as it is read, up to so many bytes. */
function pour(socket: Socket, bytes: number) {
  let left = bytes;
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      left -= block.length;
      if (!socket.write(block)) return void socket.once('drain', more);
    }
    socket.end();
  };
  more();
}

const answer = (socket: Socket, head: string, body: string | Buffer = '') => {
  socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`);
  socket.end(body);
};

/** What is done with a request's connection. */
const rudeness: Record<string, (socket: Socket) => void> = {
  hang: () => {},
  'one-byte-a-second': (socket) => {
    socket.write(`${ok}content-length: 1000000\r\n\r\n`);
    keepWriting(socket, 1_000, 'x');
  },
  'header-byte-a-second': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
    keepWriting(socket, 1_000, 'x');
  },
  'reset-at-once': (socket) => void socket.resetAndDestroy(),
  'reset-in-body': (socket) => {
    socket.write(`${ok}content-length: 1000\r\n\r\n{"half": `, () => socket.resetAndDestroy());
  },
  'ten-gigabytes': (socket) => {
    socket.write(`${ok}content-length: 10000000000\r\n\r\n`);
    pour(socket, 10_000_000_000);
  },
  'gzip-bomb': (socket) => answer(socket, `${ok}content-encoding: gzip\r\n`, bombs.gzip),
  'brotli-bomb': (socket) => answer(socket, `${ok}content-encoding: br\r\n`, bombs.br),
  'many-encodings': (socket) =>
    answer(socket, `${ok}content-encoding: ${Array(700).fill('gzip').join(', ')}\r\n`, bombs.gzip.subarray(0, 1_000)),
  'endless-headers': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    keepWriting(socket, 5, `x-more: ${'y'.repeat(500)}\r\n`);
  },
  'large-header': (socket) => answer(socket, `${ok}x-large: ${'y'.repeat(1_000_000)}\r\n`),
  'redirect-loop': (socket) => answer(socket, 'HTTP/1.1 302 Found\r\nlocation: /redirect-loop/again\r\n'),
  'redirect-inside': (socket) => answer(socket, 'HTTP/1.1 307 Moved\r\nlocation: http://169.254.169.254/latest/\r\n'),
  'status-500': (socket) => answer(socket, 'HTTP/1.1 500 Internal Server Error\r\n', 'broken'),
  'retry-in-a-century': (socket) => answer(socket, 'HTTP/1.1 503 Busy\r\nretry-after: 3153600000\r\n'),
  'retry-before-now': (socket) => answer(socket, 'HTTP/1.1 429 Too Many\r\nretry-after: -5\r\n'),
  garbage: (socket) => void socket.end(Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 256))),
  'close-without-word': (socket) => void socket.end(),
  'shorter-than-said': (socket) => void socket.end(`${ok}content-length: 5000\r\n\r\n{"cut":`),
  'broken-chunks': (socket) => void socket.end(`${ok}transfer-encoding: chunked\r\n\r\nzz\r\nnonsense\r\n`),
  'hints-for-ever': (socket) => keepWriting(socket, 5, 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n'),
  'never-closed': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<!doctype html>'),
  'deep-json': (socket) => answer(socket, ok, '['.repeat(2_000_000)),
  'html-as-json': (socket) =>
    answer(socket, ok, Buffer.from('\u00ef\u00bb\u00bf<!doctype html><title>Wartung für Übermorgen', 'latin1')),
};

export const manners = Object.keys(rudeness);

/** A server below HTTP that treats every request in this manner. */
export async function startRudeService(manner: string) {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    socket.on('data', () => rudeness[manner]?.(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ manner, url: `http://${host}`, host },
    sockets: () => open.size,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
