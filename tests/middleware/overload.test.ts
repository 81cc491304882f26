import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loopUse } from '../../src/lib/load-gauges.ts';
import { refuseOverload } from '../../src/routes/middleware/overload.ts';
import { tinyApp } from './tiny-app.ts';

/** An app whose requests wait until they are let go, and which says of itself what the test wants. */
function busy(options: { most?: number; aheadS?: number; longMs?: number } = {}) {
  const { app, metrics, lines, log } = tinyApp();
  const says = { waitedMs: 0, use: 0 };
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const db = { waitedMs: () => says.waitedMs };
  app.fetch = refuseOverload({
    ...{ db, metrics, log, use: () => says.use },
    refusal: (_request, { status, code, message, retryAfter }) =>
      Response.json({ code, detail: message, retry_after: retryAfter }, { status }),
    exempt: ['/healthz', '/assets/'],
    few: 5,
    aheadS: 0,
    ...options,
  })(app.fetch);
  app.get('/slow', async (c) => {
    await held;
    return c.text('done');
  });
  app.get('/fails', () => {
    throw new Error('no');
  });
  app.get('*', (c) => c.text('ok'));
  const slow = (count: number) => Array.from({ length: count }, () => app.request('/slow'));
  const status = async (path = '/') => (await app.request(path)).status;
  return { app, metrics, lines, says, slow, status, letGo: () => letGo() };
}

describe('what the hub would not come to', () => {
  it('is refused with a moment to come back, and let in again once there is room', async () => {
    const { app, says, slow, status, letGo, metrics } = busy();
    says.use = 1;
    const running = slow(5);
    const answer = await app.request('/');
    expect(answer.status).toBe(503);
    const { code, detail, retry_after } = await answer.json();
    expect([code, detail]).toEqual(['overloaded', expect.stringMatching(/Try again in a few seconds/)]);
    expect([1, 2, 3]).toContain(retry_after);
    letGo();
    expect((await Promise.all(running)).map((each) => each.status)).toEqual(Array(5).fill(200));
    expect(await status()).toBe(200);
    expect((await metrics.metricsText()).body).toContain('patchbay_refused_requests_total{reason="processor"} 1');
  });

  it('is refused while connections to the database are waited for', async () => {
    const { says, slow, status, metrics } = busy();
    says.waitedMs = 300;
    slow(5);
    expect(await status()).toBe(503);
    says.waitedMs = 200;
    expect(await status()).toBe(200);
    expect((await metrics.metricsText()).body).toContain('{reason="database"} 1');
  });

  it('is not refused while few are under way, or many that only wait for a service', async () => {
    const { says, slow, status } = busy();
    Object.assign(says, { use: 1, waitedMs: 5_000 });
    slow(4);
    expect(await status()).toBe(200);
    Object.assign(says, { use: 0.5, waitedMs: 0 });
    slow(200);
    expect(await status()).toBe(200);
  });

  it('is not refused while it is no more than was answered just before', async () => {
    const { says, slow, status } = busy({ aheadS: 1_000 });
    says.use = 1;
    slow(5);
    const one = await status(); // nothing was answered yet
    await pass(1_100);
    expect([one, await status(), await status('/healthz')]).toEqual([503, 503, 200]);
    says.use = 0;
    await status();
    await pass(1_100);
    says.use = 1;
    expect(await status()).toBe(200);
  });

  it('does not count what waits so long that it cannot be for the hub', async () => {
    const { says, slow, status } = busy({ longMs: 50 });
    says.use = 1;
    slow(5);
    expect(await status()).toBe(503);
    await pass(100);
    slow(3);
    expect(await status()).toBe(200);
  });

  it('is refused from a number on, however calm it is', async () => {
    const { slow, status } = busy({ most: 50 });
    slow(50);
    expect(await status()).toBe(503);
  });

  it('does not count what is answered, also with an error, and never refuses probes and assets', async () => {
    const { app, says, slow, status } = busy();
    says.use = 1;
    for (let count = 0; count < 20; count++) await app.request('/fails');
    expect(await status()).toBe(200);
    slow(5);
    expect(await status()).toBe(503);
    expect([await status('/healthz'), await status('/assets/app.css')]).toEqual([200, 200]);
    expect(await status('/healthz/more')).toBe(503);
  });

  it('is counted one by one, and told once a second', async () => {
    const { says, slow, status, lines, metrics } = busy();
    says.use = 1;
    slow(5);
    for (let count = 0; count < 20; count++) expect(await status()).toBe(503);
    const told = () => lines.filter(({ refused }) => refused);
    await expect.poll(() => told().length, { timeout: 20_000 }).toBeGreaterThan(0);
    await expect.poll(() => told().reduce((sum, { refused }) => sum + Number(refused), 0)).toBe(20);
    expect(told()[0]).toMatchObject({ level: 'warn', msg: expect.stringMatching(/^refused \d+ requests?$/) });
    expect(lines.filter(({ status }) => status === 503)).toEqual([]);
    const { body } = await metrics.metricsText();
    expect(body).toContain('patchbay_refused_requests_total{reason="processor"} 20');
    expect(body).toContain('patchbay_http_request_duration_seconds_count{method="GET",route="none",status="503"} 20');
  });

  it('is not asked twice when a form goes round again', async () => {
    const { app, says, slow } = busy();
    says.use = 1;
    slow(5);
    const again = await app.request('/', {}, { outer: { requestId: 'r', log: {}, ip: null } as never });
    expect(again.status).toBe(200);
  });
});

it('says how busy the processor was', async () => {
  const use = loopUse();
  const until = performance.now() + 500;
  while (performance.now() < until);
  expect(use()).toBeGreaterThan(0.9);
  const afterRest = () => pass(300).then(use);
  await expect.poll(afterRest, { timeout: 20_000 }).toBeLessThan(0.5);
});
