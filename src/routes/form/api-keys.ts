import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { changeApiKey } from '../../services/api-keys/api-key-changes.ts';
import { createApiKey, getApiKey, revokeApiKey } from '../../services/api-keys/api-keys.ts';
import type { Scope } from '../../services/api-keys/scopes.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { apiKeyPage, type SentKeyChange } from '../pages/api-key.ts';
import {
  apiKeyQuestion,
  apiKeysPage,
  endOf,
  limitsIn,
  newApiKeyPage,
  type SentKey,
  type SentLimits,
} from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import type { Confirm } from '../view-models/dialog.ts';

const admin = { role: 'admin' } as const;

/** The workspace's API keys: the list, the form for a new one, and the end of one. */
export const apiKeyForms = (tools: PageTools): PageRoute[] => [
  page({ ...admin, method: 'get', path: paths.apiKeys, audit: null, example: {} }, (ctx, c) =>
    apiKeysPage(tools, ctx, c),
  ),
  page({ ...admin, method: 'get', path: paths.newApiKey, audit: null, example: {} }, (ctx, c) => {
    requireRole(ctx, 'admin', 'make API keys');
    return newApiKeyPage(tools, ctx, c);
  }),
  page(
    {
      ...admin,
      method: 'post',
      path: paths.apiKeys,
      audit: 'api_key.created',
      example: { form: { name: 'Deployment', role: 'member', scopes: 'connectors:read', expires_at: '90' } },
    },
    (ctx, c) => create(tools, ctx, c),
  ),
  page({ ...admin, method: 'get', path: paths.apiKey(':id'), audit: null, example: {} }, (ctx, c) =>
    apiKeyPage(tools, ctx, c, idOf(c)),
  ),
  page(
    {
      ...admin,
      method: 'put',
      path: paths.apiKey(':id'),
      audit: 'api_key.changed',
      example: { form: { 'limits.calls_per_hour': '100', 'limits.approval': 'writes', expires_at: 'keep' } },
    },
    (ctx, c) => change(tools, ctx, c),
  ),
  page({ ...admin, method: 'get', path: paths.apiKeyRevocation(':id'), audit: null, example: {} }, async (ctx, c) => {
    const { id, name, lastUsedAt } = await getApiKey(ctx, idOf(c));
    return apiKeyQuestion(tools, ctx, c, revocation(ctx, { id, name, used: lastUsedAt !== null }));
  }),
  page(
    { ...admin, method: 'delete', path: paths.apiKey(':id'), audit: 'api_key.revoked', example: {} },
    async (ctx, c) => {
      const { name } = await revokeApiKey(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name, text: 'is revoked. Requests with it are refused from now on.' });
      return tools.redirect(c, paths.apiKeys);
    },
  ),
];

async function create(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const form = await c.req.formData();
  const text = (name: string) => String(form.get(name) ?? '');
  const sent: SentKey = {
    name: text('name'),
    role: text('role'),
    scopes: form.getAll('scopes').map(String),
    modelConnector: text('model_connector_id'),
    expires: text('expires_at'),
    ...limitsSent(form),
  };
  try {
    const input = {
      ...sent,
      expiresAt: endOf(sent.expires),
      modelConnectorId: sent.modelConnector || null,
      limits: limitsIn(sent),
    };
    const { row, key } = await createApiKey(ctx, input, { id: reservedId(form.get('id')) });
    return await apiKeysPage(tools, ctx, c, { made: { name: row.name, key, curl: trial(tools, key, sent.scopes) } });
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return newApiKeyPage(tools, ctx, c, { sent, errors: error.errors });
  }
}

const limitsSent = (form: FormData): SentLimits => {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return {
    connectors: form.getAll('limit_connectors').map(String),
    tools: text('limits.tools'),
    readOnly: form.has('limit_read_only'),
    callsPerHour: text('limits.calls_per_hour'),
    approval: text('limits.approval') || 'none',
    approvalHours: text('limits.approval_hours'),
  };
};

async function change(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const form = await c.req.formData();
  const id = idOf(c);
  const amount = (name: string) => (form.has(name) ? String(form.get(name)).trim() : undefined);
  const sent: SentKeyChange = {
    ...limitsSent(form),
    expires: String(form.get('expires_at') ?? 'keep'),
    spend: { day_usd: amount('spend.day_usd'), month_usd: amount('spend.month_usd') },
  };
  const spend = Object.fromEntries(
    Object.entries(sent.spend).flatMap(([name, value]) => (value === undefined ? [] : [[name, value || null]])),
  );
  const expiresAt = sent.expires === 'keep' ? undefined : endOf(sent.expires);
  try {
    const { name } = await changeApiKey(ctx, id, { limits: limitsIn(sent), expiresAt, spend });
    leaveNotice(c, tools.hub, { tone: 'ok', name, text: 'is changed. It counts from its next request on.' });
    return tools.redirect(c, paths.apiKeys);
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return apiKeyPage(tools, ctx, c, id, { sent, errors: error.errors });
  }
}

/** A call that this key may make; '' when it can only change things. */
function trial({ hub }: PageTools, key: string, scopes: string[]): string {
  const path = Object.entries(readable).find(([scope]) => scopes.includes(scope))?.[1];
  return path ? `curl -H 'Authorization: Bearer ${key}' ${hub.config.baseUrl}${path}` : '';
}

const readable: Partial<Record<Scope, string>> = {
  'connectors:read': '/api/installed',
  'catalog:read': '/api/catalog',
  'publish:read': '/api/publish-targets',
  'audit:read': '/api/audit',
};

const revocation = (ctx: Ctx, { id, name, used }: { id: string; name: string; used: boolean }): Confirm => ({
  title: `Revoke ${name}?`,
  tenantId: ctx.tenantId,
  method: 'DELETE',
  path: paths.apiKey(id),
  back: paths.apiKeys,
  consequences: [
    used
      ? 'Every program that uses it is refused from its next request on.'
      : 'It was never used, so nothing that works now will stop.',
    'This cannot be undone: make a new key instead.',
  ],
  submit: 'Revoke',
  keep: 'Keep it',
  select: null,
});
