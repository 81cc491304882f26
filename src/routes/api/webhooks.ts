import { type Static, Type } from '@sinclair/typebox';
import type { DeliveryRow } from '../../db/queries/webhook-deliveries.ts';
import type { WebhookRow } from '../../db/queries/webhooks.ts';
import { type WebhookEvent, webhookEvents } from '../../services/webhooks/announcements.ts';
import { listDeliveries } from '../../services/webhooks/webhook-deliveries.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../services/webhooks/webhooks.ts';
import {
  ById,
  Cursor,
  component,
  exampleId,
  Instant,
  Limit,
  ListOf,
  Nullable,
  OneOf,
  pageOfWhole,
  Uuid,
  WholeQuery,
} from './components.ts';
import { operation } from './operation.ts';

const eventNames = Object.keys(webhookEvents) as WebhookEvent[];
const Url = Type.String({ minLength: 1, maxLength: 2048, title: 'URL', description: 'An https address.' });
const Events = Type.Array(OneOf(eventNames), { minItems: 1, uniqueItems: true, title: 'Events' });

const WebhookResponse = component(
  'WebhookResponse',
  Type.Object({
    id: Uuid('Of the webhook.'),
    url: Type.String({ description: 'Where messages are sent.' }),
    events: Type.Array(OneOf(eventNames)),
    enabled: Type.Boolean({ description: 'Whether anything is sent.' }),
    disabled_reason: Nullable(Type.String(), 'Why the hub switched it off; null otherwise.'),
    failing_since: Nullable(Type.String({ format: 'date-time' }), 'Since when nothing was delivered.'),
    created_at: Instant('When it was made.'),
    created_by: Nullable(Type.String(), 'Who made it.'),
    updated_at: Instant('When it was changed last.'),
  }),
);

const secretToldOnce = 'It signs messages. It is told here once and never again.';
const WebhookWithSecret = component(
  'WebhookWithSecret',
  Type.Object({ ...WebhookResponse.properties, secret: Type.String({ description: secretToldOnce }) }),
);
const WebhookChanged = component(
  'WebhookChanged',
  Type.Object({
    ...WebhookResponse.properties,
    secret: Nullable(Type.String(), `The new secret, when the address has another origin. ${secretToldOnce}`),
  }),
);

const WebhookDeliveryResponse = component(
  'WebhookDeliveryResponse',
  Type.Object({
    id: Uuid('Of the message, the same on every attempt: the header webhook-id.'),
    event: OneOf([...eventNames, 'webhook.test']),
    status: OneOf(['pending', 'delivered', 'failed']),
    attempts: Type.Integer(),
    response_status: Nullable(Type.Integer(), 'What the last attempt was answered with.'),
    message: Nullable(Type.String(), 'Why the last attempt failed.'),
    next_attempt_at: Nullable(Type.String({ format: 'date-time' }), 'Null when there is none.'),
    delivered_at: Nullable(Type.String({ format: 'date-time' }), 'Null until it was delivered.'),
    created_at: Instant('When it happened.'),
  }),
);

