import { createServer, type Socket } from 'node:net';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** Header lines and body, as they came. */
  raw: string;
  /** The body with its soft line breaks undone. */
  text: string;
}

export interface MailServer {
  /** As `SMTP_URL` takes it. */
  url: string;
  received: ReceivedMail[];
  /** Resolves with the first mail that comes after those that were there. */
  next(count: number): Promise<ReceivedMail>;
  close(): Promise<void>;
}

/** A mail server on loopback that takes everything but mail to `refused@…`, and keeps it (RFC 5321, as far as a client that behaves goes). */
export async function mailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const waiting: (() => void)[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    talk(socket, (mail) => {
      received.push(mail);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    next: async (count) => {
      while (received.length <= count) await new Promise<void>((resolve) => waiting.push(resolve));
      return received[count] as ReceivedMail;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function talk(socket: Socket, keep: (mail: ReceivedMail) => void) {
  let unread = '';
  let data: string[] | null = null;
  let envelope = { from: '', to: [] as string[] };
  const say = (line: string) => socket.write(`${line}\r\n`);
  const hear = (line: string) => {
    if (data && line === '.') {
      const raw = data.join('\n');
      keep({
        ...envelope,
        raw,
        text: raw
          .slice(raw.indexOf('\n\n') + 2)
          .replace(/=\n/g, '')
          .replace(/=3D/g, '='),
      });
      [data, envelope] = [null, { from: '', to: [] }];
      return say('250 kept');
    }
    if (data) return void data.push(line.replace(/^\.\./, '.'));
    const path = /<([^>]*)>/.exec(line)?.[1] ?? '';
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'MAIL') envelope.from = path;
    if (verb === 'RCPT' && path.startsWith('refused@')) return say('550 nobody here');
    if (verb === 'RCPT') envelope.to.push(path);
    if (verb === 'DATA') data = [];
    say(verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 ok');
    if (verb === 'QUIT') socket.end();
  };
  say('220 loopback');
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (unread + chunk).split('\r\n');
    unread = lines.pop() ?? '';
    for (const line of lines) hear(line);
  });
}
