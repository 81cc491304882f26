import { type Static, Type } from '@sinclair/typebox';
import type { AuthConfigRow } from '../../db/queries/auth-configs.ts';
import type { ToolkitScheme } from '../../drivers/driver.ts';
import { createAuthConfig } from '../../services/auth-configs.ts';
import { initiateAuthorization, type StartedAuthorization } from '../../services/authorizations.ts';
import { createConnection } from '../../services/connection-creation.ts';
import {
  type DetailedToolkit,
  type Freshness,
  getToolkitDetails,
  listToolkits,
  mustFindBrokered,
  type Toolkit,
} from '../../services/toolkits.ts';
import { ByEntry, Cursor, component, exampleId, Instant, Limit, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectionResponse, connectionResponse } from './connection-schemas.ts';
import { operation } from './operation.ts';

const summary = {
  slug: Type.String({
    description: 'As callers name it: the catalog key, or `<catalog key>.<toolkit>` below a broker.',
  }),
  name: Type.String(),
  description: Type.String(),
  logo: Nullable(Type.String(), 'The address of a picture.'),
  categories: Type.Array(Type.Object({ slug: Type.String(), name: Type.String() })),
  tools_count: Nullable(Type.Integer(), 'Null where the broker does not tell.'),
  auth_schemes: Type.Array(Type.String(), { description: 'The ways to authenticate, the first one offered first.' }),
  managed_auth_schemes: Type.Array(Type.String(), {
    description: 'Of these: those for which the broker brings an application of its own.',
  }),
  no_auth: Type.Boolean({ description: 'Its tools need no account.' }),
  version: Nullable(Type.String(), 'Of its tools; null where there are no versions.'),
  deprecated: Type.Boolean(),
  via: Nullable(
    Type.Object({
      connector_id: Uuid('Of the connector that brings it.'),
      catalog_key: Type.String(),
      name: Type.String(),
    }),
    'The broker behind it; null for a service that the hub calls itself.',
  ),
};

const ToolkitResponse = component('ToolkitResponse', Type.Object(summary));

const FreshnessResponse = Type.Object({
  fetched_at: Instant('When the broker said so.'),
  age_s: Type.Integer({ description: 'Seconds since then.' }),
  stale: Type.Boolean({ description: 'True when the broker should have been asked again and could not be.' }),
});

const ToolkitDetailsResponse = component(
  'ToolkitDetailsResponse',
  Type.Object({
    ...summary,
    auth_details: Type.Array(
      Type.Object({
        scheme: Type.String(),
        title: Type.String(),
        connects: OneOf(['link', 'values', 'none'], {
          description:
            '`link`: a person agrees on a page (`/api/connections/oauth/initiate`); `values`: somebody enters them (`/api/connections`).',
        }),
        managed: Type.Boolean({ description: 'An auth config of it needs no settings.' }),
        config_fields: ByEntry('JSON Schema of an auth config’s `settings`.'),
        account_fields: ByEntry('JSON Schema of an account’s `credential`.'),
        help_url: Nullable(Type.String(), 'Where the service explains them.'),
        unusable: Nullable(Type.String(), 'Why it cannot be offered; null when it can.'),
      }),
    ),
    tools: Type.Array(
      Type.Object({
        slug: Type.String(),
        title: Type.String(),
        description: Type.String(),
        side_effect: OneOf(['none', 'idempotent', 'write']),
        unusable: Nullable(Type.String(), 'Why it cannot be called; null when it can.'),
      }),
      { maxItems: 50, description: 'The first ones; GET /api/tools has all, with their schemas.' },
    ),
    more_tools: Type.Boolean({ description: 'There are more tools than are told here.' }),
    freshness: Nullable(FreshnessResponse, 'How old this is; null for what the hub knows itself.'),
  }),
);

const ToolkitListResponse = component(
  'ToolkitListResponse',
  Type.Object({
    data: Type.Array(ToolkitResponse),
    next_cursor: Nullable(Type.String(), 'Pass it as `cursor` for the next page; null on the last one.'),
    freshness: Nullable(FreshnessResponse, 'How old the oldest part of it is; null when no broker was asked.'),
    troubles: Type.Array(
      Type.Object({ connector_id: Uuid('Of a broker.'), name: Type.String(), message: Type.String() }),
      { description: 'Brokers whose toolkits are missing, and why.' },
    ),
  }),
);

const AuthConfigCreate = component(
  'AuthConfigCreate',
  Type.Object(
    {
      scheme: Type.Optional(
        Type.String({ maxLength: 40, description: 'One of `auth_details`; the first usable one without it.' }),
      ),
      managed: Type.Optional(
        Type.Boolean({
          description:
            'With the broker’s own application; without it, where that is offered and no settings are given.',
        }),
      ),
      settings: Type.Optional(ByEntry('By `config_fields`. They go to the broker and are not kept here.')),
      connector_id: Type.Optional(Uuid('Of a broker’s connector, where there are several.')),
    },
    { additionalProperties: false },
  ),
);

