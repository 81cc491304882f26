import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { sendMail } from '../../src/lib/mail.ts';

it('gives up on a mail server that always has a little more to say, and hangs up', async () => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    socket.write('220 loopback\r\n');
    // An answer of many lines (RFC 5321, section 4.2.1): each keeps the connection from being idle.
    const talking = setInterval(() => socket.write('250-one moment please\r\n'), 50);
    socket.on('close', () => {
      clearInterval(talking);
      open.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `smtp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const letter = { to: 'ada@example.com', subject: 'Hello', text: 'Hello' };
  const sent = sendMail({ url, from: 'hub@example.com' }, letter, { deadlineMs: 1_000 });
  await expect(sent).rejects.toThrow('took longer than 1 seconds');
  await expect.poll(() => open.size, { timeout: 10_000 }).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});
