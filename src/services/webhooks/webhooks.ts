import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, requireRole } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import { type DeliveryRow, findDelivery, giveUpDeliveries } from '../../db/queries/webhook-deliveries.ts';
import {
  deleteWebhookRow,
  findWebhook,
  insertWebhook,
  lockWebhookCount,
  selectWebhooks,
  updateWebhookRow,
  type WebhookRow,
} from '../../db/queries/webhooks.ts';
import { AppError, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { addDeliveries } from './announcements.ts';
import { deliverWebhook, webhookSubject } from './webhook-deliveries.ts';
import { checkWebhook } from './webhook-input.ts';
import { newSigningSecret, openSigningSecret, sealSigningSecret } from './webhook-secrets.ts';

const most = 5;
/** How long a secret that was replaced signs along, so that receivers can change over without a gap. */
const overlapMs = 86_400_000;

/** A webhook with the secret that was just made for it, which is told here and nowhere else; null when it kept its own. */
export interface WithSecret {
  webhook: WebhookRow;
  secret: string | null;
}

/** The workspace's webhooks in the order in which they were made. @throws AppError forbidden */
export async function listWebhooks(ctx: Ctx): Promise<WebhookRow[]> {
  requireRole(ctx, 'admin', 'see webhooks');
  return ctx.hub.db.asTenant(ctx.tenantId, (tx) => selectWebhooks(tx, ctx.tenantId), { readOnly: true });
}

/** @throws AppError forbidden, not_found */
export async function getWebhook(ctx: Ctx, id: string): Promise<WebhookRow> {
  requireRole(ctx, 'admin', 'see webhooks');
  return ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, id), { readOnly: true });
}

/**
 * Begins to tell an address what happens.
 * @param options.id the id that a form reserved when it opened: sending the form twice makes one webhook
 * @throws AppError forbidden, invalid_input by field, quota_exceeded, or conflict when the form was sent before
 */
export async function createWebhook(
  ctx: Ctx,
  input: { url: unknown; events: unknown },
  options: { id?: string } = {},
): Promise<{ webhook: WebhookRow; secret: string }> {
  requireRole(ctx, 'admin', 'create webhooks');
  const checked = checkWebhook(ctx.hub, input);
  const [id, secret] = [options.id ?? uuidv7(), newSigningSecret()];
  const make = async (tx: Tx) => {
    await requireRoom(tx, ctx.tenantId);
    const sealedSecret = await sealFor(tx, ctx, id, checked.url, secret);
    const webhook = await insertWebhook(tx, { tenantId: ctx.tenantId, id, ...checked, sealedSecret, ...madeBy(ctx) });
    const details = { events: checked.events };
    await recordAudit(tx, ctx, { action: 'webhook.created', subject: webhookSubject(webhook), details });
    return { webhook, secret };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, make).catch((error) => {
    throw uniqueViolation(error) ? sentBefore(error) : error;
  });
}

/**
 * Changes what is given. A secret signs for one origin only: another origin gets a new one, and the old one signs nothing any more.
 * @throws AppError forbidden, not_found, invalid_input by field
 */
export async function updateWebhook(
  ctx: Ctx,
  id: string,
  input: { url?: unknown; events?: unknown; enabled?: boolean },
): Promise<WithSecret> {
  requireRole(ctx, 'admin', 'change webhooks');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    const wanted = { url: input.url ?? before.url, events: input.events ?? before.events };
    const next = { ...checkWebhook(ctx.hub, wanted), enabled: input.enabled ?? before.enabled };
    const changed = (['url', 'events', 'enabled'] as const).filter(
      (field) => String(next[field]) !== String(before[field]),
    );
    if (!changed.length) return { webhook: before, secret: null };
    const secret = originOf(next.url) === originOf(before.url) ? null : newSigningSecret();
    const webhook = await updateWebhookRow(tx, ctx.tenantId, id, {
      ...next,
      ...(secret && { sealedSecret: await sealFor(tx, ctx, id, next.url, secret) }),
      ...(changed.includes('enabled') && { disabledReason: null, failingSince: null }),
      ...changedBy(ctx),
    });
    if (!webhook) throw notFound('webhook');
    if (!webhook.enabled)
      await giveUpDeliveries(tx, ctx.tenantId, id, 'The webhook was switched off before it was delivered.');
    const details = { changed: secret ? [...changed, 'secret'] : changed };
    await recordAudit(tx, ctx, { action: 'webhook.changed', subject: webhookSubject(webhook), details });
    return { webhook, secret };
  });
}

