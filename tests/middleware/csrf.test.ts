import { describe, expect, it } from 'vitest';
import { csrf } from '../../src/routes/middleware/csrf.ts';
import { tinyApp } from './tiny-app.ts';

const own = 'https://hub.example.com';
const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';
const types = [
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/json',
  'application/xml',
  '',
];
const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];

function send(headers: Record<string, string>, { method = 'POST', baseUrl = own } = {}) {
  const { app } = tinyApp();
  app.use(csrf({ baseUrl }));
  app.all('/', (c) => c.text('changed'));
  return app.request('/', { method, headers });
}

describe('another site', () => {
  for (const type of types)
    it.each(methods)(`may not %s with the type "${type}"`, async (method) => {
      const common = { 'content-type': type, 'user-agent': browser };
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site', origin: own },
        { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ])
        expect((await send({ ...common, ...(headers as Record<string, string>) }, { method })).status).toBe(403);
    });

  it.each([
    'https://hub.example.com.evil.example',
    'https://hub.example.com:444',
    'http://hub.example.com',
    'https://HUB.example.com.',
    'https://evil.example/https://hub.example.com',
    'https://hub.example.com@evil.example',
    '',
    ' ',
    'hub.example.com',
  ])('is not us when its origin is %j', async (origin) => {
    expect((await send({ origin, 'sec-fetch-site': 'same-origin' })).status).toBe(403);
  });

  it('is told which address to use, without an echo of what it sent', async () => {
    const { detail } = (await (await send({ origin: 'http://10.0.0.5:3000' })).json()) as { detail: string };
    expect(detail).toContain('came from http://10.0.0.5:3000');
    expect(detail).toContain(`Open ${own} instead, or set BASE_URL`);
    const hostile = (await (await send({ origin: 'https://x"><script>' })).json()) as { detail: string };
    expect(hostile.detail).not.toContain('<script>');
  });

  it('gains nothing by an invented key where keys open nothing', async () => {
    expect((await send({ origin: 'https://evil.example', authorization: 'Bearer pbk_invented' })).status).toBe(403);
  });
});

describe('our own pages and programs', () => {
  it.each([
    { 'sec-fetch-site': 'same-origin', origin: own, 'user-agent': browser },
    { 'sec-fetch-site': 'same-origin', 'user-agent': browser },
    { 'sec-fetch-site': 'none', 'user-agent': browser },
    { origin: own, 'user-agent': browser },
    { 'user-agent': 'curl/8.5' },
    { 'user-agent': browser },
    {},
  ] as Record<string, string>[])('may change things: %j', async (headers) => {
    expect((await send(headers)).status).toBe(200);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('may %s from anywhere', async (method) => {
    expect((await send({ 'sec-fetch-site': 'cross-site' }, { method })).status).toBe(200);
  });

  it('may call the same machine by another of its names, on the same port only', async () => {
    const baseUrl = 'http://127.0.0.1:3000';
    for (const origin of ['http://localhost:3000', 'http://[::1]:3000', baseUrl])
      expect((await send({ origin }, { baseUrl })).status).toBe(200);
    for (const origin of ['http://localhost:3001', 'https://localhost:3000', 'http://localhost.evil.example:3000'])
      expect((await send({ origin }, { baseUrl })).status).toBe(403);
    expect((await send({ origin: 'http://localhost:3000' })).status).toBe(403);
  });

  it('may use a base URL with a path', async () => {
    expect((await send({ origin: own }, { baseUrl: `${own}/hub` })).status).toBe(200);
  });
});
