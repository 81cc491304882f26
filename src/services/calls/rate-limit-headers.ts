import type { RateLimitHeaders } from '../../drivers/driver.ts';

/** How many calls the service still takes. */
export interface RateLimit {
  limit: number;
  remaining: number;
  /** ISO 8601. */
  resets_at: string;
}

/** What the service says about its limits in these headers; null when it says nothing that can be read. */
export function rateLimitIn(headers: Headers, names: RateLimitHeaders | undefined, now = Date.now()): RateLimit | null {
  if (!names) return null;
  const read = (name: string) => {
    const text = headers.get(name);
    return text === null || text.trim() === '' ? Number.NaN : Number(text);
  };
  const [limit, remaining, reset] = [read(names.limit), read(names.remaining), read(names.reset)];
  const at = names.resetIs === 'epoch' ? reset * 1000 : now + reset * 1000;
  if (![limit, remaining, at].every(Number.isFinite) || Math.abs(at) > 8.64e15) return null;
  return { limit, remaining, resets_at: new Date(at).toISOString() };
}
