import type { Context } from 'hono';
import type { Env } from './env.ts';

/** The same address with another cursor. */
export function nextPage(c: Context<Env>, path: string, cursor: string): string {
  const query = new URLSearchParams(c.req.query());
  query.set('cursor', cursor);
  return `${path}?${query}`;
}
