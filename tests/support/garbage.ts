import { setTimeout as sleep } from 'node:timers/promises';

/** Lets the program listen for an inspector at this port of loopback, once it is asked to. */
export const inspectable = (port: number) => ({ NODE_OPTIONS: `--inspect-port=127.0.0.1:${port}` });

/** Makes an inspectable program collect all its garbage, so that what it holds is what it needs. */
export async function collectGarbage(pid: number, port: number): Promise<void> {
  process.kill(pid, 'SIGUSR1'); // opens the inspector; a second time it does nothing
  const socket = new WebSocket(await inspectorOf(port));
  await heard(socket, 'open');
  for (let id = 1; id <= 3; id++) {
    const answer = heard(socket, 'message');
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    await answer;
  }
  socket.close();
}

async function inspectorOf(port: number): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Record<string, string>[];
      return target?.webSocketDebuggerUrl ?? '';
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

const heard = (socket: WebSocket, event: 'open' | 'message') =>
  new Promise((resolve, reject) => {
    socket.addEventListener(event, resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('The inspector cannot be reached.')), { once: true });
  });
