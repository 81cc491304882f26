import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findApproval } from '../../db/queries/approvals.ts';
import { findBudget } from '../../db/queries/budgets.ts';
import { insertDeliveries, selectConnectionFacts, selectConnectorFacts } from '../../db/queries/webhook-deliveries.ts';
import { selectSubscribed } from '../../db/queries/webhooks.ts';
import { AppError } from '../../errors.ts';
import { usdOf } from '../../lib/money.ts';
import { defineQueue, enqueueAll } from '../queues.ts';

/** What webhooks can be told of, with how people are told. */
export const webhookEvents = {
  'connection.created': 'A connection was made',
  'connection.expired': 'A connection expired: a person has to reconnect it',
  'connection.health_changed': 'The health of a connection changed',
  'connector.status_changed': 'A connector was switched on or off, failed or recovered',
  'budget.warning': 'A budget reached its warning',
  'budget.exceeded': 'A budget refused a call, for the first time in its day or month',
  'approval.requested': 'A call of an API key waits for an admin',
  'approval.decided': 'A call that waited was approved or refused, or is over',
} as const;

export type WebhookEvent = keyof typeof webhookEvents;

/** The body of a message in the shape of Standard Webhooks; ids, names, statuses and reasons, never a secret. */
export interface Message extends Record<string, unknown> {
  type: WebhookEvent | 'webhook.test';
  /** When it happened, in ISO 8601. */
  timestamp: string;
  data: Record<string, unknown>;
}

export const deliveryQueue = defineQueue('deliver-webhook');

/** What an entry of the activity is to a webhook; `connection.created` is announced where connections are inserted. */
const announced: Record<string, WebhookEvent> = {
  'connection.expired': 'connection.expired',
  'connection.health_changed': 'connection.health_changed',
  'connection.active': 'connection.health_changed',
  'connection.failed': 'connection.health_changed',
  'connector.activated': 'connector.status_changed',
  'connector.deactivated': 'connector.status_changed',
  'connector.failed': 'connector.status_changed',
  'connector.recovered': 'connector.status_changed',
  'budget.warned': 'budget.warning',
  'budget.exceeded': 'budget.exceeded',
  'approval.requested': 'approval.requested',
  'approval.approved': 'approval.decided',
  'approval.refused': 'approval.decided',
  'approval.expired': 'approval.decided',
  'approval.withdrawn': 'approval.decided',
};

/** Tells webhooks of what was just written into the activity, where it is something for them. */
export async function announceAudited(
  tx: Tx,
  ctx: Pick<Ctx, 'tenantId'>,
  { action, subject, details = {} }: { action: string; subject: { id: string | null }; details?: { reason?: unknown } },
): Promise<void> {
  const event = announced[action];
  if (event && subject.id) await announce(tx, ctx, event, subject.id, details.reason);
}

/**
 * Writes a delivery for each webhook that wants to be told, in the change's own transaction: what happened is told, and nothing else.
 * Reads the row as it is in this transaction.
 * @param id of the connection, the connector, the budget or the approval that the event is about
 */
export async function announce(
  tx: Tx,
  { tenantId }: Pick<Ctx, 'tenantId'>,
  event: WebhookEvent,
  id: string,
  reason?: unknown,
): Promise<void> {
  const receivers = await selectSubscribed(tx, tenantId, event);
  if (!receivers.length) return;
  const data = { ...(await factsOf(event)(tx, tenantId, id)), reason: typeof reason === 'string' ? reason : null };
  const payload: Message = { type: event, timestamp: new Date().toISOString(), data };
  await addDeliveries(tx, tenantId, receivers, payload);
}

/** Puts the message where each of these webhooks is told from; returns the ids of the deliveries. */
export async function addDeliveries(
  tx: Tx,
  tenantId: string,
  webhookIds: string[],
  payload: Message,
): Promise<string[]> {
  const rows = webhookIds.map((webhookId) => ({ tenantId, id: uuidv7(), webhookId, event: payload.type, payload }));
  await insertDeliveries(tx, rows);
  const ids = rows.map(({ id }) => id);
  await soon(tx, tenantId, ids);
  return ids;
}

/** A hub that is still making its queues refuses no change for it: the next scan finds what waits. */
async function soon(tx: Tx, tenantId: string, ids: string[]) {
  const payloads = ids.map((id) => ({ tenant_id: tenantId, id }));
  await tx
    .transaction((inner) => enqueueAll(inner, deliveryQueue, payloads))
    .catch((error) => {
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
    });
}

const factsOf = (event: WebhookEvent) => {
  if (event.startsWith('budget.')) return budgetFacts;
  if (event.startsWith('approval.')) return approvalFacts;
  return event.startsWith('connection.') ? connectionFacts : connectorFacts;
};

/** Never what the call would say. */
async function approvalFacts(tx: Tx, tenantId: string, id: string) {
  const found = await findApproval(tx, tenantId, id);
  if (!found) return { approval: { id } };
  const { tool, title, status, expiresAt, decidedByName, note, connectorId, connectorName, keyId, keyName } = found;
  return {
    approval: { id, tool, title, status, expires_at: expiresAt.toISOString(), decided_by: decidedByName, note },
    connector: { id: connectorId, name: connectorName },
    api_key: { id: keyId, name: keyName, made_by: found.makerName },
  };
}

async function budgetFacts(tx: Tx, tenantId: string, id: string) {
  const found = await findBudget(tx, tenantId, id);
  if (!found) return { budget: { id } };
  const { period, apiKeyId, connectorId, apiKeyName, connectorName, limitNano, spentNano, reservedNano, endsAt } =
    found;
  return {
    budget: {
      id,
      period,
      limit_usd: usdOf(limitNano),
      used_usd: usdOf(spentNano),
      reserved_usd: usdOf(reservedNano),
      resets_at: endsAt.toISOString(),
    },
    api_key: apiKeyId && { id: apiKeyId, name: apiKeyName },
    connector: connectorId && { id: connectorId, name: connectorName },
  };
}

async function connectionFacts(tx: Tx, tenantId: string, id: string) {
  const found = await selectConnectionFacts(tx, tenantId, id);
  if (!found) return { connection: { id } };
  const { connection, connector } = found;
  return {
    connection: {
      id,
      account_label: connection.accountLabel,
      user_id: connection.userId,
      toolkit_slug: connection.toolkitSlug,
      status: connection.status,
      status_reason: connection.statusReason,
      health: connection.health,
      health_message: connection.healthMessage,
    },
    connector: { id: connector.id, name: connector.name, handle: connector.handle },
  };
}

async function connectorFacts(tx: Tx, tenantId: string, id: string) {
  const found = await selectConnectorFacts(tx, tenantId, id);
  if (!found) return { connector: { id } };
  const { name, handle, status, statusReason } = found;
  return { connector: { id, name, handle, status, status_reason: statusReason } };
}
