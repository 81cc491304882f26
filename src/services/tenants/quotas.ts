import type { Tx } from '../../db/client.ts';
import { countLastHour } from '../../db/queries/executions.ts';
import { countConnectors, lockConnectorCount, type Quotas, selectQuotas } from '../../db/queries/tenant-quotas.ts';
import { AppError } from '../../errors.ts';

/**
 * Makes sure that the tenant may have one connector more, and holds that place until the transaction ends.
 * @throws AppError quota_exceeded with the limit and whom to ask
 */
export async function requireConnectorRoom(
  tx: Tx,
  tenantId: string,
  { maxConnectors }: Pick<Quotas, 'maxConnectors'>,
): Promise<void> {
  if (maxConnectors === null) return;
  await lockConnectorCount(tx, tenantId);
  const count = await countConnectors(tx, tenantId);
  if (count < maxConnectors) return;
  const limit = maxConnectors === 1 ? '1 connector' : `${maxConnectors} connectors`;
  throw new AppError(
    'quota_exceeded',
    `This workspace may have at most ${limit} and has ${count}. Delete one that nobody needs, or ask the operator of this hub to raise the limit.`,
    { extra: { max_connectors: maxConnectors, connectors: count } },
  );
}

/**
 * Makes sure that the tenant may run one tool more in this hour. Calls that begin at the same moment may pass the limit by a few.
 * @param besideId the execution itself, where it is there already and waits
 * @throws AppError quota_exceeded
 */
export async function requireExecutionRoom(tx: Tx, tenantId: string, besideId?: string): Promise<void> {
  const { executionsPerHour } = await selectQuotas(tx, tenantId);
  if (executionsPerHour === null) return;
  const count = await countLastHour(tx, tenantId, besideId);
  if (count < executionsPerHour) return;
  throw new AppError(
    'quota_exceeded',
    `This workspace may run ${executionsPerHour} tools an hour and has run ${count}. Try again later, or ask the operator of this hub to raise the limit.`,
    { extra: { executions_per_hour: executionsPerHour, executions: count }, retryAfter: 300 },
  );
}
