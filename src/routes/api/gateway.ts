import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { openRecentApiKey } from '../../services/api-keys/api-key-access.ts';
import { callModel, listModels, type ModelAnswer } from '../../services/gateway/gateway.ts';
import { countUsage, type RecordedUsage } from '../../services/gateway/llm-usage.ts';
import type { Env } from '../env.ts';
import { asAppError } from '../errors.ts';
import { bearerOf, enterByKey, requireScope } from '../middleware/api-key.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { runningTenant } from '../middleware/running-tenant.ts';
import { ctxOf } from '../middleware/session.ts';

const handleOf = (c: Context<Env>) => c.req.header('x-patchbay-connector')?.trim() || undefined;

/** The language models of the workspace under the protocol of OpenAI, for any client that speaks it; by API key alone. */
export function mountGateway(app: Hono<Env>, { hub, metrics }: { hub: Hub; metrics: Metrics }) {
  countUsage(hub, counters(metrics));
  const began = new WeakMap<Request, number>();
  app.use('/v1/*', async (c, next) => {
    began.set(c.req.raw, performance.now());
    const key = bearerOf(c);
    if (!key) throw new AppError('not_signed_in', 'Send an API key of this hub as Authorization: Bearer.');
    await enterByKey(c, hub, key, openRecentApiKey);
    requireScope(c, 'llm:use');
    c.set('foreign', true);
    await next();
  });
  app.use('/v1/*', rateLimit({ hub, name: 'llm', rate: 6000, inAdvance: true }), runningTenant());
  const call = (operation: 'chat' | 'embeddings') => async (c: Context<Env>) => {
    const startedAt = began.get(c.req.raw) ?? performance.now();
    const { signal } = c.req.raw;
    const request = { operation, text: await c.req.text(), handle: handleOf(c), signal, startedAt };
    return answered(c, await callModel(ctxOf(c), request));
  };
  app.post('/v1/chat/completions', call('chat'));
  app.post('/v1/embeddings', call('embeddings'));
  app.get('/v1/models', async (c) => answered(c, await listModels(ctxOf(c), handleOf(c), c.req.raw.signal)));
  app.all('/v1/*', (c) => c.notFound());
}

/** With the headers that were set before. An answer with its length is sent as it is; one without is taken for a stream. */
function answered(c: Context<Env>, { status, headers, body }: ModelAnswer): Response {
  if (typeof body === 'string') headers['content-length'] = String(Buffer.byteLength(body));
  return c.body(body, status as ContentfulStatusCode, headers);
}

function counters(metrics: Metrics): (usage: RecordedUsage) => void {
  const calls = metrics.counter('patchbay_llm_calls_total', 'Calls of language models that were accounted for', [
    'operation',
    'estimated',
  ]);
  const tokens = metrics.counter('patchbay_llm_tokens_total', 'Tokens of language models', ['direction']);
  const cost = metrics.counter('patchbay_llm_cost_usd_total', 'US dollars of calls whose price is known');
  const unknown = metrics.counter('patchbay_llm_unknown_price_total', 'Calls whose price is not known');
  return ({ operation, estimated, tokensIn, tokensOut, costUsd }) => {
    calls.inc({ operation, estimated: String(estimated) });
    tokens.inc({ direction: 'in' }, tokensIn);
    tokens.inc({ direction: 'out' }, tokensOut);
    if (costUsd === null) unknown.inc();
    else cost.inc(Number(costUsd));
  };
}

const types: Record<number, string> = { 401: 'authentication_error', 403: 'permission_error', 429: 'rate_limit_error' };

/** An error of ours as OpenAI would tell it, so that its clients understand it. */
export function openaiErrorFor(c: Context<Env>, thrown: unknown): Response {
  const error = asAppError(c, thrown);
  // Official clients repeat every 503 by themselves, and a second answer would be paid twice.
  if (error.code === 'outcome_unknown') c.header('x-should-retry', 'false');
  else if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
  if (error.extra?.execution_id) c.header('patchbay-execution', String(error.extra.execution_id));
  return c.json(openaiErrorOf(error), error.status as ContentfulStatusCode);
}

export function openaiErrorOf(error: AppError) {
  const { code, param = null, budget } = { code: error.code, ...error.extra } as Told;
  const type = types[error.status] ?? (error.status >= 500 ? 'server_error' : 'invalid_request_error');
  return { error: { message: error.message, type, code, param, ...(budget ? { budget } : {}) } };
}

interface Told {
  code: string;
  param?: string | null;
  /** Which budget refused, and how it stands. */
  budget?: unknown;
}