const CreateConnectedAccountRequest = component(
  'CreateConnectedAccountRequest',
  Type.Object(
    {
      user_id: Type.Optional(
        Nullable(
          Type.String({ maxLength: 36 }),
          'Whose own account it becomes; `me` for the caller’s. Without it, it is for the whole workspace, which needs an admin.',
        ),
      ),
      auth_config_id: Type.Optional(
        Nullable(
          Type.String({ maxLength: 200 }),
          'How it is connected; the way that the toolkit offers by itself without it.',
        ),
      ),
      credential: Type.Optional(
        ByEntry('By `account_fields`, for schemes that connect by values. It goes to the broker and is not kept here.'),
      ),
      return_to: Type.Optional(
        Nullable(
          Type.String({ maxLength: 2000 }),
          'A path of this hub where the browser goes in the end, for schemes that connect by link.',
        ),
      ),
      connector_id: Type.Optional(Uuid('Of a broker’s connector, where there are several.')),
    },
    {
      additionalProperties: false,
      description: 'An account of a toolkit to connect: by values with `credential`, by link without.',
    },
  ),
);

const ConnectedAccountResponse = component(
  'ConnectedAccountResponse',
  Type.Object({
    status: OneOf(['initiated', 'active', 'expired', 'failed', 'inactive', 'revoked']),
    connection: Nullable(ConnectionResponse, 'The account; null until a person has agreed.'),
    connection_request_id: Nullable(
      Type.String({ format: 'uuid' }),
      'To wait for it at `/api/connections/oauth/wait`.',
    ),
    redirect_url: Nullable(Type.String({ format: 'uri' }), 'A page of this hub that the person who agrees opens.'),
    expires_at: Nullable(Type.String({ format: 'date-time' }), 'Until when that page has to be opened.'),
  }),
);

const AuthConfigResponse = component(
  'AuthConfigResponse',
  Type.Object({
    id: Uuid('Of the auth config; `auth_config_id` elsewhere.'),
    connector_id: Uuid('Of the broker’s connector.'),
    toolkit_slug: Type.String(),
    scheme: Type.String(),
    managed: Type.Boolean(),
    external_id: Nullable(Type.String(), 'Its id at the broker.'),
    created_at: Instant('When it was made.'),
  }),
);

const toolkitResponse = (toolkit: Toolkit): Static<typeof ToolkitResponse> => ({
  slug: toolkit.slug,
  name: toolkit.name,
  description: toolkit.description,
  logo: toolkit.logo,
  categories: toolkit.categories,
  tools_count: toolkit.toolsCount,
  auth_schemes: toolkit.schemes,
  managed_auth_schemes: toolkit.managedSchemes,
  no_auth: toolkit.noAuth,
  version: toolkit.version,
  deprecated: toolkit.deprecated,
  via: toolkit.via && {
    connector_id: toolkit.via.id,
    catalog_key: toolkit.via.catalog.key,
    name: toolkit.via.catalog.name,
  },
});

const freshnessResponse = (freshness: Freshness | null): Static<typeof FreshnessResponse> | null =>
  freshness && {
    fetched_at: freshness.fetchedAt.toISOString(),
    age_s: Math.max(0, Math.round((Date.now() - freshness.fetchedAt.getTime()) / 1000)),
    stale: freshness.stale,
  };

const schemeResponse = (scheme: ToolkitScheme) => ({
  scheme: scheme.scheme,
  title: scheme.title,
  connects: scheme.connects,
  managed: scheme.managed,
  config_fields: scheme.configFields as Record<string, unknown>,
  account_fields: scheme.accountFields as Record<string, unknown>,
  help_url: scheme.helpUrl,
  unusable: scheme.unusable,
});

const detailsResponse = (details: DetailedToolkit): Static<typeof ToolkitDetailsResponse> => ({
  ...toolkitResponse(details.toolkit),
  auth_details: details.schemes.map(schemeResponse),
  tools: details.tools.map(({ name, title, description, sideEffect, unusable }) => ({
    ...{ slug: name, title, description, side_effect: sideEffect, unusable },
  })),
  more_tools: details.moreTools,
  freshness: freshnessResponse(details.freshness),
});

const authConfigResponse = (row: AuthConfigRow): Static<typeof AuthConfigResponse> => ({
  id: row.id,
  connector_id: row.connectorId,
  toolkit_slug: row.toolkitSlug,
  scheme: row.scheme,
  managed: row.managed,
  external_id: row.externalId,
  created_at: row.createdAt.toISOString(),
});

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
      const { target, toolkit } = await mustFindBrokered(ctx, params.slug, body.connector_id);
      const about = {
        ...{ connectorId: target.connector.id, toolkitSlug: toolkit },
        ...{ userId: body.user_id, authConfigId: body.auth_config_id },
      };
      if (!body.credential)
        return linkResponse(await initiateAuthorization(ctx, { ...about, returnTo: body.return_to }));
      const { connection, created } = await createConnection(ctx, { ...about, values: body.credential });
      if (!created) c.status(200);
      const shown = connectionResponse(connection);
      return {
        status: shown.status,
        connection: shown,
        connection_request_id: null,
        redirect_url: null,
        expires_at: null,
      };
    },
  ),
];

const linkResponse = ({ request, redirectUrl }: StartedAuthorization): Static<typeof ConnectedAccountResponse> => ({
  status: 'initiated',
  connection: null,
  connection_request_id: request.id,
  redirect_url: redirectUrl,
  expires_at: request.expiresAt.toISOString(),
});
