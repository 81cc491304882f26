import type { Hub } from '../../context.ts';
import { type CallRecord, recordModelCalls } from '../../db/queries/model-calls.ts';
import { AppError } from '../../errors.ts';

interface Waiting {
  record: CallRecord;
  done(warnings: string[]): void;
  failed(error: unknown): void;
}

/** More are written after these. */
const most = 200;

/** By workspace, what waits while others are being written. */
const queuesOf = new WeakMap<Hub['db'], Map<string, Waiting[]>>();

/**
 * Writes a call down; resolves when that is durable. All calls of a workspace that come while the last ones are being written are written
 * together: at a high rate most of them share one way to the database and one commit.
 * @returns the budgets that people are to be warned of, to one of the callers
 */
export function recordCall(hub: Hub, tenantId: string, record: CallRecord): Promise<string[]> {
  const queues = queuesOf.get(hub.db) ?? new Map<string, Waiting[]>();
  queuesOf.set(hub.db, queues);
  return new Promise((done, failed) => {
    const waiting = { record, done, failed };
    const queue = queues.get(tenantId);
    if (queue) return void queue.push(waiting);
    queues.set(tenantId, [waiting]);
    void drain(hub, tenantId, queues);
  });
}

async function drain(hub: Hub, tenantId: string, queues: Map<string, Waiting[]>): Promise<void> {
  for (;;) {
    const batch = queues.get(tenantId)?.splice(0, most) ?? [];
    if (!batch.length) return void queues.delete(tenantId);
    await write(hub, tenantId, batch);
  }
}

async function write(hub: Hub, tenantId: string, batch: Waiting[]): Promise<void> {
  const records = batch.map(({ record }) => record);
  try {
    const warnings = await recordModelCalls(hub.db.system, tenantId, records);
    // Who begins a call, or gives a slice back, tells nobody.
    const telling = batch.find(({ record }) => record.model !== undefined) ?? batch[0];
    for (const each of batch) each.done(each === telling ? warnings : []);
  } catch (error) {
    // What the database does not take of one call must not be to the others' cost.
    const own = batch.length > 1 && !(error instanceof AppError);
    if (own) for (const each of batch) await write(hub, tenantId, [each]);
    else for (const { failed } of batch) failed(error);
  }
}
