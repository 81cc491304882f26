import type { Ctx } from '../../context.ts';
import { noteOnConnection } from '../../db/queries/connections.ts';
import { type ExecutionContext, ServiceError } from '../../drivers/driver.ts';
import { noteWorked, openFresh, renewRefused } from '../credentials/credential-refresh.ts';
import { type CallOptions, type CallReport, type CallResult, callOpened } from './calls.ts';
import { type CallTarget, isUnreadable } from './opened-targets.ts';

/**
 * A call with what is saved: opens the secrets for its duration, with a credential that is still good. When the service refuses that
 * one, it is renewed and the call made once more, unless a part of it may have happened already.
 * @throws what the driver throws; `onFailure` gets the report then
 */
export async function callService<T>(
  ctx: Ctx,
  target: CallTarget,
  options: CallOptions,
  run: (context: ExecutionContext) => Promise<T>,
  onFailure?: (report: CallReport, error: unknown) => void,
): Promise<CallResult<T>> {
  const opened = await openFresh(ctx, target).catch((error) => lookSoon(ctx, target, error));
  const attempt = async (values: typeof opened, failed?: typeof onFailure) => {
    const result = await callOpened(ctx, { ...values, driver: target.driver }, options, run, failed);
    await noteWorked(ctx, target.connection, values.credential);
    return result;
  };
  let report: CallReport | undefined;
  try {
    return await attempt(opened, (seen) => {
      report = seen;
    });
  } catch (error) {
    const nothingHappened = options.sideEffect !== 'write' || (report?.attempts ?? 0) <= 1;
    const again = isRefusal(error) && nothingHappened ? await renewRefused(ctx, target, opened) : null;
    if (again) return attempt(again, onFailure);
    if (report) onFailure?.(report, error);
    throw error;
  }
}

/** What does not open any more is for a check to tell: it settles the connection, and with that the calls that would fail alike. */
async function lookSoon(ctx: Ctx, { connection }: CallTarget, error: unknown): Promise<never> {
  if (connection && isUnreadable(error))
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
      noteOnConnection(tx, ctx.tenantId, connection.id, { nextCheckAt: new Date() }),
    );
  throw error;
}

const isRefusal = (error: unknown) => error instanceof ServiceError && error.fault === 'credential';
