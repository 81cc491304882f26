import type { Ctx } from '../../context.ts';
import type { FieldErrors } from '../../errors.ts';
import { tenantDriver } from '../authorizations/oauth-applications.ts';
import { checkValues } from './connector-input.ts';
import { driverFor } from './connectors.ts';

/** Tells what install would say about these values, without storing anything. */
export async function validateConfig(
  ctx: Ctx,
  catalogKey: string,
  values: { config: Record<string, unknown>; auth?: Record<string, unknown> },
) {
  const errors: FieldErrors = {};
  const driver = await tenantDriver(ctx, driverFor(ctx, catalogKey));
  checkValues(driver, { config: values.config, auth: values.auth ?? {} }, errors);
  if (!values.auth) for (const path of Object.keys(errors)) if (path.startsWith('auth')) delete errors[path];
  return { valid: Object.keys(errors).length === 0, errors };
}
