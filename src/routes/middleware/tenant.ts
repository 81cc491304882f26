import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../errors.ts';
import type { Env } from '../env.ts';
import { formFields } from './form-fields.ts';

/**
 * Two tabs, two workspaces: a page sends the tenant that it was made for, as `X-Tenant` or as the form field `_tenant`,
 * and is not served for another one. Programs may leave it out. Belongs behind a session middleware.
 * @throws AppError conflict
 */
export function sameTenant(): MiddlewareHandler<Env> {
  return async function sameTenant(c, next) {
    const sent = c.req.header('x-tenant') ?? (await formFields(c))?.get('_tenant');
    const current = c.get('session')?.tenant;
    if (sent !== undefined && current && sent !== current.id)
      throw new AppError(
        'conflict',
        `The workspace was switched to ${current.name} in another tab, so nothing was changed. Reload this page, or switch back first.`,
      );
    await next();
  };
}
