import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../src/context.ts';
import type { Database } from '../../src/db/client.ts';
import { type Connection, withConnection } from '../../src/db/connection.ts';
import { AppError } from '../../src/errors.ts';
import { queueJob } from '../../src/jobs/queues.ts';
import type { Job } from '../../src/jobs/schedule.ts';
import { defineQueue } from '../../src/services/queues.ts';

/** What the tests put into a queue: every run writes down what it does, in a table of its own. */
export const probeQueue = defineQueue('probe', { task: Type.String() });

export const tenantId = '01a00000-0000-7000-8000-000000000001';
export const payload = (task: string) => ({ tenant_id: tenantId, id: uuidv7(), task });

export const makeNotes = (owner: Connection) =>
  withConnection(owner, async (own) => {
    await own.unsafe(`create table job_notes (pid int, id text, what text, at timestamptz default clock_timestamp());
      grant select, insert on job_notes to patchbay_system`);
  });

export interface Note {
  pid: number;
  id: string;
  what: string;
}

export const notes = async (db: Database, what: string) =>
  (await db.system.execute(
    sql`select pid, id, what from job_notes where what = ${what} order by at`,
  )) as unknown as Note[];

const note = (hub: Hub, id: string, what: string) =>
  hub.db.system.execute(sql`insert into job_notes (pid, id, what) values (${process.pid}, ${id}, ${what})`);

export const secret = 'hunter2-in-a-cause';

const tasks: Record<string, (hub: Hub, id: string) => Promise<unknown>> = {
  quick: () => sleep(50),
  slow: () => sleep(2_000),
  fail: async () => {
    throw new AppError('unavailable', 'The service does not answer.', { cause: new Error(secret) });
  },
  crash: async () => {
    throw new Error(secret);
  },
  'hang once': async (hub, id) => {
    const [before] = await hub.db.system.execute(sql`select from job_notes where id = ${id} and what = 'hanging'`);
    if (before) return;
    await note(hub, id, 'hanging');
    await sleep(600_000);
  },
};

export const probeJob = queueJob({
  queue: probeQueue,
  run: async ({ hub }, { id, task }) => {
    await note(hub, id, 'begun');
    await tasks[task]?.(hub, id);
    await note(hub, id, 'done');
  },
  concurrency: 10,
  perTenant: 5,
  retries: 2,
});

export const probeSchedule: Job[] = [
  {
    name: 'every-minute',
    cron: '* * * * *',
    run: async (hub) => {
      await note(hub, 'every-minute', 'tick');
      return 1;
    },
  },
];

/** As much of a hub as jobs need. */
export const probeHub = (db: Database): Hub => ({ db, log: pino({ level: 'silent' }) }) as unknown as Hub;
