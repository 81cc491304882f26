import { drizzle } from 'drizzle-orm/postgres-js';
import { withConnection } from '../../db/connection.ts';
import { countOverdueWork } from '../../db/queries/inspection.ts';
import { type JobRow, selectJobStates } from '../../db/queries/jobs.ts';
import { deadLetterQueue, scheduleQueue } from '../job-status.ts';
import { type Finding, ok, type Patient, warn } from './finding.ts';

/** Whether schedules run when they should, and how they and the queues ended. */
export async function checkJobs({ owner }: Patient): Promise<Finding[]> {
  const rows = await withConnection(owner, (sql) => selectJobStates(drizzle(sql), scheduleQueue, deadLetterQueue));
  return judgeJobs(rows, new Date());
}

const seeLog = 'Look for “job failed” in the hub’s log.';

/** @param now by the clock that the rows' times are of */
export function judgeJobs(rows: JobRow[], now: Date): Finding[] {
  const last = newest(rows);
  if (!last)
    return [
      warn('jobs', 'No job has run yet.', 'Start a hub, and look again a minute later: jobs begin when it is ready.'),
    ];
  const late = rows.filter((row) => isLate(row, now)).map(({ name, lastRunAt }) => `${name} (${timeOf(lastRunAt)})`);
  const failed = rows
    .filter(endedBadly)
    .map(
      ({ name, lastError, lastErrorAt }) => `${name} at ${timeOf(lastErrorAt)}: ${lastError ?? 'no reason was kept'}`,
    );
  const dead = rows.filter((row) => row.dead).map(({ name, dead: n }) => `${name} (${n})`);
  const findings = [
    late.length &&
      warn(
        'jobs',
        `These have not run when they should; the last times are ${late.join(', ')}.`,
        `See that a hub runs. ${seeLog}`,
      ),
    failed.length &&
      warn('jobs', `These failed the last time: ${failed.join('; ')}`, `They come again by themselves. ${seeLog}`),
    dead.length && warn('jobs', `Given up after all attempts: ${dead.join(', ')}.`, seeLog),
  ].filter((each) => each !== 0);
  return findings.length
    ? findings
    : [ok('jobs', `All run when they should; the last one was ${last.name} at ${timeOf(last.lastRunAt)}.`)];
}

const newest = (rows: JobRow[]) =>
  rows.filter(({ lastRunAt }) => lastRunAt).sort((a, b) => Number(b.lastRunAt) - Number(a.lastRunAt))[0];

const timeOf = (date: Date | null) => (date ? `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'never');

const minute = 60_000;

/** Twice its interval without a run, and five minutes to begin with. One that has not run yet may not have had its time. */
const isLate = ({ cron, lastRunAt }: JobRow, now: Date) =>
  cron !== null && lastRunAt !== null && Number(now) - Number(lastRunAt) > (2 * minutesOf(cron) + 5) * minute;

/** How many minutes are between two runs at most, of the kinds of expressions that our schedules use. */
function minutesOf(cron: string): number {
  const [minutes = '', hours = ''] = cron.split(' ');
  if (minutes === '*') return 1;
  const step = /\/(\d+)$/.exec(minutes)?.[1];
  if (step) return Number(step);
  return hours === '*' ? 60 : 24 * 60;
}

/** Whether the last failure came after the last success. */
export const endedBadly = ({ lastErrorAt, lastSuccessAt }: JobRow): boolean =>
  lastErrorAt !== null && Number(lastErrorAt) > Number(lastSuccessAt ?? 0);

/** What jobs should have done and did not, whatever they say themselves. */
export async function checkOverdueWork({ owner }: Patient): Promise<Finding[]> {
  const overdue = await withConnection(owner, countOverdueWork);
  if (!overdue) return [ok('clock work', 'Nothing is overdue.')];
  return [
    warn('clock work', `${overdue} rows should have been removed half an hour ago.`, `See that a hub runs. ${seeLog}`),
  ];
}
