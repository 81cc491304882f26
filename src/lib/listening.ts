import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';

/**
 * Listens with several sockets at one address, among which the system spreads whoever connects. A socket hands over one connection in each
 * turn of the main thread (https://github.com/libuv/libuv/pull/3696): with one alone, whoever connects to a busy server waits a turn for each
 * before them, and from 511 on finds no place and tries again a second later. Only Linux is known to spread evenly; elsewhere it is one.
 * @param server an HTTP server, which gets the connections of all of them
 * @returns all that listen, each of which has to be closed
 * @throws Error of listening, EADDRINUSE also when the other one listens in this way
 */
export async function listenWidely(server: Server, { port, host }: Address, sockets = 16): Promise<Server[]> {
  if (process.platform !== 'linux') {
    await listening(server, { port, host });
    return [server];
  }
  await examine({ port, host });
  await listening(server, { port, host, reusePort: true });
  const same = { port: (server.address() as AddressInfo).port, host, reusePort: true };
  const more = Array.from({ length: sockets - 1 }, () => openedFor(server));
  await Promise.all(more.map((each) => listening(each, same)));
  return [server, ...more];
}

interface Address {
  port: number;
  host: string;
}

/** Sockets that may share their address share it with those of a second hub as well: one that may not would be refused. */
async function examine(address: Address) {
  const alone = createServer();
  await listening(alone, address);
  await once(alone.close(), 'close');
}

/** With the settings that Node gives to HTTP's own. */
function openedFor(server: Server): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
}

async function listening(server: Server, options: ListenOptions) {
  await once(server.listen(options), 'listening');
}
