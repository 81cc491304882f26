import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Upstream {
  url: string;
  host: string;
  /** How often each address was asked for, with its method. */
  counts: Map<string, number>;
  /** Ids of the messages to webhooks that were taken. */
  messages: Map<string, number>;
  sockets(): number;
  close(): Promise<void>;
}

type Manner = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A service that counts what really arrives, in the drill's own process, which nobody kills. */
export async function startUpstream(manner?: Manner): Promise<Upstream> {
  const counts = new Map<string, number>();
  const messages = new Map<string, number>();
  const add = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1);
  let open = 0;
  const server = createServer(async (request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    add(counts, `${request.method} ${request.url}`);
    const message = request.headers['webhook-id'];
    if (typeof message === 'string') add(messages, message);
    if (manner) return manner(request, response);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"taken":true}');
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('error', () => {});
    socket.once('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url: `http://${host}`, host, counts, messages },
    sockets: () => open,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
