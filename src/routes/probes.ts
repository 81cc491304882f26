import { timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import type { Hub } from '../context.ts';
import { AppError } from '../errors.ts';
import { briefly } from '../lib/briefly.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Env } from './env.ts';

interface Parts {
  db: Pick<Hub['db'], 'ping'>;
  config: Pick<Hub['config'], 'metricsToken'>;
}

/** `/healthz`: the process lives. `/readyz`: it can serve, yes or no only. `/metrics`: for Prometheus. */
export function mountProbes(app: Hono<Env>, hub: Parts, metrics: Pick<Metrics, 'metricsText'>) {
  const isReady = briefly(() => hub.db.ping().then(...yesOrNo), 1000);
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    return (await isReady()) ? c.text('yes\n') : c.text('no\n', 503);
  });
  app.get('/metrics', async (c) => {
    checkReader(c, hub.config.metricsToken);
    const { contentType, body } = await metrics.metricsText();
    return c.body(body, 200, { 'Content-Type': contentType });
  });
}

const yesOrNo = [() => true, () => false] as const;

/**
 * With METRICS_TOKEN its bearer, without one only this machine itself, never through a proxy, and never under another name: a
 * page of another site can give this machine a name of its own.
 */
function checkReader(c: Context<Env>, token: string | null) {
  if (token) {
    if (sameText(c.req.header('authorization') ?? '', `Bearer ${token}`)) return;
    throw new AppError('not_signed_in', 'Send the METRICS_TOKEN as bearer token.');
  }
  const forwarded = c.req.header('x-forwarded-for') ?? c.req.header('forwarded');
  const from = c.env?.incoming?.socket?.remoteAddress;
  const asked = URL.parse(`http://${c.req.header('host')}`)?.hostname;
  if (isLoopback(from) && isLoopbackName(asked) && !forwarded) return;
  throw new AppError('forbidden', 'Metrics are for this machine only; set METRICS_TOKEN to read them from elsewhere.');
}

const isLoopback = (address = '') => /^(127\.|::1$|::ffff:127\.)/.test(address);
const isLoopbackName = (name = '') => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(name);

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
