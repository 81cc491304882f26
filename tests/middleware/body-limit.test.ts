import { expect, it } from 'vitest';
import { limitBody } from '../../src/routes/middleware/body-limit.ts';
import { tinyApp } from './tiny-app.ts';

function post(
  body: RequestInit['body'],
  options?: Parameters<typeof limitBody>[0],
  headers: Record<string, string> = {},
  path = '/',
) {
  const { app } = tinyApp();
  app.use(limitBody(options));
  app.post('*', async (c) => c.text(String((await c.req.text()).length)));
  return app.request(path, {
    method: 'POST',
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
}

function chunks(count: number, size: number) {
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === count) return controller.close();
      sent += 1;
      controller.enqueue(new Uint8Array(size).fill(97));
    },
  });
  return { stream, sent: () => sent };
}

it('lets a mebibyte through, and not a byte more', async () => {
  expect(await (await post('x'.repeat(1_048_576))).text()).toBe('1048576');
  const refused = await post('x'.repeat(1_048_577));
  expect(refused.status).toBe(413);
  expect(await refused.json()).toEqual({
    code: 'too_large',
    detail: 'The request is larger than 1 MiB. Send less at once.',
  });
});

it('refuses by the declared length, before a byte is read', async () => {
  const { stream, sent } = chunks(1000, 1000);
  expect((await post(stream, {}, { 'content-length': '1000000000' })).status).toBe(413);
  expect(sent()).toBeLessThan(3);
});

it('counts chunked bodies and stops reading at the limit', async () => {
  const { stream, sent } = chunks(1000, 1000);
  expect((await post(stream, { maxSize: 5_000 }, { 'transfer-encoding': 'chunked' })).status).toBe(413);
  expect(sent()).toBeLessThan(10);
  expect(await (await post(chunks(5, 1000).stream, { maxSize: 5_000 })).text()).toBe('5000');
});

it('does not mind requests without a body', async () => {
  expect((await post(null)).status).toBe(200);
});

it('takes four mebibytes of arguments where a tool is called, and nowhere else', async () => {
  const send = (path: string, size: number) => post('x'.repeat(size), {}, {}, path);
  const path = '/api/tools/postgresql.insert_many/execute';
  expect((await send(path, 4_194_304)).status).toBe(200);
  const refused = await send(path, 4_194_305);
  expect(refused.status).toBe(413);
  expect((await refused.json()).detail).toContain('larger than 4 MiB');
  for (const other of ['/connectors/1/tools/insert_many', '/api/connectors', '/mcp'])
    expect((await send(other, 1_048_577)).status).toBe(413);
});

it.each(['/assets/api/publish', '/x/connectors/1/operations', '/x/api/tools/a.b/execute'])(
  'has the small limit for what only ends like a larger one: %s',
  async (path) => {
    expect((await post('x'.repeat(1_048_577), {}, {}, path)).status).toBe(413);
  },
);
