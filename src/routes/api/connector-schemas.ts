import { type Static, Type } from '@sinclair/typebox';
import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { presentConnector } from '../../services/connectors/connector-view.ts';
import { ByEntry, component, Instant, Nullable, OneOf, Uuid } from './components.ts';

const Name = Type.String({ description: '1 to 255 characters; unique in the workspace without regard to case.' });
const Tags = Type.Array(Type.String(), { description: 'At most 20, each 1 to 50 characters.' });
const Config = ByEntry('As the `default_config_schema` of the catalog entry says.');
const Auth = ByEntry('As the `auth_schema` of the catalog entry says; `method` may be left out where one choice fits.');

export const ConnectorCreate = component(
  'ConnectorCreate',
  Type.Object(
    {
      catalog_key: Type.String({ description: 'Key of the catalog entry.' }),
      name: Name,
      config: Type.Optional(Config),
      auth: Type.Optional(Auth),
      tags: Type.Optional(Tags),
    },
    { additionalProperties: false, description: 'A connector to install.' },
  ),
);

export const ConnectorUpdate = component(
  'ConnectorUpdate',
  Type.Object(
    {
      version: Type.Integer({
        minimum: 1,
        description: 'The version that the change was made from; an older one is answered with 409.',
      }),
      name: Type.Optional(Name),
      config: Type.Optional(Config),
      auth: Type.Optional(Auth),
      tags: Type.Optional(Tags),
    },
    {
      additionalProperties: false,
      description:
        'What is left out stays. In `config` and `auth`, a secret that is left out is kept, null clears it and a string replaces it.',
    },
  ),
);

export const ConnectorResponse = component(
  'ConnectorResponse',
  Type.Object(
    {
      id: Uuid('Of the connector.'),
      tenant_id: Uuid('Of the workspace, as in /api/organizations/{id}.'),
      catalog_key: Type.String(),
      name: Type.String(),
      handle: Type.String({ description: 'Stable ASCII name; never changes.' }),
      status: OneOf(['inactive', 'active', 'error']),
      status_reason: Nullable(Type.String(), 'Why the status is error.'),
      config: ByEntry('Secrets read as `{is_set, updated_at}`.'),
      auth: ByEntry('Secrets read as `{is_set, updated_at}`.'),
      unreadable_secrets: Type.Array(Type.String(), {
        description: 'Saved secrets that no longer open and must be entered again.',
      }),
      tags: Type.Array(Type.String()),
      schema_version: Type.Integer(),
      version: Type.Integer({ description: 'Send it back with PUT.' }),
      managed_by: Nullable(Type.String(), 'Who manages the connector when it is not people: environment or file.'),
      created_at: Instant('When it was installed.'),
      updated_at: Instant('When it was last changed.'),
      created_by: Nullable(Type.String({ format: 'uuid' }), 'User id.'),
      updated_by: Nullable(Type.String({ format: 'uuid' }), 'User id.'),
      created_by_name: Nullable(Type.String(), 'Name at that time.'),
      updated_by_name: Nullable(Type.String(), 'Name at that time.'),
    },
    { description: 'An installed connector.' },
  ),
);

/** The connector as the API shows it. */
export function connectorResponse(
  ctx: Ctx,
  row: ConnectorRow,
  unreadable: string[] = [],
): Static<typeof ConnectorResponse> {
  const { config, auth } = presentConnector(ctx, row);
  return {
    id: row.id,
    tenant_id: row.tenantId,
    catalog_key: row.catalog.key,
    name: row.name,
    handle: row.handle,
    status: row.status,
    status_reason: row.statusReason,
    config,
    auth,
    unreadable_secrets: unreadable,
    tags: row.tags,
    schema_version: row.schemaVersion,
    version: row.version,
    managed_by: row.managedBy,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    created_by: row.createdBy,
    updated_by: row.updatedBy,
    created_by_name: row.createdByName,
    updated_by_name: row.updatedByName,
  };
}
