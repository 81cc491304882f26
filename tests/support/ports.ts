import { createServer } from 'node:net';

/**
 * A TCP port of this machine that was free a moment ago.
 * @param besides how far from it other ports are that have to be free as well
 */
export async function freePort(besides: number[] = []): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const port = await listenOnce(0);
    const others = await Promise.all(besides.map((step) => listenOnce(port + step).catch(() => 0)));
    if (others.every(Boolean)) return port;
  }
  throw new Error(`No port is free beside which those at +${besides.join(', +')} are.`);
}

/** The port, or any when it is 0. */
function listenOnce(port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
