import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, selectByGrant, updateConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { recordAudit } from '../audit.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { checkSoon } from '../health/check-queue.ts';
import { connectionSubject, ensureOwnConnection } from './connections.ts';

/**
 * After a connector's settings or authentication were changed: the connections that its way to authenticate does not use any more are
 * switched off and stay for when it is changed back, its own one is there when nothing has to be granted, and all are checked soon.
 * The caller has locked the connector.
 */
export async function alignConnections(
  tx: Tx,
  ctx: Ctx,
  connector: ConnectorRow,
  { needsGrant, authChanged }: { needsGrant: boolean; authChanged: boolean },
): Promise<void> {
  const reason = needsGrant
    ? `${connector.name} asks people to authorise accounts now. Connect one.`
    : `${connector.name} uses what is entered in its settings now.`;
  for (const connection of await selectByGrant(tx, ctx.tenantId, connector.id, !needsGrant))
    if (connection.status === 'active') await switchOff(tx, ctx, connector, connection, reason);
  if (!needsGrant) await alignOwn(tx, ctx, connector, authChanged);
  await checkSoon(tx, ctx, connector.id);
  await settleConnector(tx, ctx, connector);
}

async function switchOff(tx: Tx, ctx: Ctx, connector: ConnectorRow, { id }: ConnectionRow, reason: string) {
  const after = await updateConnectionRow(tx, ctx.tenantId, id, { status: 'inactive', statusReason: reason });
  if (!after) return;
  const subject = connectionSubject(after, connector);
  await recordAudit(tx, ctx, { action: 'connection.deactivated', subject, details: { reason } });
}

/**
 * What is entered anew may be another account's, which the next check finds out, and what was refused before says nothing about it.
 * What a person switched off stays off; only what was switched off here has a reason.
 */
async function alignOwn(tx: Tx, ctx: Ctx, connector: ConnectorRow, authChanged: boolean) {
  const own = await ensureOwnConnection(tx, ctx, connector);
  const back = own.status === 'inactive' && own.statusReason !== null;
  if (!back && !authChanged) return;
  await updateConnectionRow(tx, ctx.tenantId, own.id, {
    ...(authChanged && { externalAccountId: null, health: 'unknown', healthMessage: null, healthFailures: 0 }),
    ...((back || own.status === 'expired') && { status: 'active', statusReason: null }),
  });
}
