import { timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import type { Hub } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Env } from './env.ts';

/** `/healthz`: the process lives. `/readyz`: it can serve, yes or no only. `/metrics`: for Prometheus. */
export function mountProbes(app: Hono<Env>, hub: Hub, metrics: Metrics) {
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    const ready = await hub.db.ping().then(
      () => true,
      () => false,
    );
    return ready ? c.text('yes\n') : c.text('no\n', 503);
  });
  app.get('/metrics', async (c) => {
    checkReader(c, hub.config.metricsToken);
    const { contentType, body } = await metrics.metricsText();
    return c.body(body, 200, { 'Content-Type': contentType });
  });
}

/** With METRICS_TOKEN its bearer, without one only this machine itself and never through a proxy. */
function checkReader(c: Context<Env>, token: string | null) {
  if (token) {
    if (sameText(c.req.header('authorization') ?? '', `Bearer ${token}`)) return;
    throw new AppError('not_signed_in', 'Send the METRICS_TOKEN as bearer token.');
  }
  const forwarded = c.req.header('x-forwarded-for') ?? c.req.header('forwarded');
  if (isLoopback(c.env?.incoming?.socket?.remoteAddress) && !forwarded) return;
  throw new AppError('forbidden', 'Metrics are for this machine only; set METRICS_TOKEN to read them from elsewhere.');
}

const isLoopback = (address = '') => /^(127\.|::1$|::ffff:127\.)/.test(address);

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
