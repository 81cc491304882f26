import { randomInt } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { type Ctx, type Hub, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  claimDelivery,
  type DeliveryRow,
  dueDeliveries,
  forgetDeliveries,
  giveUpDeliveries,
  selectDeliveries,
  settleDelivery,
} from '../../db/queries/webhook-deliveries.ts';
import { findWebhook, updateWebhookRow, type WebhookRow } from '../../db/queries/webhooks.ts';
import { notFound } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { deadlineIn, firstOf } from '../../lib/signals.ts';
import { recordAudit } from '../audit.ts';
import { enqueueAll } from '../queues.ts';
import { deliveryQueue } from './announcements.ts';
import { isSafeScheme } from './webhook-input.ts';
import { openSigningSecret, type SigningSecret, signedHeaders } from './webhook-secrets.ts';

/** Seconds until the next attempt: eight attempts within a day. */
const pauses = [30, 300, 1_800, 7_200, 18_000, 28_800, 28_800];
const deadlineMs = 10_000;
/** Longer than an attempt takes, so that only one that was lost is made again. */
const leaseSeconds = 60;
/** How long a webhook may fail before the hub stops trying. */
const patienceMs = 3 * 86_400_000;
const keepDays = 30;

/** Webhooks are known by their host where others than admins read it: the rest of an address may be a secret. */
export const webhookSubject = ({ id, url }: Pick<WebhookRow, 'id' | 'url'>) => ({
  type: 'webhook',
  id,
  name: new URL(url).host,
});

/** A webhook's deliveries, newest first. @throws AppError forbidden, not_found */
export async function listDeliveries(ctx: Ctx, webhookId: string, query: { limit?: number; cursor?: string } = {}) {
  requireRole(ctx, 'admin', 'see webhooks');
  const limit = query.limit ?? 50;
  const beforeId = query.cursor ? (decodeCursor(query.cursor, 1)[0] ?? null) : null;
  const read = async (tx: Tx) => {
    if (!(await findWebhook(tx, ctx.tenantId, webhookId))) throw notFound('webhook');
    return selectDeliveries(tx, ctx.tenantId, webhookId, { beforeId, limit: limit + 1 });
  };
  const rows = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  return page(rows, limit, (row) => [row.id]);
}

interface Attempt {
  delivery: DeliveryRow;
  webhook: WebhookRow;
  /** Null when it does not open any more. */
  secret: SigningSecret | null;
}

interface Outcome {
  delivered: boolean;
  status: number | null;
  /** A sentence for people; null when it was delivered. */
  message: string | null;
}

export interface DeliverOptions {
  signal?: AbortSignal;
  /** Milliseconds for the whole attempt. */
  deadlineMs?: number;
}

/**
 * One attempt at a delivery that is due. Nothing happens when it is not, was delivered already or is being attempted elsewhere.
 * A hub that is killed after the receiver has answered makes the attempt again, with the same id.
 */
export async function deliverWebhook(ctx: Ctx, id: string, options: DeliverOptions = {}): Promise<number> {
  const attempt = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => take(tx, ctx, id));
  if (!attempt) return 0;
  const outcome = await send(ctx, attempt, options);
  await ctx.hub.db.asTenant(ctx.tenantId, (tx) => settle(tx, ctx, attempt, outcome));
  return 1;
}

async function take(tx: Tx, ctx: Ctx, id: string): Promise<Attempt | null> {
  const delivery = await claimDelivery(tx, ctx.tenantId, id, leaseSeconds);
  const webhook = delivery && (await findWebhook(tx, ctx.tenantId, delivery.webhookId));
  if (!webhook) return null;
  const secret = await openSigningSecret(tx, ctx, webhook).catch((error: Error) => {
    if (error.name !== 'VaultError') throw error;
    ctx.log.error({ err: error, webhook_id: webhook.id }, 'the secret of a webhook does not open');
    return null;
  });
  return { delivery, webhook, secret };
}

