import { setTimeout as pass } from 'node:timers/promises';
import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/routes/env.ts';
import { mountProbes } from '../../src/routes/probes.ts';
import { from, tinyApp } from '../middleware/tiny-app.ts';

function probed(ping: () => Promise<unknown> = async () => {}, metricsToken: string | null = null) {
  const { app, metrics } = tinyApp();
  mountProbes(app, { db: { ping: ping as () => Promise<void> }, config: { metricsToken } }, metrics);
  return app as Hono<Env>;
}

describe('/readyz', () => {
  it('asks the database once for all who ask at the same time, and again later', async () => {
    let asked = 0;
    let answers = true;
    const app = probed(async () => {
      asked += 1;
      await pass(20);
      if (!answers) throw new Error('away');
    });
    const probe = async () => {
      const response = await app.request('/readyz');
      return [response.status, await response.text()];
    };
    expect(await Promise.all(Array.from({ length: 50 }, probe))).toEqual(Array(50).fill([200, 'yes\n']));
    expect([await probe(), asked]).toEqual([[200, 'yes\n'], 1]);
    answers = false;
    await expect.poll(probe, { timeout: 10_000 }).toEqual([503, 'no\n']);
    expect(asked).toBe(2);
    answers = true;
    await expect.poll(probe, { timeout: 10_000 }).toEqual([200, 'yes\n']);
  });
});

describe('/metrics without METRICS_TOKEN', () => {
  const read = async (host: string, peer = '127.0.0.1', more: Record<string, string> = {}) =>
    (await probed().request('/metrics', { headers: { host, ...more } }, from(peer))).status;

  it.each(['127.0.0.1:3000', 'localhost', 'LOCALHOST:3000', '[::1]:3000', '127.9.9.9'])(
    'is there for this machine under its own name %s',
    async (host) => {
      expect(await read(host)).toBe(200);
      expect(await read(host, '::1')).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'hub.example:3000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.evil',
    '',
    'a b',
  ])('is refused under the name %j, which a page of another site may give to this machine', async (host) =>
    expect(await read(host)).toBe(403),
  );

  it('is refused to other machines and through a proxy', async () => {
    expect(await read('127.0.0.1', '203.0.113.7')).toBe(403);
    expect(await read('127.0.0.1', '127.0.0.1', { 'x-forwarded-for': '203.0.113.7' })).toBe(403);
  });
});

it('/metrics with METRICS_TOKEN takes its bearer under any name', async () => {
  const ask = async (authorization: string) =>
    (await probed(undefined, 'm3trics').request('/metrics', { headers: { host: 'hub.example', authorization } }))
      .status;
  expect([await ask('Bearer m3trics'), await ask('Bearer wrong'), await ask('')]).toEqual([200, 401, 401]);
});

it('probes and metrics answer programs in plain text, also when they refuse', async () => {
  const app = probed(undefined, 'm3trics');
  const refused = await app.request('/metrics', { headers: { host: 'hub.example' } });
  expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  expect([refused.status, refused.headers.get('content-type'), await refused.text()]).toEqual([
    401,
    'text/plain; charset=UTF-8',
    'Send the METRICS_TOKEN as bearer token.\n',
  ]);
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const posted = await app.request(path, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  }
});
