import type { Ctx } from '../../context.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { type CallTarget, isUnreadable, type OpenedTarget, openTarget } from '../calls/opened-targets.ts';
import { noteWorked, openFresh, renewRefused } from '../credentials/credential-refresh.ts';
import { type CheckOutcome, runCheck, unreadable } from './health-steps.ts';

/** The check of what is saved, with a credential that is renewed before when it ends, and once when it is refused. */
export async function checkFresh(ctx: Ctx, target: CallTarget, addresses: string[]): Promise<CheckOutcome> {
  const check = async (opened: OpenedTarget) => {
    const outcome = await runCheck(ctx, { ...opened, driver: target.driver, addresses });
    if (outcome.verdict !== 'failed') await noteWorked(ctx, target.connection, opened.credential);
    return outcome;
  };
  try {
    const opened = await openFresh(ctx, target);
    const outcome = await check(opened);
    const renewed = outcome.credentialRefused ? await renewRefused(ctx, target, opened) : null;
    return renewed ? await check(renewed) : outcome;
  } catch (error) {
    if (isUnreadable(error)) return unreadable(error.message);
    if (!(error instanceof ServiceError || error instanceof OutboundError)) throw error;
    return failedCheck(ctx, target, addresses, error);
  }
}

/** What kept the credential from being renewed is what the check tells. */
async function failedCheck(ctx: Ctx, target: CallTarget, addresses: string[], error: Error): Promise<CheckOutcome> {
  const opened = await openTarget(ctx, target);
  const checkHealth = () => Promise.reject(error);
  return runCheck(ctx, { ...opened, driver: { ...target.driver, checkHealth }, addresses });
}
