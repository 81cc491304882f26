import { type Ctx, changedBy } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, updateConnectionRow } from '../../db/queries/connections.ts';
import { AppError, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { switchAccount } from '../brokers/account-endings.ts';
import { asBroker, type BrokerTarget, brokerProblem } from '../brokers/brokers.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { checkSoon } from '../health/check-queue.ts';
import { findPair } from './connection-pair.ts';
import { requireDecision, requireStoppable } from './connection-rights.ts';
import { requireTransition } from './connection-states.ts';
import { connectionName, connectionSubject } from './connections.ts';

/**
 * Switches a connection on or off; setting the status that is there changes nothing. What is switched on is checked soon.
 * @throws AppError forbidden, not_found, invalid_transition, managed
 */
export async function setConnectionStatus(ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<ConnectionRow> {
  const held = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findHeld(tx, ctx, id, status), { readOnly: true });
  // What is to run is switched on there first; what is to stop stops here first.
  if (held && status === 'active') await tellBroker(ctx, held, true);
  const after = await store(ctx, id, status);
  if (held && status === 'inactive') await tellBroker(ctx, held, false);
  return after;
}

interface Held {
  target: BrokerTarget;
  accountId: string;
}

/** The account that a broker holds for it, when this changes anything. @throws AppError forbidden, not_found, invalid_transition */
async function findHeld(tx: Tx, ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<Held | null> {
  const { connection, connector } = await findPair(tx, ctx, id);
  const target = connection.authConfigId ? asBroker(ctx, connector) : null;
  requireDecision(ctx, connection, 'switch connections of the workspace on and off');
  requireTransition(connection.status, status, 'person', connectionName(connection, connector));
  const { externalAccountId } = connection;
  return target && externalAccountId && connection.status !== status ? { target, accountId: externalAccountId } : null;
}

/** @throws AppError that says what is switched now and what is not */
async function tellBroker(ctx: Ctx, { target, accountId }: Held, enabled: boolean): Promise<void> {
  try {
    await switchAccount(ctx, target, accountId, enabled);
  } catch (error) {
    const told = brokerProblem(error, target);
    if (enabled || !(told instanceof AppError)) throw told;
    const sentence = `It is switched off here and nothing runs through it, but ${target.connector.catalog.name} was not told: ${told.message}`;
    throw new AppError('service_failed', sentence, { cause: error });
  }
}

async function store(ctx: Ctx, id: string, status: 'active' | 'inactive'): Promise<ConnectionRow> {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const { connection: before, connector } = await findPair(tx, ctx, id, { lock: true });
    requireDecision(ctx, before, 'switch connections of the workspace on and off');
    requireTransition(before.status, status, 'person', connectionName(before, connector));
    if (before.status === status) return before;
    if (status === 'inactive') requireStoppable(ctx, before, connector);
    const after = await updateConnectionRow(tx, ctx.tenantId, id, {
      status,
      statusReason: null,
      ...changedBy(ctx),
    });
    if (!after) throw notFound('connection');
    const action = status === 'active' ? 'connection.activated' : 'connection.deactivated';
    await recordAudit(tx, ctx, { action, subject: connectionSubject(after, connector) });
    await settleConnector(tx, ctx, connector);
    if (status === 'active') await checkSoon(tx, ctx, connector.id);
    return after;
  });
}
