import type { MiddlewareHandler } from 'hono';
import type { Hub } from '../../context.ts';
import { requireRunning, suspended } from '../../services/suspension.ts';
import type { Env } from '../env.ts';
import { ctxOf } from './session.ts';

/**
 * Lets nothing of a suspended workspace through, whether a person asks or a program. Belongs behind a session middleware.
 * @throws AppError suspended
 */
export function runningTenant(hub: Hub): MiddlewareHandler<Env> {
  return async function runningTenant(c, next) {
    const tenant = c.get('session')?.tenant;
    if (tenant?.suspended) throw suspended(tenant.name, tenant.suspended.reason);
    if (!tenant) await requireRunning(hub, ctxOf(c).tenantId);
    await next();
  };
}