/** Makes a new secret. For a day messages carry a signature by each, so that the receiver can change over. @throws AppError forbidden, not_found */
export async function rotateWebhookSecret(ctx: Ctx, id: string): Promise<{ webhook: WebhookRow; secret: string }> {
  requireRole(ctx, 'admin', 'change webhooks');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    const secret = newSigningSecret();
    const sealedSecret = await sealFor(tx, ctx, id, before.url, secret, await oldSecret(tx, ctx, before));
    const webhook = await updateWebhookRow(tx, ctx.tenantId, id, { sealedSecret, ...changedBy(ctx) });
    if (!webhook) throw notFound('webhook');
    await recordAudit(tx, ctx, { action: 'webhook.secret_rotated', subject: webhookSubject(webhook) });
    return { webhook, secret };
  });
}

/** Ends it with what waits for it and its history. @throws AppError forbidden, not_found */
export async function deleteWebhook(ctx: Ctx, id: string): Promise<WebhookRow> {
  requireRole(ctx, 'admin', 'delete webhooks');
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const webhook = await mustFind(tx, ctx, id, { lock: true });
    await deleteWebhookRow(tx, ctx.tenantId, id);
    await recordAudit(tx, ctx, { action: 'webhook.deleted', subject: webhookSubject(webhook) });
    return webhook;
  });
}

/** Sends a message that says nothing, once and at once, also to one that is switched off. @throws AppError forbidden, not_found */
export async function testWebhook(ctx: Ctx, id: string): Promise<DeliveryRow> {
  requireRole(ctx, 'admin', 'test webhooks');
  const deliveryId = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const webhook = await mustFind(tx, ctx, id);
    const data = { message: 'This is a test.', webhook: { id } };
    const payload = { type: 'webhook.test' as const, timestamp: new Date().toISOString(), data };
    const [made = ''] = await addDeliveries(tx, ctx.tenantId, [id], payload);
    await recordAudit(tx, ctx, { action: 'webhook.tested', subject: webhookSubject(webhook) });
    return made;
  });
  await deliverWebhook(ctx, deliveryId);
  const delivery = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findDelivery(tx, ctx.tenantId, deliveryId), {
    readOnly: true,
  });
  if (!delivery) throw notFound('webhook');
  return delivery;
}

async function mustFind(tx: Tx, ctx: Ctx, id: string, options: { lock?: boolean } = {}): Promise<WebhookRow> {
  const webhook = await findWebhook(tx, ctx.tenantId, id, options);
  if (!webhook) throw notFound('webhook');
  return webhook;
}

async function requireRoom(tx: Tx, tenantId: string) {
  await lockWebhookCount(tx, tenantId);
  if ((await selectWebhooks(tx, tenantId)).length < most) return;
  const sentence = `This workspace has ${most} webhooks, and there can be no more. Delete one that nobody needs.`;
  throw new AppError('quota_exceeded', sentence, { extra: { max_webhooks: most } });
}

const originOf = (url: string) => new URL(url).origin;

const sealFor = (
  tx: Tx,
  ctx: Ctx,
  id: string,
  url: string,
  value: string,
  previous: { value: string; until: number } | null = null,
) => sealSigningSecret(tx, ctx, id, { value, previous, origin: originOf(url) });

/** What signs along for a while; one that does not open, or signed for another origin, is simply replaced. */
async function oldSecret(tx: Tx, ctx: Ctx, webhook: WebhookRow) {
  const { value, origin } = await openSigningSecret(tx, ctx, webhook).catch((error: Error) => {
    if (error.name !== 'VaultError') throw error;
    return { value: '', origin: null };
  });
  return origin === originOf(webhook.url) ? { value, until: Date.now() + overlapMs } : null;
}

const sentBefore = (cause: unknown) =>
  new AppError(
    'conflict',
    'This form was sent before, and the webhook was made then. Its secret is shown only once: make a new secret if you have not copied it.',
    { cause },
  );
