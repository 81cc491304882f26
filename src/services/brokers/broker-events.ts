import type { Hub } from '../../context.ts';
import { tenantOfConnector } from '../../db/queries/broker-reports.ts';
import { selectBrokered } from '../../db/queries/brokered-connections.ts';
import { type ConnectionRow, noteOnConnection } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError, notFound } from '../../errors.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { checkConnection } from '../health/health.ts';
import { systemCtx } from '../system.ts';
import { requireRunning } from '../tenants/suspension.ts';
import { asBroker } from './brokers.ts';

export interface Received {
  headers: Headers;
  /** As it came, byte for byte. */
  body: string;
}

/**
 * Takes what a broker reports about one of a connector’s accounts. Only its signature is believed: how the account stands is read at the
 * broker.
 * @returns how many connections were looked at
 * @throws AppError not_found for a connector that takes no reports, not_signed_in for a wrong signature, malformed_request, suspended
 */
export async function receiveBrokerEvent(hub: Hub, connectorId: string, received: Received): Promise<number> {
  const tenantId = await tenantOfConnector(hub.db.system, connectorId);
  if (!tenantId) throw notFound('address');
  await requireRunning(hub, tenantId);
  const ctx = systemCtx(hub, tenantId, 'broker-event');
  const connector = await hub.db.asTenant(tenantId, (tx) => findConnector(tx, tenantId, connectorId), {
    readOnly: true,
  });
  const target = connector && asBroker(ctx, connector);
  if (!target) throw notFound('address');
  const { client } = await openTarget(ctx, { ...target, connection: null });
  const secret = client.webhook_secret;
  if (typeof secret !== 'string' || !secret) throw notFound('address');
  const event = await target.driver.broker.verifyWebhook({ secret, ...received }).catch(refused);
  ctx.log.info({ event_id: event.id, kind: event.kind, connector_id: connectorId }, 'a broker reported');
  const { accountId } = event;
  if (event.kind !== 'account_expired' || !accountId) return 0;
  const rows = await hub.db.asTenant(tenantId, (tx) => selectBrokered(tx, tenantId, connectorId, accountId), {
    readOnly: true,
  });
  for (const row of rows) await lookAgain(hub, tenantId, row);
  return rows.length;
}

function refused(error: unknown): never {
  if (!(error instanceof ServiceError)) throw error;
  throw new AppError(error.fault === 'credential' ? 'not_signed_in' : 'malformed_request', error.message);
}

/** A broker that cannot be asked now is asked by the next scan. */
async function lookAgain(hub: Hub, tenantId: string, { id }: ConnectionRow): Promise<void> {
  const ctx = systemCtx(hub, tenantId, 'broker-event');
  await checkConnection(ctx, id, 'schedule').catch(async (error: unknown) => {
    ctx.log.warn({ err: error, connection_id: id }, 'an account of which a broker reported could not be read');
    await hub.db.asTenant(tenantId, (tx) => noteOnConnection(tx, tenantId, id, { nextCheckAt: new Date() }));
  });
}
