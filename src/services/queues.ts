import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { Drizzle, Tx } from '../db/client.ts';
import { isMissingTable } from '../db/failures.ts';
import { insertJobs, type JobPayload } from '../db/queries/jobs.ts';
import { AppError } from '../errors.ts';
import { compileSchema } from '../lib/schema/compile.ts';

/** A kind of work that is done once for one row of one workspace; `jobs/queues.ts` says by which verb. */
export interface Queue<P extends JobPayload = JobPayload> {
  readonly name: string;
  readonly payload: TSchema;
  /** Never there; carries the payload's type. */
  readonly of?: P;
}

/** Declares a queue. The payload names rows: `tenant_id`, `id`, and further ids or plain words, never a secret. */
export function defineQueue<const P extends TProperties>(
  name: string,
  more: P = {} as P,
): Queue<JobPayload & Static<TObject<P>>> {
  const ids = { tenant_id: Type.String({ format: 'uuid' }), id: Type.String({ format: 'uuid' }) };
  return { name, payload: Type.Object({ ...ids, ...more }, { additionalProperties: false }) };
}

/**
 * Puts work into a queue as part of the caller's transaction. A row that waits there or is being worked on already is not put there again,
 * so the verb behind the queue looks at the row as it is when it runs.
 * @throws TypeError for a payload that the queue does not take, AppError unavailable while the hub is still making its queues
 */
export const enqueue = <P extends JobPayload>(tx: Tx, queue: Queue<P>, payload: P): Promise<void> =>
  enqueueAll(tx, queue, [payload]);

/** The same for what a scan found, of all tenants: takes the system's connection. */
export async function enqueueAll<P extends JobPayload>(
  db: Drizzle | Tx,
  queue: Queue<P>,
  payloads: P[],
): Promise<void> {
  if (!payloads.length) return;
  for (const payload of payloads) checkPayload(queue, payload);
  const known = await insertJobs(db, queue.name, payloads).catch((error) => {
    throw isMissingTable(error) ? starting(error) : error;
  });
  if (!known) throw starting();
}

/** @throws TypeError */
export function checkPayload(queue: Queue, payload: unknown) {
  const errors = compileSchema(queue.payload)(payload);
  if (Object.keys(errors).length)
    throw new TypeError(`Not a payload of ${queue.name}: ${Object.keys(errors).join(', ')}`);
}

const starting = (cause?: unknown) =>
  new AppError('unavailable', 'The hub is still starting its queues. Try again in a few seconds.', {
    retryAfter: 2,
    cause,
  });
