import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError } from '../../errors.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../services/webhooks/webhooks.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { newWebhookPage, type SentWebhook, webhookPage, webhookQuestion, webhooksPage } from '../pages/webhooks.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import type { Confirm } from '../view-models/dialog.ts';

const admin = { role: 'admin' } as const;
const read = { ...admin, method: 'get', audit: null, example: {} } as const;
const fields = { url: 'https://slack.com/hooks', events: 'connection.created', enabled: 'on' };

/** The workspace's webhooks: the list, the form for a new one, and each with its deliveries. */
export const webhookForms = (tools: PageTools): PageRoute[] => [
  page({ ...read, path: paths.webhooks }, (ctx, c) => webhooksPage(tools, ctx, c)),
  page({ ...read, path: paths.newWebhook }, (ctx, c) => {
    requireRole(ctx, 'admin', 'create webhooks');
    return newWebhookPage(tools, ctx, c);
  }),
  page(
    { ...admin, method: 'post', path: paths.webhooks, audit: 'webhook.created', example: { form: fields } },
    (ctx, c) => create(tools, ctx, c),
  ),
  page({ ...read, path: paths.webhook(':id') }, (ctx, c) => webhookPage(tools, ctx, c, idOf(c))),
  page(
    { ...admin, method: 'put', path: paths.webhook(':id'), audit: 'webhook.changed', example: { form: fields } },
    (ctx, c) => change(tools, ctx, c),
  ),
  page({ ...admin, method: 'post', path: paths.webhookTests(':id'), audit: 'webhook.tested', example: {} }, (ctx, c) =>
    sendTest(tools, ctx, c),
  ),
  page({ ...read, path: paths.webhookSecret(':id') }, async (ctx, c) => {
    const { id } = await getWebhook(ctx, idOf(c));
    return webhookQuestion(tools, ctx, c, id, rotation(ctx, id));
  }),
  page(
    { ...admin, method: 'put', path: paths.webhookSecret(':id'), audit: 'webhook.secret_rotated', example: {} },
    async (ctx, c) => {
      const { secret } = await rotateWebhookSecret(ctx, idOf(c));
      return webhookPage(tools, ctx, c, idOf(c), { secret });
    },
  ),
  page({ ...read, path: paths.webhookDeletion(':id') }, async (ctx, c) => {
    const { id } = await getWebhook(ctx, idOf(c));
    return webhookQuestion(tools, ctx, c, id, deletion(ctx, id));
  }),
  page(
    { ...admin, method: 'delete', path: paths.webhook(':id'), audit: 'webhook.deleted', example: {} },
    async (ctx, c) => {
      const { url } = await deleteWebhook(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name: new URL(url).host, text: 'is told nothing any more.' });
      return tools.redirect(c, paths.webhooks);
    },
  ),
];

async function create(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const form = await c.req.formData();
  const sent = sentIn(form, null);
  try {
    const { webhook, secret } = await createWebhook(ctx, sent, { id: reservedId(form.get('id')) });
    return await webhookPage(tools, ctx, c, webhook.id, { secret });
  } catch (error) {
    return newWebhookPage(tools, ctx, c, { sent, errors: errorsOf(error) });
  }
}

async function change(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const form = await c.req.formData();
  const enabled = form.get('enabled') === 'on';
  const sent = sentIn(form, enabled);
  try {
    const { webhook, secret } = await updateWebhook(ctx, idOf(c), { url: sent.url, events: sent.events, enabled });
    if (secret) return await webhookPage(tools, ctx, c, webhook.id, { secret });
    leaveNotice(c, tools.hub, { tone: 'ok', name: new URL(webhook.url).host, text: 'is saved.' });
    return tools.redirect(c, paths.webhook(webhook.id));
  } catch (error) {
    return webhookPage(tools, ctx, c, idOf(c), { sent, errors: errorsOf(error) });
  }
}

const sentIn = (form: FormData, enabled: boolean | null): SentWebhook => ({
  url: String(form.get('url') ?? ''),
  events: form.getAll('events').map(String),
  enabled,
});

/** @throws what does not stand beside a field */
function errorsOf(error: unknown) {
  if (!(error instanceof AppError) || !error.errors) throw error;
  return error.errors;
}

async function sendTest(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const { url } = await getWebhook(ctx, idOf(c));
  const { status, message } = await testWebhook(ctx, idOf(c));
  const name = new URL(url).host;
  const good = status === 'delivered';
  const text = good ? 'took the test message.' : `did not take the test message. ${message ?? ''}`;
  leaveNotice(c, tools.hub, { tone: good ? 'ok' : 'bad', name, text });
  return tools.redirect(c, paths.webhook(idOf(c)));
}

const question = (ctx: Ctx, id: string) => ({ tenantId: ctx.tenantId, back: paths.webhook(id), select: null });

const rotation = (ctx: Ctx, id: string): Confirm => ({
  ...question(ctx, id),
  title: 'Make a new signing secret?',
  method: 'PUT',
  path: paths.webhookSecret(id),
  consequences: [
    'You see it once, on the next page.',
    'For a day messages carry a signature by each, so that the receiver can change over; then the old one signs nothing any more.',
  ],
  submit: 'Make a new secret',
  keep: 'Keep it',
});

const deletion = (ctx: Ctx, id: string): Confirm => ({
  ...question(ctx, id),
  title: 'Delete this webhook?',
  method: 'DELETE',
  path: paths.webhook(id),
  consequences: [
    'The receiver is told nothing any more, also not what still waits.',
    'Its deliveries and its secret go with it. This cannot be undone.',
  ],
  submit: 'Delete',
  keep: 'Keep it',
});
