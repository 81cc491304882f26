import { Type } from '@sinclair/typebox';
import { invalid } from '../../errors.ts';
import { createConnection } from '../../services/connection-creation.ts';
import { deleteConnection } from '../../services/connection-deletion.ts';
import { getConnection, listConnections } from '../../services/connection-list.ts';
import { setConnectionStatus } from '../../services/connection-status.ts';
import { getHealth } from '../../services/health.ts';
import { ById, Cursor, component, exampleId, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectionResponse, connectionResponse } from './connection-schemas.ts';
import { HealthCheckResponse, healthResponse } from './health-schemas.ts';
import { operation } from './operation.ts';

const Credential = Type.Object(
  {
    access_token: Type.String({ minLength: 1, maxLength: 20_000 }),
    refresh_token: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 20_000 }), 'For renewing it.')),
    expires_at: Type.Optional(Nullable(Type.String({ format: 'date-time' }), 'When the access token ends.')),
    scopes: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 200 })),
  },
  {
    additionalProperties: false,
    description: 'A token got elsewhere. The service is asked whose it is before it is saved; no answer ever shows it.',
  },
);

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
      auth_config_id: Type.Optional(Nullable(Type.String({ maxLength: 200 }), 'Of toolkits that have such.')),
      credential: Type.Optional(Credential),
    },
    { additionalProperties: false, description: 'An account to connect without anybody’s browser.' },
  ),
);

const ConnectionUpdate = component(
  'ConnectionUpdate',
  Type.Object({ status: OneOf(['active', 'inactive']) }, { additionalProperties: false }),
);

const refuseAuthConfig = (id: string | null | undefined) => {
  if (id) throw invalid({ auth_config_id: ['This connector has no such configurations. Leave it out.'] });
};

export const connectionOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connections',
      id: 'createConnection',
      summary: 'Connect an account',
      description:
        'For a connector that uses what is entered in its settings, its one connection; otherwise with a `credential` that is brought along. The same account again answers 200 with the connection that is there. Accounts that a person authorises begin at `/api/connections/oauth/initiate`. Members may connect their own accounts (`user_id: me`) where the connector allows it.',
      tag: 'Connections',
      role: 'admin',
      scope: 'connections:write',
      audit: 'connection.created',
      input: { body: ConnectionCreate },
      status: 201,
      onceOnly: true,
      response: ConnectionResponse,
      example: { body: { connector_id: exampleId } },
    },
    async (ctx, { body }, c) => {
      refuseAuthConfig(body.auth_config_id);
      const { credential } = body;
      const { connection, created } = await createConnection(ctx, {
        connectorId: body.connector_id,
        userId: body.user_id,
        toolkitSlug: body.toolkit_slug,
        credential: credential && {
          accessToken: credential.access_token,
          refreshToken: credential.refresh_token,
          expiresAt: credential.expires_at ? new Date(credential.expires_at) : null,
          scopes: credential.scopes,
        },
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
