import type { Context, MiddlewareHandler } from 'hono';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { addressBucket } from '../../lib/client-address.ts';
import { limit, limitInAdvance } from '../../services/rate-limits.ts';
import type { Env } from '../env.ts';

interface Options {
  hub: Pick<Hub, 'db' | 'log'>;
  /** Names the class of requests that count together, e.g. `api`. */
  name: string;
  /** Requests allowed in `per` seconds. */
  rate?: number;
  per?: number;
  /** How many may come at once; `rate` when not given. */
  burst?: number;
  /** Takes several at once while they come in quick succession. */
  inAdvance?: boolean;
  /** Who is counted: the session or the API key, or the address of whoever has neither. */
  key?: (c: Context<Env>) => string;
}

/**
 * Limits how often one caller may ask, and says so in `RateLimit` headers.
 * @throws AppError rate_limited
 */
export function rateLimit({
  hub,
  name,
  rate = 120,
  per = 60,
  burst = rate,
  inAdvance = false,
  key = caller,
}: Options): MiddlewareHandler<Env> {
  return async function rateLimit(c, next) {
    const count = inAdvance ? limitInAdvance : limit;
    const { allowed, remaining, retryAfter } = await count(hub, { key: `${name}:${key(c)}`, rate, per, burst });
    c.header('ratelimit-policy', `"${name}";q=${burst};w=${Math.ceil((per / rate) * burst)}`);
    c.header('ratelimit', `"${name}";r=${remaining};t=${retryAfter || Math.ceil(per / rate)}`);
    if (!allowed)
      throw new AppError('rate_limited', `Too many requests. Try again in ${seconds(retryAfter)}.`, { retryAfter });
    await next();
  };
}

function caller(c: Context<Env>): string {
  const session = c.get('session');
  if (session) return `session:${session.sessionId}`;
  const actor = c.get('ctx')?.actor;
  return actor?.type === 'api_key' ? `key:${actor.id}` : `ip:${addressBucket(c.get('ip'))}`;
}

const seconds = (count: number) => (count === 1 ? '1 second' : `${count} seconds`);
