import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import { selectSuspension } from '../../db/queries/tenants.ts';
import { AppError } from '../../errors.ts';

/**
 * For callers whose session does not say it: programs with a key.
 * @throws AppError suspended
 */
export const requireRunning = ({ db }: Pick<Hub, 'db'>, tenantId: string): Promise<void> =>
  requireRunningIn(db.system, tenantId);

/** The same in a transaction that is open already. @throws AppError suspended */
export async function requireRunningIn(db: Drizzle | Tx, tenantId: string): Promise<void> {
  const found = await selectSuspension(db, tenantId);
  if (found) throw suspended(found.name, found.reason);
}

/** The one sentence for everything that is stopped. */
export const suspended = (name: string, reason: string) =>
  new AppError(
    'suspended',
    `The workspace ${name} is suspended${reason ? `: ${reason.replace(/[.]$/, '')}` : ''}. Nothing is lost, but nothing in it runs until the operator of this hub resumes it. Ask them.`,
  );
