import { type Static, Type } from '@sinclair/typebox';
import type { ApiKeyRow } from '../../db/queries/api-keys.ts';
import { roles } from '../../lib/role.ts';
import { changeApiKey } from '../../services/api-keys/api-key-changes.ts';
import { createApiKey, listApiKeys, revokeApiKey, roleOfKey, statusOfKey } from '../../services/api-keys/api-keys.ts';
import { type Scope, scopes } from '../../services/api-keys/scopes.ts';
import { ById, Cursor, component, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const exampleId = { id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' };
const scopeNames = Object.keys(scopes) as Scope[];

const Limits = Type.Object(
  {
    connectors: Type.Optional(
      Type.Array(Uuid('Of a connector.'), {
        maxItems: 100,
        description: 'Calls go through these alone; any when left out or empty.',
      }),
    ),
    tools: Type.Optional(
      Type.Array(Type.String({ maxLength: 200 }), {
        maxItems: 100,
        description:
          'Names of tools with * for anything: github.*, *.get_*; requests of its own are `proxy`, language models `llm.*`.',
      }),
    ),
    read_only: Type.Optional(Type.Boolean({ description: 'Calls nothing that may change something.' })),
    calls_per_hour: Type.Optional(
      Nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 }), 'Of tools, requests and language models together.'),
    ),
    approval: Type.Optional(
      OneOf(['none', 'destructive', 'writes'], {
        description:
          'Which of its calls of tools wait for an admin: none, those that may change or remove what is there, or all that change something.',
      }),
    ),
    approval_hours: Type.Optional(
      Nullable(Type.Integer({ minimum: 1, maximum: 168 }), 'How long they wait; 24 when left out.'),
    ),
  },
  {
    additionalProperties: false,
    title: 'Limits',
    description: 'What its calls are limited to.',
  },
);

const ApiKeyResponse = component(
  'ApiKeyResponse',
  Type.Object({
    id: Uuid('Of the key.'),
    name: Type.String(),
    prefix: Type.String({ description: 'The first characters of the key, to recognise it by.' }),
    role: OneOf(roles, { description: 'What it was made with.' }),
    effective_role: OneOf(roles, {
      description: 'What it may do now: never more than its maker.',
    }),
    scopes: Type.Array(OneOf(scopeNames)),
    model_connector_id: Nullable(Uuid('Of the connector.'), 'The only one that it may ask language models through.'),
    limits: Limits,
    status: OneOf(['active', 'expired', 'revoked']),
    expires_at: Nullable(Type.String({ format: 'date-time' }), 'Null for a key without an end.'),
    last_used_at: Nullable(Type.String({ format: 'date-time' }), 'To the minute; null when it was never used.'),
    revoked_at: Nullable(Type.String({ format: 'date-time' }), 'Null while it is in force.'),
    created_at: Instant('When it was made.'),
    created_by: Type.Object({ id: Uuid('Of the person.'), name: Type.String() }),
  }),
);

const ApiKeyCreated = component(
  'ApiKeyCreated',
  Type.Object({
    ...ApiKeyResponse.properties,
    key: Type.String({ description: 'The key itself. It is told here once and never again.' }),
  }),
);

const ApiKeyCreate = component(
  'ApiKeyCreate',
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 255, title: 'Name', description: 'Such as what will use it.' }),
      role: OneOf(roles, { title: 'Role', description: 'At most your own.' }),
      scopes: Type.Array(OneOf(scopeNames), { minItems: 1, uniqueItems: true, title: 'Scopes' }),
      model_connector_id: Type.Optional(
        Nullable(Uuid('Of a connector to language models.'), 'Binds the key to it: it asks models through no other.'),
      ),
      limits: Type.Optional(Limits),
      expires_at: Type.Optional(
        Nullable(Type.String({ format: 'date-time' }), 'When it ends; without one it works until it is revoked.'),
      ),
    },
    { additionalProperties: false },
  ),
);

const Dollars = (period: string) =>
  Type.Optional(
    Nullable(
      Type.String({ maxLength: 20, examples: ['12.50'] }),
      `US dollars a ${period}; null for no budget. What is left out stays.`,
    ),
  );

