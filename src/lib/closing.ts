import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

interface Options {
  /** How long requests that are under way may take; then they are cut off. */
  drainMs?: number;
  /** How long idle connections stay open: what clients sent before they knew still arrives for a moment. */
  lingerMs?: number;
  /** How long to wait for a moment in which nothing comes in; then any moment will do. */
  crowdedMs?: number;
}

interface Connection {
  answers: Set<ServerResponse>;
  /** Bytes it had sent when its last answer was over: more than that is a request, whole or in part. */
  settled: number;
}

/**
 * Returns what closes all that listen for the server and then its connections, and cuts off no request: each one is answered, or its
 * connection was refused before it could be sent. Connections are told with their next answer that it is the last; those with nothing
 * under way are closed when the last answer was over `lingerMs` ago. Resolves when none is left.
 *
 * Node's own `close` and `closeIdleConnections` would reset requests that were sent and not read yet, cut off an answer that its reader
 * has not fetched yet, and leave connections that somebody opened in reserve.
 * @param server before it listens
 */
export function closerOf(
  server: Server,
  { drainMs = 6_000, lingerMs = 300, crowdedMs = 3_000 }: Options = {},
): (listeners: TcpServer[]) => Promise<void> {
  const connections = new Map<Socket, Connection>();
  let afterAnswer = () => {};
  server.on('connection', (socket) => {
    connections.set(socket, { answers: new Set(), settled: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, answer) => {
    const connection = connections.get(socket);
    connection?.answers.add(answer);
    answer.once('close', () => {
      connection?.answers.delete(answer);
      if (connection) connection.settled = socket.bytesRead;
      afterAnswer();
    });
  });
  const sayLast = (answer: ServerResponse) => void (answer.headersSent || answer.setHeader('Connection', 'close'));
  const closeIdle = () => {
    for (const [socket, { answers, settled }] of connections)
      if (!answers.size && socket.bytesRead === settled) socket.destroy();
  };
  return async (listeners) => {
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
    for (const { answers } of connections.values()) answers.forEach(sayLast);
    server.prependListener('request', (_request, answer) => sayLast(answer));
    const closed = Promise.all(listeners.map((each) => new Promise((resolve) => each.once('close', resolve))));
    const serveHeld = hold(server); // if more were begun meanwhile, there might always be something that waits
    const crowdedUntil = performance.now() + crowdedMs;
    for (const each of listeners) {
      await nothingWaits(crowdedUntil);
      TcpServer.prototype.close.call(each);
    }
    serveHeld();
    const linger = setTimeout(() => void nothingWaits(performance.now() + crowdedMs).then(closeIdle), lingerMs).unref();
    afterAnswer = () => void linger.refresh();
    await closed;
  };
}

/** Takes connections and does not serve them until what it returns is called. */
function hold(server: Server): () => void {
  const held: Socket[] = [];
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  const keep = (socket: Socket) => void held.push(socket.on('error', () => {})); // it may go away meanwhile
  server.removeAllListeners('connection').on('connection', keep);
  return () => {
    server.off('connection', keep);
    for (const each of listeners) server.on('connection', each);
    for (const socket of held) if (!socket.destroyed) server.emit('connection', socket);
  };
}

/**
 * Resolves in a turn of the event loop that found nothing to take and nothing to read, or when it is `until` in any. The system resets
 * whoever waits in the line of a socket that is closed: under load that is somebody at nearly every moment, since a turn takes one
 * connection of each and many milliseconds. Right after such a turn it is whoever comes within the next few microseconds.
 */
async function nothingWaits(until: number): Promise<void> {
  for (let before = -1; performance.now() < until; ) {
    await setImmediate(); // the loop looks once between two of these
    const { events } = performance.nodeTiming.uvMetricsInfo;
    if (events === before) return;
    before = events;
  }
}
