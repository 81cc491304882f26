import { rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import path from 'node:path';
import type { ServerAddress } from '../../src/db/connection.ts';
import { temporaryDirectory } from './postgres.ts';

/** What happens to what the client sends from now on. */
type Behaviour =
  | 'pass'
  /** Nothing arrives on either side, and nobody is told. */
  | 'swallow'
  /** The server gets the COMMIT, the client is cut off before the answer. */
  | 'lose the answer to commit'
  /** The client is cut off before the server gets the COMMIT. */
  | 'lose the commit'
  /** The client is cut off within the rows of an answer. */
  | 'cut a long answer';

/** A wire between the client and the server that can fail. */
export async function databaseProxy(server: ServerAddress) {
  const dir = temporaryDirectory('proxy');
  const target = path.join(server.host, `.s.PGSQL.${server.port}`);
  const open = new Set<Socket>();
  const state: { behaviour: Behaviour } = { behaviour: 'pass' };
  const listener = createServer((client) => join(client, dial(target), state, open));
  await new Promise<void>((resolve) => listener.listen(path.join(dir, '.s.PGSQL.5432'), resolve));
  return {
    address: { ...server, host: dir, port: 5432 },
    behave: (behaviour: Behaviour) => {
      state.behaviour = behaviour;
    },
    connections: () => open.size,
    close: () => {
      for (const socket of open) socket.destroy();
      listener.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function join(client: Socket, upstream: Socket, state: { behaviour: Behaviour }, open: Set<Socket>) {
  open.add(client);
  const cut = () => {
    open.delete(client);
    client.destroy();
    upstream.destroy();
  };
  let deaf = false;
  let room = 10_000;
  client.on('data', (data) => {
    const commits = data.includes('commit');
    if (state.behaviour === 'swallow') return;
    if (state.behaviour === 'lose the commit' && commits) return cut();
    deaf ||= state.behaviour === 'lose the answer to commit' && commits;
    upstream.write(data);
  });
  upstream.on('data', (data) => {
    if (deaf) return cut();
    if (state.behaviour === 'swallow' || room <= 0) return;
    if (state.behaviour !== 'cut a long answer') return client.write(data);
    // The server may send its rows in one piece or in many small ones, so they are counted.
    room -= data.length;
    if (room > 0) client.write(data);
    else client.end(data.subarray(0, room + data.length));
  });
  for (const socket of [client, upstream]) socket.on('close', cut).on('error', cut);
}
