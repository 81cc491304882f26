import { Type } from '@sinclair/typebox';
import { createConnection } from '../../services/connections/connection-creation.ts';
import { deleteConnection, revokeConnection } from '../../services/connections/connection-deletion.ts';
import { getConnection, listConnections } from '../../services/connections/connection-list.ts';
import { setConnectionStatus } from '../../services/connections/connection-status.ts';
import { getHealth } from '../../services/health/health.ts';
import { ByEntry, ById, Cursor, component, exampleId, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectionResponse, connectionResponse } from './connection-schemas.ts';
import { HealthCheckResponse, healthResponse } from './health-schemas.ts';
import { operation } from './operation.ts';

const ConnectionCreate = component(
  'ConnectionCreate',
  Type.Object(
    {
      connector_id: Uuid('Of the connector to connect an account to.'),
      user_id: Type.Optional(
        Nullable(
          Type.String({ maxLength: 36 }),
          'Whose own connection it becomes; `me` for the caller’s. Without it, it is for the whole workspace, which needs an admin.',
        ),
      ),
      toolkit_slug: Type.Optional(Nullable(Type.String({ maxLength: 100 }), 'The toolkit that it is for.')),
      auth_config_id: Type.Optional(
        Nullable(
          Type.String({ maxLength: 200 }),
          'How it is connected at a broker, as `/api/toolkits/{slug}/auth-configs` answers it; without it, the way that the toolkit offers by itself.',
        ),
      ),
      credential: Type.Optional(
        ByEntry(
          'A token got elsewhere (`access_token`, and `refresh_token`, `expires_at`, `scopes` where there are such), which the service is asked about before it is saved; for a toolkit of a broker the fields of its `account_fields`, which go to the broker and are not kept here. No answer ever shows them.',
        ),
      ),
    },
    { additionalProperties: false, description: 'An account to connect without anybody’s browser.' },
  ),
);

const ConnectionUpdate = component(
  'ConnectionUpdate',
  Type.Object({ status: OneOf(['active', 'inactive']) }, { additionalProperties: false }),
);

export const connectionOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connections',
      id: 'createConnection',
      summary: 'Connect an account',
      description:
        'For a connector that uses what is entered in its settings, its one connection; otherwise with a `credential` that is brought along. The same account again answers 200 with the connection that is there. Accounts that a person authorises begin at `/api/connections/oauth/initiate`. Members may connect their own accounts (`user_id: me`) where the connector allows it; others’ and the workspace’s need an admin.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: 'connection.created',
      input: { body: ConnectionCreate },
      status: 201,
      onceOnly: true,
      response: ConnectionResponse,
      example: {
        body: { connector_id: exampleId, user_id: 'me', credential: { access_token: 'a-token-that-is-mine' } },
      },
    },
    async (ctx, { body }, c) => {
      const { connection, created } = await createConnection(ctx, {
        connectorId: body.connector_id,
        userId: body.user_id,
        toolkitSlug: body.toolkit_slug,
        authConfigId: body.auth_config_id,
        values: body.credential,
      });
      c.header('Location', `${ctx.hub.config.basePath}/api/connections/${connection.id}`);
      if (!created) c.status(200);
      return connectionResponse(connection);
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/organizations/:id/connections',
      id: 'listConnections',
      summary: 'List the connections of the workspace',
      description: 'Members see those of the whole workspace and their own, in the order in which they were made.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: {
        params: Type.Object({ id: Type.String({ description: 'The id of your own workspace.' }) }),
        query: Type.Object(
          {
            connector_id: Type.Optional(Uuid('Only those of this connector.')),
            status: Type.Optional(OneOf(['initiated', 'active', 'expired', 'failed', 'inactive', 'revoked'])),
            health: Type.Optional(OneOf(['healthy', 'degraded', 'unhealthy', 'unknown'])),
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(ConnectionResponse),
      example: { query: { status: 'active' } },
    },
    async (ctx, { params, query }) => {
      const { connector_id: connectorId, ...more } = query;
      const { data, nextCursor } = await listConnections(ctx, params.id, { connectorId, ...more });
      return { data: data.map(connectionResponse), next_cursor: nextCursor };
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/connections/:id',
      id: 'getConnection',
      summary: 'Get a connection',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: { params: ById },
      status: 200,
      response: ConnectionResponse,
      example: {},
    },
    async (ctx, { params }) => connectionResponse(await getConnection(ctx, params.id)),
  ),
  operation(
    {
      method: 'patch',
      path: '/api/connections/:id/status',
      id: 'setConnectionStatus',
      summary: 'Switch a connection on or off',
      description: 'Members switch their own connections only. What a service refuses has to be connected again.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: 'connection.deactivated',
      input: { params: ById, body: ConnectionUpdate },
      status: 200,
      response: ConnectionResponse,
      example: { body: { status: 'inactive' } },
    },
    async (ctx, { params, body }) => connectionResponse(await setConnectionStatus(ctx, params.id, body.status)),
  ),
  operation(
    {
      method: 'delete',
      path: '/api/connections/:id',
      id: 'deleteConnection',
      summary: 'Disconnect an account',
      description:
        'Its use stops at once, and the service is asked to end the access where it can be asked. What it said stands in the activity as `connection.deleted`.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: 'connection.deleted',
      input: { params: ById },
      status: 204,
      response: null,
      example: {},
    },
    async (ctx, { params }) => {
      await deleteConnection(ctx, params.id);
      return null;
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connections/:id/revoke',
      id: 'revokeConnection',
      summary: 'End the access of an account',
      description:
        'Its use stops at once, and the service is asked to end the access; the connection stays with its history, `revoked`, until it is connected anew or deleted. What the service said stands in the activity as `connection.revoked`.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:write',
      audit: 'connection.revoked',
      input: { params: ById },
      status: 200,
      response: ConnectionResponse,
      example: {},
    },
    async (ctx, { params }) => connectionResponse((await revokeConnection(ctx, params.id)).connection),
  ),
  operation(
    {
      method: 'get',
      path: '/api/connections/:id/health',
      id: 'getConnectionHealth',
      summary: 'Get the health of a connection',
      description:
        'With `refresh=true` it is checked now, unless that was done within the last ten seconds; who asks at the same time gets the same check.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: {
        params: ById,
        query: Type.Object(
          { refresh: Type.Optional(Type.Boolean({ description: 'Check it now.' })) },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: HealthCheckResponse,
      example: {},
    },
    async (ctx, { params, query }) => healthResponse(await getHealth(ctx, params.id, { refresh: query.refresh })),
  ),
];