const WebhookCreate = component(
  'WebhookCreate',
  Type.Object({ url: Url, events: Events }, { additionalProperties: false }),
);
const WebhookUpdate = component(
  'WebhookUpdate',
  Type.Object(
    {
      url: Type.Optional(Url),
      events: Type.Optional(Events),
      enabled: Type.Optional(Type.Boolean({ title: 'Switched on' })),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
);

const webhookResponse = (row: WebhookRow): Static<typeof WebhookResponse> => ({
  id: row.id,
  url: row.url,
  events: row.events as WebhookEvent[],
  enabled: row.enabled,
  disabled_reason: row.disabledReason,
  failing_since: row.failingSince?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  created_by: row.createdByName,
  updated_at: row.updatedAt.toISOString(),
});

const deliveryResponse = (row: DeliveryRow): Static<typeof WebhookDeliveryResponse> => ({
  id: row.id,
  event: row.event as WebhookEvent | 'webhook.test',
  status: row.status,
  attempts: row.attempts,
  response_status: row.responseStatus,
  message: row.message,
  next_attempt_at: row.status === 'pending' ? row.dueAt.toISOString() : null,
  delivered_at: row.deliveredAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
});

const common = { tag: 'Webhooks', role: 'admin' } as const;
const read = { ...common, scope: 'webhooks:read', audit: null } as const;
const write = { ...common, scope: 'webhooks:write' } as const;
const one = { params: { id: exampleId } };

/** Signed messages to an address of the workspace about what happens to its connections. */
export const webhookOperations = [
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/webhooks', id: 'listWebhooks' },
      summary: 'List webhooks',
      description: 'There are at most five in a workspace.',
      input: { query: WholeQuery },
      status: 200,
      response: ListOf(WebhookResponse),
      example: {},
    },
    async (ctx, { query }) => pageOfWhole((await listWebhooks(ctx)).map(webhookResponse), query, ({ id }) => id),
  ),
  operation(
    {
      ...{ ...write, method: 'post', path: '/api/webhooks', id: 'createWebhook', audit: 'webhook.created' },
      summary: 'Create a webhook',
      description: 'The answer holds the signing secret. Messages and signatures have the shape of Standard Webhooks.',
      input: { body: WebhookCreate },
      status: 201,
      response: WebhookWithSecret,
      example: { body: { url: 'https://example.com/hooks/patchbay', events: ['connection.expired'] } },
    },
    async (ctx, { body }) => {
      const { webhook, secret } = await createWebhook(ctx, body);
      return { ...webhookResponse(webhook), secret };
    },
  ),
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/webhooks/:id', id: 'getWebhook' },
      summary: 'Get a webhook',
      input: { params: ById },
      status: 200,
      response: WebhookResponse,
      example: one,
    },
    async (ctx, { params }) => webhookResponse(await getWebhook(ctx, params.id)),
  ),
  operation(
    {
      ...{ ...write, method: 'patch', path: '/api/webhooks/:id', id: 'updateWebhook', audit: 'webhook.changed' },
      summary: 'Change a webhook or switch it on and off',
      description: 'Another origin gets another secret. What waits when it is switched off is given up.',
      input: { params: ById, body: WebhookUpdate },
      status: 200,
      response: WebhookChanged,
      example: { ...one, body: { events: ['connection.created', 'connector.status_changed'] } },
    },
    async (ctx, { params, body }) => {
      const { webhook, secret } = await updateWebhook(ctx, params.id, body);
      return { ...webhookResponse(webhook), secret };
    },
  ),
  operation(
    {
      ...{ ...write, method: 'delete', path: '/api/webhooks/:id', id: 'deleteWebhook', audit: 'webhook.deleted' },
      summary: 'Delete a webhook',
      description: 'With its deliveries, also those that wait.',
      input: { params: ById },
      status: 204,
      response: null,
      example: one,
    },
    async (ctx, { params }) => {
      await deleteWebhook(ctx, params.id);
      return null;
    },
  ),
  operation(
    {
      ...{ ...write, method: 'post', path: '/api/webhooks/:id/test', id: 'testWebhook', audit: 'webhook.tested' },
      summary: 'Send a test message',
      description: 'Once and at once, also while it is switched off; the answer says how that went.',
      input: { params: ById },
      status: 200,
      response: WebhookDeliveryResponse,
      example: one,
    },
    async (ctx, { params }) => deliveryResponse(await testWebhook(ctx, params.id)),
  ),
  operation(
    {
      ...{ ...write, method: 'post', path: '/api/webhooks/:id/secret', id: 'rotateWebhookSecret' },
      audit: 'webhook.secret_rotated',
      summary: 'Make a new signing secret',
      description: 'For a day messages carry a signature by the new one and one by the one before.',
      input: { params: ById },
      status: 200,
      response: WebhookWithSecret,
      example: one,
    },
    async (ctx, { params }) => {
      const { webhook, secret } = await rotateWebhookSecret(ctx, params.id);
      return { ...webhookResponse(webhook), secret };
    },
  ),
  operation(
    {
      ...{ ...read, method: 'get', path: '/api/webhooks/:id/deliveries', id: 'listWebhookDeliveries' },
      summary: 'List what a webhook was told, newest first',
      description: 'Kept for thirty days.',
      input: {
        params: ById,
        query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }),
      },
      status: 200,
      response: ListOf(WebhookDeliveryResponse),
      example: { ...one, query: { limit: '10' } },
    },
    async (ctx, { params, query }) => {
      const list = await listDeliveries(ctx, params.id, query);
      return { data: list.data.map(deliveryResponse), next_cursor: list.nextCursor };
    },
  ),
];
