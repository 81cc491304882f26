import type { Hub } from '../../context.ts';
import { dueStuckExecutions, finishExecution, forgetExecutions } from '../../db/queries/executions.ts';
import { forgetHealthChecks } from '../../db/queries/health-checks.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';

type Parts = Pick<Hub, 'db'>;

/** How long checks and executions are kept, in days. */
const keepDays = { checks: 30, executions: 90 };
/** A check that is older is gone, or about to be. */
export const keptChecksMs = keepDays.checks * 24 * 3_600_000;
const batch = 10_000;

/** Clears away old checks, for a job; returns how many. */
export const forgetOldChecks = ({ db }: Parts): Promise<number> =>
  forgetHealthChecks(db.system, keepDays.checks, batch);

/** Clears away old executions, for a job; returns how many. */
export const forgetOldExecutions = ({ db }: Parts): Promise<number> =>
  forgetExecutions(db.system, keepDays.executions, batch);

/** Ends executions whose process is gone: nobody will ever know how they went. Returns how many. */
export async function endStuckExecutions({ db }: Parts): Promise<number> {
  const due = await dueStuckExecutions(db.system, 500);
  const ended = await eachAtOnce(due, 4, ({ tenantId, id }) =>
    db.asTenant(tenantId, (tx) => finishExecution(tx, tenantId, id, lost)),
  );
  return ended.filter(Boolean).length;
}

const lost = {
  status: 'outcome_unknown',
  errorCode: 'outcome_unknown',
  errorMessage: 'The hub was stopped while this ran. Whether it took effect is not known: look before you try again.',
} as const;
