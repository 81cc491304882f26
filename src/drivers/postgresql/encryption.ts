import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { explain, OutboundError } from '../../lib/outbound/errors.ts';
import { opened } from '../../lib/outbound/opened.ts';
import { ServiceError } from '../driver.ts';
import type { Settings } from './settings.ts';

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * The connection as the TLS mode wants it; the modes mean what they mean to libpq.
 * @throws ServiceError with the field to mend, OutboundError when the connection breaks off
 */
export async function encrypt(socket: Socket, settings: Settings, signal: AbortSignal): Promise<Socket> {
  const { sslMode } = settings;
  if (sslMode === 'disable') return socket;
  const answer = await ask(socket, signal);
  if (answer === 'S') return secured(socket, settings, signal);
  if (answer === 'N' && sslMode === 'prefer') return socket;
  socket.destroy();
  if (answer === 'N')
    throw new ServiceError('service', 'The server offers no encryption. Turn it on there, or choose a weaker mode.', {
      field: 'config.sslmode',
    });
  throw new ServiceError('service', 'What answers at this address is no PostgreSQL server.', { field: 'config.port' });
}

/** The one byte of the answer. Anything after it was not encrypted and would be taken for what was: such an answer is refused. */
function ask(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      socket.off('data', read).off('close', close).off('error', close);
      signal.removeEventListener('abort', cancel);
      clearTimeout(timer);
      settled();
    };
    const fail = (error: unknown) =>
      settle(() => {
        socket.destroy();
        reject(explain(error));
      });
    const read = (data: Buffer) => settle(() => resolve(data.toString('latin1')));
    const close = () => fail(new OutboundError('broken_off', 'The server ended the connection at once.', false));
    const cancel = () => fail(signal.reason);
    const timer = setTimeout(() => fail(silent()), answerMs);
    if (signal.aborted) return cancel();
    socket.on('data', read).on('close', close).on('error', close);
    signal.addEventListener('abort', cancel, { once: true });
    socket.write(sslRequest);
  });
}

/** How long a server may take to say something for the first time. */
export const answerMs = 5_000;
export const silent = () =>
  new OutboundError('timeout', 'The server takes connections, but says nothing. Is it PostgreSQL?', false);

async function secured(socket: Socket, settings: Settings, signal: AbortSignal): Promise<Socket> {
  const { host, sslMode, tls } = settings;
  const checked = sslMode === 'verify-full' || sslMode === 'verify-ca';
  const name = tls?.server_name ?? host;
  const options: ConnectionOptions = {
    socket,
    host: name,
    ...(!isIP(name) && { servername: name }),
    ...(tls?.cert && { cert: tls.cert, key: tls.key }),
    ...(checked && tls?.ca && { ca: tls.ca }),
    rejectUnauthorized: checked,
    ...(sslMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
  try {
    return await opened(connect(options), 'secureConnect', signal);
  } catch (error) {
    socket.destroy();
    throw tlsFailure(error);
  }
}

/** What a failure of TLS means, with the field to mend; anything else as it is. */
export function tlsFailure(error: unknown): unknown {
  const told = explain(error);
  if (told.code !== 'tls') return told;
  return new ServiceError('service', told.message, {
    field: told.mend ? `config.tls.${told.mend}` : 'config.port',
    cause: told,
  });
}