const ApiKeyUpdate = component(
  'ApiKeyUpdate',
  Type.Object(
    {
      limits: Type.Optional(Limits),
      expires_at: Type.Optional(
        Nullable(Type.String({ format: 'date-time' }), 'When it ends; null for no end. What is left out stays.'),
      ),
      spend: Type.Optional(
        Type.Object(
          { day_usd: Dollars('day'), month_usd: Dollars('month') },
          {
            additionalProperties: false,
            title: 'Spend',
            description: 'Budgets of the key for language models; owners alone.',
          },
        ),
      ),
    },
    { additionalProperties: false },
  ),
);

const apiKeyResponse = (row: ApiKeyRow): Static<typeof ApiKeyResponse> => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  effective_role: roleOfKey(row),
  scopes: row.scopes as Scope[],
  model_connector_id: row.modelConnectorId,
  limits: limitsOf(row),
  status: statusOfKey(row),
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  created_by: { id: row.createdBy, name: row.createdByName },
});

const limitsOf = ({ limits }: ApiKeyRow): Static<typeof Limits> => ({
  ...(limits.connectors && { connectors: limits.connectors }),
  ...(limits.tools && { tools: limits.tools }),
  ...(limits.readOnly && { read_only: true }),
  ...(limits.callsPerHour && { calls_per_hour: limits.callsPerHour }),
  ...(limits.approval && { approval: limits.approval }),
  ...(limits.approvalHours && { approval_hours: limits.approvalHours }),
});

/** Keys are made and ended by people who are signed in: no key makes another. */
export const apiKeyOperations = [
  operation(
    {
      method: 'get',
      path: '/api/api-keys',
      id: 'listApiKeys',
      summary: 'List API keys, newest first',
      description: 'Also those that are expired or revoked.',
      tag: 'API keys',
      role: 'admin',
      scope: null,
      audit: null,
      input: { query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }) },
      status: 200,
      response: ListOf(ApiKeyResponse),
      example: { query: { limit: '10' } },
    },
    async (ctx, { query }) => {
      const list = await listApiKeys(ctx, query);
      return { data: list.data.map(apiKeyResponse), next_cursor: list.nextCursor };
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/api-keys',
      id: 'createApiKey',
      summary: 'Make an API key',
      description: 'The answer holds the key. Keep it where only the program that uses it can read it.',
      tag: 'API keys',
      role: 'admin',
      scope: null,
      audit: 'api_key.created',
      input: { body: ApiKeyCreate },
      status: 201,
      response: ApiKeyCreated,
      example: { body: { name: 'Deployment', role: 'member', scopes: ['connectors:read', 'publish:read'] } },
    },
    async (ctx, { body }) => {
      const { row, key } = await createApiKey(ctx, {
        ...body,
        expiresAt: body.expires_at ?? null,
        modelConnectorId: body.model_connector_id ?? null,
      });
      return { ...apiKeyResponse(row), key };
    },
  ),
  operation(
    {
      method: 'patch',
      path: '/api/api-keys/:id',
      id: 'updateApiKey',
      summary: 'Change what an API key is limited to',
      description:
        '`limits` takes the place of all that were there. It counts with the next request of the key. Its role and scopes stay as they are, and nobody changes a key that may do more than they.',
      tag: 'API keys',
      role: 'admin',
      scope: null,
      audit: 'api_key.changed',
      input: { params: ById, body: ApiKeyUpdate },
      status: 200,
      response: ApiKeyResponse,
      example: { params: exampleId, body: { limits: { read_only: true, calls_per_hour: 100 } } },
    },
    async (ctx, { params, body }) => {
      const { limits, expires_at: expiresAt, spend } = body;
      return apiKeyResponse(await changeApiKey(ctx, params.id, { limits, expiresAt, spend }));
    },
  ),
  operation(
    {
      method: 'delete',
      path: '/api/api-keys/:id',
      id: 'revokeApiKey',
      summary: 'Revoke an API key',
      description: 'The next request with it is refused. Revoking it again changes nothing.',
      tag: 'API keys',
      role: 'admin',
      scope: null,
      audit: 'api_key.revoked',
      input: { params: ById },
      status: 204,
      response: null,
      example: { params: exampleId },
    },
    async (ctx, { params }) => {
      await revokeApiKey(ctx, params.id);
      return null;
    },
  ),
];