async function send(ctx: Ctx, { delivery, webhook, secret }: Attempt, options: DeliverOptions): Promise<Outcome> {
  const { config, outbound } = ctx.hub;
  const url = new URL(webhook.url);
  if (secret?.origin !== url.origin)
    return failed('Its signing secret cannot be opened for this address any more. Make a new one.');
  if (!isSafeScheme(config.outbound, url)) return failed('Plain http is not allowed for this host any more.');
  const body = JSON.stringify(delivery.payload);
  const headers = { 'content-type': 'application/json', ...signedHeaders(secret, delivery.id, body) };
  const time = deadlineIn(options.deadlineMs ?? deadlineMs);
  try {
    const answer = await outbound.fetch(
      url,
      { method: 'POST', redirect: 'manual', headers: { ...headers, 'user-agent': 'Patchbay-Webhooks' }, body },
      { signal: firstOf(time.signal, options.signal), mayCall: (origin) => origin === secret.origin },
    );
    await answer.body?.cancel(); // its status says everything
    return judged(answer.status);
  } catch (error) {
    if (error instanceof OutboundError) return failed(error.message);
    throw error;
  } finally {
    time.clear();
  }
}

const failed = (message: string, status: number | null = null): Outcome => ({ delivered: false, status, message });

function judged(status: number): Outcome {
  if (status >= 200 && status < 300) return { delivered: true, status, message: null };
  if (status >= 300 && status < 400)
    return failed(
      `It answered with a redirect (${status}); redirects are not followed. Enter the final address.`,
      status,
    );
  if (status === gone) return failed('It answered that it wants no more messages (410).', status);
  return failed(`It answered with status ${status}; a status from 200 to 299 counts as delivered.`, status);
}

/** “Stop sending”, by the conventions of Standard Webhooks. */
const gone = 410;

async function settle(tx: Tx, ctx: Ctx, { delivery, webhook: { id } }: Attempt, outcome: Outcome): Promise<void> {
  const webhook = await findWebhook(tx, ctx.tenantId, id, { lock: true });
  if (!webhook) return;
  const { delivered, status, message } = outcome;
  const isTest = delivery.event === 'webhook.test';
  const pause = pauses[delivery.attempts - 1];
  const final = isTest || pause === undefined || status === gone;
  const settled = await settleDelivery(tx, delivery, {
    responseStatus: status,
    message,
    status: delivered ? 'delivered' : final ? 'failed' : 'pending',
    ...(delivered && { deliveredAt: sql`now()` }),
    ...(!delivered && !final && { dueAt: sql`now() + make_interval(secs => ${(pause * randomInt(90, 111)) / 100})` }),
  });
  if (!settled) return;
  if (delivered) return remember(tx, webhook, null);
  if (isTest) return;
  await remember(tx, webhook, webhook.failingSince ?? new Date());
  if (final && webhook.enabled && (status === gone || isTooLong(webhook))) await switchOff(tx, ctx, webhook, outcome);
}

async function remember(tx: Tx, { tenantId, id, failingSince }: WebhookRow, since: Date | null): Promise<void> {
  if (since?.getTime() !== failingSince?.getTime()) await updateWebhookRow(tx, tenantId, id, { failingSince: since });
}

const isTooLong = ({ failingSince }: WebhookRow) =>
  failingSince !== null && Date.now() - failingSince.getTime() > patienceMs;

async function switchOff(tx: Tx, ctx: Ctx, webhook: WebhookRow, { status, message }: Outcome): Promise<void> {
  const reason =
    status === gone
      ? (message ?? '')
      : `Nothing could be delivered for days. ${message ?? ''} Mend it, then switch it on.`;
  await updateWebhookRow(tx, ctx.tenantId, webhook.id, { enabled: false, disabledReason: reason });
  await giveUpDeliveries(tx, ctx.tenantId, webhook.id, 'The webhook was switched off before it was delivered.');
  await recordAudit(tx, ctx, { action: 'webhook.switched_off', subject: webhookSubject(webhook), details: { reason } });
}

/** Puts what is due into the queue, of all tenants; returns how much that was. */
export async function scanDueDeliveries({ db }: Pick<Hub, 'db'>, max = 500): Promise<number> {
  const due = await dueDeliveries(db.system, max);
  await enqueueAll(db.system, deliveryQueue, due);
  return due.length;
}

/** Clears away deliveries that ended long ago; for a job. Returns their number. */
export const forgetOldDeliveries = ({ db }: Pick<Hub, 'db'>): Promise<number> =>
  forgetDeliveries(db.system, keepDays, 10_000);
