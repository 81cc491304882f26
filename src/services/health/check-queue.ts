import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { makeChecksDue } from '../../db/queries/connection-checks.ts';
import { dueHealthChecks } from '../../db/queries/health-checks.ts';
import { defineQueue, enqueueAll } from '../queues.ts';

/** Checks of connections, one job each. */
export const checkQueue = defineQueue('check-health');

/** About as many as one process checks until the next scan; what waits in the queue already does not get there twice. */
const mostAtOnce = 2_000;

/** Puts what is due into the queue, of all tenants; returns how much that was. */
export async function scanDueChecks(hub: Hub, max = mostAtOnce): Promise<number> {
  const due = await dueHealthChecks(hub.db.system, max);
  await enqueueAll(
    hub.db.system,
    checkQueue,
    due.map(({ tenantId, id }) => ({ tenant_id: tenantId, id })),
  );
  return due.length;
}

/**
 * Lets the connector's connections be checked as soon as the caller's transaction is through, or by the next scan when the queue is not
 * there yet.
 */
export async function checkSoon(tx: Tx, ctx: Ctx, connectorId: string): Promise<void> {
  const ids = await makeChecksDue(tx, ctx.tenantId, connectorId);
  const payloads = ids.slice(0, 50).map((id) => ({ tenant_id: ctx.tenantId, id }));
  await tx
    .transaction((inner) => enqueueAll(inner, checkQueue, payloads))
    .catch((error: unknown) => ctx.log.debug({ err: error }, 'checks wait for the next scan'));
}
