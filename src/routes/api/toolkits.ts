import { Type } from '@sinclair/typebox';
import { initiateConnectedAccount } from '../../services/brokers/account-initiation.ts';
import { createAuthConfig } from '../../services/brokers/auth-configs.ts';
import { getToolkitDetails } from '../../services/brokers/toolkit-details.ts';
import { listToolkits } from '../../services/brokers/toolkits.ts';
import { Cursor, exampleId, Limit, Uuid } from './components.ts';
import { operation } from './operation.ts';
import {
  AuthConfigCreate,
  AuthConfigResponse,
  accountResponse,
  authConfigResponse,
  ConnectedAccountResponse,
  CreateConnectedAccountRequest,
  detailsResponse,
  freshnessResponse,
  linkResponse,
  ToolkitDetailsResponse,
  ToolkitListResponse,
  toolkitResponse,
} from './toolkit-schemas.ts';

const BySlug = Type.Object({ slug: Type.String({ description: 'As GET /api/toolkits names it.' }) });

const OfConnector = Type.Optional(Uuid('Only what this broker’s connector brings.'));

export const toolkitOperations = [
  operation(
    {
      method: 'get',
      path: '/api/toolkits',
      id: 'listToolkits',
      summary: 'List the toolkits that can be had',
      description:
        'Services that the hub calls itself first, then those that brokers bring whose connectors are installed. What a broker says is kept for ten minutes; while the broker is away the older list is given, with its age.',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            q: Type.Optional(Type.String({ maxLength: 200, description: 'Words in the name.' })),
            category: Type.Optional(Type.String({ maxLength: 100, description: 'The slug of a category.' })),
            connector_id: OfConnector,
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ToolkitListResponse,
      example: { query: { q: 'github' } },
    },
    async (ctx, { query }) => {
      const { connector_id: connectorId, ...more } = query;
      const { data, nextCursor, freshness, troubles } = await listToolkits(ctx, { connectorId, ...more });
      return {
        data: data.map(toolkitResponse),
        next_cursor: nextCursor,
        freshness: freshnessResponse(freshness),
        troubles: troubles.map(({ connectorId: connector_id, name, message }) => ({ connector_id, name, message })),
      };
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/toolkits/:slug',
      id: 'getToolkitDetails',
      summary: 'Get a toolkit',
      description: 'Its ways to authenticate with their fields, and its first tools.',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:read',
      audit: null,
      input: { params: BySlug, query: Type.Object({ connector_id: OfConnector }, { additionalProperties: false }) },
      status: 200,
      response: ToolkitDetailsResponse,
      example: { params: { slug: 'github' } },
    },
    async (ctx, { params, query }) => detailsResponse(await getToolkitDetails(ctx, params.slug, query.connector_id)),
  ),
  operation(
    {
      method: 'post',
      path: '/api/toolkits/:slug/auth-configs',
      id: 'createAuthConfig',
      summary: 'Make an auth config',
      description:
        'How accounts of a broker’s toolkit are connected: with the broker’s own application, or one of your own. The same settings again answer 200 with the one that is there. A toolkit that the hub calls itself has none: its connector holds what it needs (422).',
      tag: 'Tools',
      role: 'admin',
      scope: 'connections:write',
      audit: 'auth_config.created',
      input: { params: BySlug, body: AuthConfigCreate },
      status: 201,
      onceOnly: true,
      response: AuthConfigResponse,
      example: {
        params: { slug: 'composio.gmail' },
        body: { connector_id: exampleId, scheme: 'oauth2', managed: true },
      },
    },
    async (ctx, { params, body }, c) => {
      const { connector_id: connectorId, ...input } = body;
      const { config, created } = await createAuthConfig(ctx, params.slug, { ...input, connectorId });
      if (!created) c.status(200);
      return authConfigResponse(config);
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/toolkits/:slug/accounts',
      id: 'initiateConnectedAccount',
      summary: 'Connect an account of a toolkit',
      description:
        'With `credential` it is connected at once; without, the answer leads the person who agrees to `redirect_url`. The same again answers 200 with the one that is there. For a broker’s toolkits; what the hub calls itself is connected at `/api/connections`.',
      tag: 'Tools',
      role: 'member',
      scope: 'connections:write',
      audit: 'authorization.requested',
      input: { params: BySlug, body: CreateConnectedAccountRequest },
      status: 201,
      onceOnly: true,
      response: ConnectedAccountResponse,
      example: { params: { slug: 'composio.gmail' }, body: { connector_id: exampleId, user_id: 'me' } },
    },
    async (ctx, { params, body }, c) => {
      const { credential, connector_id: connectorId, user_id: userId, auth_config_id: authConfigId } = body;
      const input = { connectorId, userId, authConfigId, credential, returnTo: body.return_to };
      const account = await initiateConnectedAccount(ctx, params.slug, input);
      if ('created' in account && !account.created) c.status(200);
      return 'request' in account ? linkResponse(account) : accountResponse(account.connection);
    },
  ),
];
