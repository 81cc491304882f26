import type { MiddlewareHandler } from 'hono';
import type { Env } from '../env.ts';

const policy = (formAction: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    `form-action 'self'${formAction}`,
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');

/** Runs, loads, shows and submits nothing, in an origin of its own. */
const inert = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
};

const twoYears = 'max-age=63072000';

/** Those of an answer of which nothing is special. @param options as `securityHeaders` takes them */
export const plainHeaders = ({ secure }: { secure: boolean }): Record<string, string> => ({
  'content-security-policy': policy(''),
  ...headers,
  ...(secure && { 'strict-transport-security': twoYears }),
  'cache-control': 'no-store',
});

/**
 * The headers that every answer carries. An answer that names no `Cache-Control` of its own is not stored anywhere;
 * assets do name one.
 * @param options.secure whether browsers reach the hub over https; adds HSTS
 */
export function securityHeaders({ secure }: { secure: boolean }): MiddlewareHandler<Env> {
  return async function securityHeaders(c, next) {
    await next();
    const formAction = c.get('formAction');
    const answered = c.res.headers;
    answered.set('content-security-policy', c.get('foreign') ? inert : policy(formAction ? ` ${formAction}` : ''));
    for (const [name, value] of Object.entries(headers)) answered.set(name, value);
    if (secure) answered.set('strict-transport-security', twoYears);
    if (!answered.has('cache-control')) answered.set('cache-control', 'no-store');
  };
}
