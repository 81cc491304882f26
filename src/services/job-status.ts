import type { Hub } from '../context.ts';
import { type JobRow, selectJobStates } from '../db/queries/jobs.ts';

/** The one queue that all schedules share, and the one for what was given up. */
export const scheduleQueue = 'schedule';
export const deadLetterQueue = 'dead-letters';

/** How every schedule and queue does; for operators, and without secrets. */
export const jobStatus = ({ db }: Pick<Hub, 'db'>): Promise<JobRow[]> =>
  selectJobStates(db.system, scheduleQueue, deadLetterQueue);
