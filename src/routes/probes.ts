import type { Context, Hono } from 'hono';
import type { Hub } from '../context.ts';
import { briefly } from '../lib/briefly.ts';
import { isLoopback } from '../lib/loopback.ts';
import type { Metrics } from '../lib/metrics.ts';
import { sameText } from '../lib/same-bytes.ts';
import type { Env } from './env.ts';

interface Parts {
  db: Pick<Hub['db'], 'ping'>;
  config: Pick<Hub['config'], 'metricsToken'>;
}

/** Where monitoring asks every few seconds. */
export const probes = ['/healthz', '/readyz', '/metrics'];

/** `/healthz`: the process lives. `/readyz`: it can serve, yes or no only. `/metrics`: for Prometheus. */
export function mountProbes(app: Hono<Env>, hub: Parts, metrics: Pick<Metrics, 'metricsText'>) {
  const isReady = briefly(() => hub.db.ping().then(...yesOrNo), 1000);
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    return (await isReady()) ? c.text('yes\n') : c.text('no\n', 503);
  });
  app.get('/metrics', async (c) => {
    const refusal = refusalFor(c, hub.config.metricsToken);
    if (refusal?.status === 401) c.header('WWW-Authenticate', 'Bearer'); // RFC 9110, 11.6.1
    if (refusal) return c.text(`${refusal.detail}\n`, refusal.status);
    const { contentType, body } = await metrics.metricsText();
    return c.body(body, 200, { 'Content-Type': contentType });
  });
  for (const path of probes)
    app.all(path, (c) => c.text('This address is only for reading.\n', 405, { Allow: 'GET, HEAD' }));
}

const yesOrNo = [() => true, () => false] as const;

/**
 * Why somebody may not read the metrics. With METRICS_TOKEN its bearer may; without one only this machine itself, never through a
 * proxy, and never under another name: a page of another site can give this machine a name of its own.
 */
function refusalFor(c: Context<Env>, token: string | null) {
  if (token) {
    if (sameText(c.req.header('authorization') ?? '', `Bearer ${token}`)) return null;
    return { status: 401, detail: 'Send the METRICS_TOKEN as bearer token.' } as const;
  }
  const forwarded = c.req.header('x-forwarded-for') ?? c.req.header('forwarded');
  const from = c.env?.incoming?.socket?.remoteAddress;
  const asked = URL.parse(`http://${c.req.header('host')}`)?.hostname ?? '';
  if (isFromHere(from) && isLoopback(asked) && !forwarded) return null;
  return {
    status: 403,
    detail: 'Metrics are for this machine only; set METRICS_TOKEN to read them from elsewhere.',
  } as const;
}

const isFromHere = (address = '') => /^(127\.|::1$|::ffff:127\.)/.test(address);
