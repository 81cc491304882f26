import type { MiddlewareHandler } from 'hono';
import { suspended } from '../../services/tenants/suspension.ts';
import type { Env } from '../env.ts';

/**
 * Lets nothing of a suspended workspace through, whether a person asks or a program. Belongs behind a session middleware.
 * @throws AppError suspended
 */
export function runningTenant(): MiddlewareHandler<Env> {
  return async function runningTenant(c, next) {
    const tenant = c.get('session')?.tenant ?? c.get('keyTenant');
    if (tenant?.suspended) throw suspended(tenant.name, tenant.suspended.reason);
    await next();
  };
}
