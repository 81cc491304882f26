import { type Static, Type } from '@sinclair/typebox';
import type { AuthConfigRow } from '../../db/queries/auth-configs.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ToolkitScheme } from '../../drivers/driver.ts';
import type { StartedAuthorization } from '../../services/authorizations/authorizations.ts';
import type { DetailedToolkit } from '../../services/brokers/toolkit-details.ts';
import type { Freshness, Toolkit } from '../../services/brokers/toolkits.ts';
import { ByEntry, component, Instant, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectionResponse, connectionResponse } from './connection-schemas.ts';

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

export const ToolkitDetailsResponse = component(
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

export const ToolkitListResponse = component(
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

export const AuthConfigCreate = component(
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

export const CreateConnectedAccountRequest = component(
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

export const ConnectedAccountResponse = component(
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

export const AuthConfigResponse = component(
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

export const toolkitResponse = (toolkit: Toolkit): Static<typeof ToolkitResponse> => ({
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

export const freshnessResponse = (freshness: Freshness | null): Static<typeof FreshnessResponse> | null =>
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

export const detailsResponse = (details: DetailedToolkit): Static<typeof ToolkitDetailsResponse> => ({
  ...toolkitResponse(details.toolkit),
  auth_details: details.schemes.map(schemeResponse),
  tools: details.tools.map(({ name, title, description, sideEffect, unusable }) => ({
    ...{ slug: name, title, description, side_effect: sideEffect, unusable },
  })),
  more_tools: details.moreTools,
  freshness: freshnessResponse(details.freshness),
});

export const authConfigResponse = (row: AuthConfigRow): Static<typeof AuthConfigResponse> => ({
  id: row.id,
  connector_id: row.connectorId,
  toolkit_slug: row.toolkitSlug,
  scheme: row.scheme,
  managed: row.managed,
  external_id: row.externalId,
  created_at: row.createdAt.toISOString(),
});

export const linkResponse = ({
  request,
  redirectUrl,
}: StartedAuthorization): Static<typeof ConnectedAccountResponse> => ({
  status: 'initiated',
  connection: null,
  connection_request_id: request.id,
  redirect_url: redirectUrl,
  expires_at: request.expiresAt.toISOString(),
});

export function accountResponse(connection: ConnectionRow): Static<typeof ConnectedAccountResponse> {
  const shown = connectionResponse(connection);
  return {
    status: shown.status,
    connection: shown,
    connection_request_id: null,
    redirect_url: null,
    expires_at: null,
  };
}
