import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';

/**
 * Refuses addresses with a NUL: no text that is saved has one, and the database fails at the question. And those with a name
 * before the host (`http://name:password@host/`): no request can be made of them.
 * @throws AppError malformed_request
 */
export function plainAddress(): MiddlewareHandler<Env> {
  return async function plainAddress(c, next) {
    if (c.req.url.includes('%00'))
      throw new AppError('malformed_request', 'There is a NUL (%00) in this address. Take it out and try again.');
    if (/^https?:\/\/[^/?#]*@/.test(c.req.url))
      throw new AppError('malformed_request', 'There is a user name in front of the host. Take it out and try again.');
    await next();
  };
}
