import type { Context } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import type { DeliveryRow } from '../../db/queries/webhook-deliveries.ts';
import type { WebhookRow } from '../../db/queries/webhooks.ts';
import type { FieldErrors } from '../../errors.ts';
import { type WebhookEvent, webhookEvents } from '../../services/webhooks/announcements.ts';
import { listDeliveries } from '../../services/webhooks/webhook-deliveries.ts';
import { getWebhook, listWebhooks } from '../../services/webhooks/webhooks.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { isPartial } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';
import type { DeliveryView, WebhookForm, WebhookRowView, WebhookState } from '../view-models/webhook.ts';
import { frame, settingsNav } from './settings.ts';

/** What a form for a webhook was sent with. */
export interface SentWebhook {
  url: string;
  events: string[];
  /** Null for a new one, which is on. */
  enabled: boolean | null;
}

export async function webhooksPage(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const { value, failure } = await orFailure(listWebhooks(ctx));
  const shell = await frame(tools, ctx, c, 'Webhooks');
  const webhooks = { rows: value?.map(webhookRow) ?? [], failure };
  return tools.html(c, 'settings/webhooks', { shell, nav: settingsNav(ctx, paths.webhooks), webhooks });
}

const unsent: SentWebhook = { url: '', events: Object.keys(webhookEvents), enabled: null };

/** The form for a new webhook; with what was wrong in it. */
export async function newWebhookPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  { sent = unsent, errors = {} }: { sent?: SentWebhook; errors?: FieldErrors } = {},
): Promise<Response> {
  const about = { id: uuidv7(), path: paths.webhooks, method: 'POST', submit: 'Create webhook' } as const;
  const form = formOf(ctx, about, sent, errors);
  const shell = await frame(tools, ctx, c, 'Create a webhook');
  const nav = settingsNav(ctx, paths.webhooks);
  return tools.html(c, 'settings/new-webhook', { shell, nav, form }, Object.keys(errors).length ? 422 : 200);
}

interface Shown {
  secret?: string | null;
  confirm?: Confirm;
  sent?: SentWebhook;
  errors?: FieldErrors;
}

/** One webhook with its deliveries; with its new secret, behind a question, or with what was wrong in its form. */
export async function webhookPage(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  id: string,
  { secret = null, confirm, sent, errors = {} }: Shown = {},
): Promise<Response> {
  const row = await getWebhook(ctx, id);
  const cursor = c.req.method === 'GET' ? c.req.query('cursor') : undefined;
  const list = await listDeliveries(ctx, id, { limit: 20, cursor });
  const about = { id: '', path: paths.webhook(id), method: 'PUT', submit: 'Save changes' } as const;
  const webhook = {
    row: webhookRow(row),
    form: formOf(ctx, about, sent ?? row, errors),
    deliveries: list.data.map(deliveryView),
    next: list.nextCursor && nextPage(c, paths.webhook(id), list.nextCursor),
    secret,
  };
  const shell = await frame(tools, ctx, c, 'Webhook', confirm);
  const nav = settingsNav(ctx, paths.webhooks);
  return tools.html(c, 'settings/webhook', { shell, nav, webhook }, Object.keys(errors).length ? 422 : 200);
}

/** Over the page that is there, or with the webhook behind it. */
export const webhookQuestion = (tools: PageTools, ctx: Ctx, c: Context<Env>, id: string, confirm: Confirm) =>
  isPartial(c) ? tools.html(c, 'settings/_confirm', { confirm }) : webhookPage(tools, ctx, c, id, { confirm });

const formOf = (
  ctx: Ctx,
  about: Pick<WebhookForm, 'id' | 'path' | 'method' | 'submit'>,
  { url, events, enabled }: SentWebhook,
  errors: FieldErrors,
): WebhookForm => ({
  ...about,
  tenantId: ctx.tenantId,
  url,
  events: Object.entries(webhookEvents).map(([value, label]) => ({ value, label, chosen: events.includes(value) })),
  enabled,
  errors,
});

const webhookRow = (row: WebhookRow): WebhookRowView => ({
  id: row.id,
  address: row.url.replace(/\?.*/s, '?…'),
  events: row.events.map((value) => ({ value, label: webhookEvents[value as WebhookEvent] ?? value })),
  state: stateOf(row),
});

function stateOf({ enabled, disabledReason, failingSince }: WebhookRow): WebhookState {
  if (!enabled) return { kind: disabledReason ? 'stopped' : 'off', since: null, reason: disabledReason ?? '' };
  return { kind: failingSince ? 'failing' : 'on', since: failingSince, reason: '' };
}

const deliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  event: row.event,
  status: row.status,
  attempts: row.attempts,
  message: row.message ?? '',
  createdAt: row.createdAt,
  nextAt: row.status === 'pending' ? row.dueAt : null,
});
