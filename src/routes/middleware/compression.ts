import type { MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import type { Env } from '../env.ts';

/**
 * Compresses answers of a kilobyte and more for whoever accepts that. That they vary by it is said beforehand: said afterwards, it
 * would have every answer made once more, as a stream.
 */
export function compression(): MiddlewareHandler<Env> {
  const compressed = compress({ threshold: 1024 });
  return function compression(c, next) {
    c.header('vary', 'Accept-Encoding');
    return compressed(c, next);
  };
}
