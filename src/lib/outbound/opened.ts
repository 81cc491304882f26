import type { Socket } from 'node:net';

const timeoutMs = 5_000;

/** The socket once it is open; it gets five seconds, and not longer than the signal allows. */
export function opened<T extends Socket>(
  socket: T,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const cancel = () => fail(signal.reason as Error);
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
    socket.setTimeout(timeoutMs, () => fail(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    socket.once('error', fail);
    socket.once('close', () => signal.removeEventListener('abort', cancel));
    socket.once(event, () => {
      socket.setTimeout(0);
      socket.off('error', fail).on('error', () => {});
      resolve(socket);
    });
  });
}
