import { Hono } from 'hono';
import { AppError } from '../../src/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import type { Env } from '../../src/routes/env.ts';
import { requestLog } from '../../src/routes/middleware/request-log.ts';

/** An app with the request log and an error handler, as small as the real one's; `lines` are the log's. */
export function tinyApp({ proxies = [] as string[] } = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics();
  const app = new Hono<Env>();
  app.use(requestLog({ log, metrics, proxies, quiet: ['/healthz'] }));
  app.onError((error, c) => {
    if (!(error instanceof AppError)) return c.json({ code: 'internal', detail: error.message }, 500);
    return c.json({ code: error.code, detail: error.message, retry_after: error.retryAfter }, error.status);
  });
  return { app, lines, log, metrics };
}

/** What the server would hand over with a request from this address. */
export const from = (remoteAddress: string): Env['Bindings'] => ({ incoming: { socket: { remoteAddress } } });
