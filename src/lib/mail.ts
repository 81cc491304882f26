import { Socket } from 'node:net';
import { deadlineIn } from './signals.ts';

/** How mail leaves the hub. */
export interface MailSettings {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
  url: string;
  /** The sender, such as `Patchbay <hub@example.com>`. */
  from: string;
}

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

const patienceMs = 10_000;
/** For the whole letter: a server that says a little every few seconds would hold the rest up for as long as it likes. */
const longestMs = 30_000;

/**
 * Sends one plain text. The library is loaded on first use: most hubs never send mail.
 * @throws Error when the server does not take it
 */
export async function sendMail(
  { url, from }: MailSettings,
  { to, subject, text }: Mail,
  { deadlineMs = longestMs } = {},
): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const patience = { connectionTimeout: patienceMs, greetingTimeout: patienceMs, socketTimeout: patienceMs };
  const server = new URL(url);
  const socket = new Socket();
  const time = deadlineIn(deadlineMs);
  time.signal.addEventListener('abort', () => socket.destroy(new Error('The time for this letter is up.')));
  const transport = createTransport({
    socket,
    host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(server.port) || (server.protocol === 'smtps:' ? 465 : 587),
    secure: server.protocol === 'smtps:',
    ...(server.username && {
      auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) },
    }),
    ...patience,
  });
  try {
    // An address object: what a text might mean beside an address is not parsed.
    await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
  } catch (error) {
    throw time.signal.aborted ? new Error(`The mail server took longer than ${deadlineMs / 1000} seconds.`) : error;
  } finally {
    time.clear();
    transport.close();
  }
}
