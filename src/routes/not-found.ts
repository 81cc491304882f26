import type { Context, Hono } from 'hono';
import { AppError } from '../errors.ts';
import type { Env } from './env.ts';

/** The error for a request that no route took: 405 with the methods that the path knows, else 404. */
export function unrouted(app: Hono<Env>, c: Context<Env>): AppError {
  const methods = methodsAt(app, c.req.path).filter((method) => method !== c.req.method);
  if (!methods.length) return nothingHere();
  c.header('Allow', methods.join(', '));
  return new AppError('method_not_allowed', `${c.req.method} is not possible here; ${methods.join(', ')} is.`);
}

export const nothingHere = () =>
  new AppError('not_found', 'There is nothing at this address. Check it, or start again from the catalog.');

function methodsAt(app: Hono<Env>, path: string): string[] {
  const routes = app.routes.filter((route) => route.method !== 'ALL' && patternOf(route.path).test(path));
  return [...new Set(routes.map((route) => route.method))];
}

const patternOf = (path: string) =>
  new RegExp(
    `^${path
      .split('/')
      .map((part) =>
        part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  );
