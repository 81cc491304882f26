import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';

/**
 * Refuses requests that came under a name of somebody else’s: a page there could make it lead to this machine, and would be of the same
 * origin then (DNS rebinding). Addresses and names without a dot cannot be led elsewhere; programs beside the hub use those.
 * @throws AppError forbidden
 */
export function ownHost(baseUrl: string): MiddlewareHandler<Env> {
  const own = new URL(baseUrl);
  return async function ownHost(c, next) {
    const asked = URL.parse(`http://${c.req.header('host') ?? own.host}`)?.hostname ?? '';
    const isAddress = /^(?:\d+(?:\.\d+){3}|\[[\da-f:.]+\])$/.test(asked);
    if (asked !== own.hostname && !isAddress && !/^[a-z\d-]+$/.test(asked))
      throw new AppError('forbidden', `This hub answers at ${own.origin}. Use that address.`);
    await next();
  };
}
