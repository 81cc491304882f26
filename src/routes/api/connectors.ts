import { Type } from '@sinclair/typebox';
import { deleteConnector, setConnectorStatus } from '../../services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../services/connectors/connectors.ts';
import { getConnector, listInstalled } from '../../services/connectors/installed.ts';
import { validateConfig } from '../../services/connectors/validate-config.ts';
import { getPublishTargets } from '../../services/publishing/publish-targets.ts';
import { ByEntry, ById, Cursor, component, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { ConnectorCreate, ConnectorResponse, ConnectorUpdate, connectorResponse } from './connector-schemas.ts';
import { operation } from './operation.ts';

const exampleId = { id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' };
const wordpress = {
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
};

const listInstalledOperation = operation(
  {
    method: 'get',
    path: '/api/installed',
    id: 'listInstalled',
    summary: 'List the connectors of the workspace',
    description: 'Sorted by name.',
    tag: 'Connectors',
    role: 'member',
    scope: 'connectors:read',
    audit: null,
    input: {
      query: Type.Object(
        {
          q: Type.Optional(
            Type.String({ maxLength: 200, description: 'Text in the name, handle, tags or the service’s name.' }),
          ),
          status: Type.Optional(OneOf(['inactive', 'active', 'error'])),
          catalog_key: Type.Optional(Type.String({ maxLength: 100 })),
          limit: Limit,
          cursor: Cursor,
        },
        { additionalProperties: false },
      ),
    },
    status: 200,
    response: ListOf(ConnectorResponse),
    example: { query: { status: 'inactive' } },
  },
  async (ctx, { query }) => {
    const list = await listInstalled(ctx, {
      q: query.q,
      status: query.status,
      catalogKey: query.catalog_key,
      limit: query.limit,
      cursor: query.cursor,
    });
    return {
      data: list.data.map((row) => connectorResponse(ctx, row, list.unreadable.get(row.id))),
      next_cursor: list.nextCursor,
    };
  },
);

const installConnectorOperation = operation(
  {
    method: 'post',
    path: '/api/connectors',
    id: 'installConnector',
    summary: 'Install a connector',
    description: 'It is inactive until it is activated. Send an Idempotency-Key to make a repeated call safe.',
    tag: 'Connectors',
    role: 'admin',
    scope: 'connectors:write',
    audit: 'connector.installed',
    input: { body: ConnectorCreate },
    status: 201,
    response: ConnectorResponse,
    example: { body: { catalog_key: 'wordpress', name: 'Company blog', tags: ['marketing'], ...wordpress } },
  },
  async (ctx, { body }, c) => {
    const input = { name: body.name, config: body.config ?? {}, auth: body.auth ?? {}, tags: body.tags ?? [] };
    const connector = await installConnector(ctx, body.catalog_key, input);
    c.header('Location', `${ctx.hub.config.basePath}/api/connectors/${connector.id}`);
    return connectorResponse(ctx, connector);
  },
);

const getConnectorOperation = operation(
  {
    method: 'get',
    path: '/api/connectors/:id',
    id: 'getConnector',
    summary: 'Get a connector',
    tag: 'Connectors',
    role: 'member',
    scope: 'connectors:read',
    audit: null,
    input: { params: ById },
    status: 200,
    response: ConnectorResponse,
    example: { params: exampleId },
  },
  async (ctx, { params }) => {
    const { connector, unreadable } = await getConnector(ctx, params.id);
    return connectorResponse(ctx, connector, unreadable);
  },
);

const updateConnectorOperation = operation(
  {
    method: 'put',
    path: '/api/connectors/:id',
    id: 'updateConnector',
    summary: 'Change a connector',
    description: 'Changing where a saved secret is sent asks for the secret again (422, `secret_required`).',
    tag: 'Connectors',
    role: 'admin',
    scope: 'connectors:write',
    audit: 'connector.updated',
    input: { params: ById, body: ConnectorUpdate },
    status: 200,
    response: ConnectorResponse,
    example: { params: exampleId, body: { version: 1, tags: ['marketing', 'blog'] } },
  },
  async (ctx, { params, body }) => connectorResponse(ctx, await updateConnector(ctx, params.id, body)),
);

const deleteConnectorOperation = operation(
  {
    method: 'delete',
    path: '/api/connectors/:id',
    id: 'deleteConnector',
    summary: 'Delete a connector',
    description:
      'Use stops at once. For ten minutes it can be brought back in the browser; then row and secrets are removed for good.',
    tag: 'Connectors',
    role: 'admin',
    scope: 'connectors:write',
    audit: 'connector.deleted',
    input: { params: ById },
    status: 204,
    response: null,
    example: { params: exampleId },
  },
  async (ctx, { params }) => {
    await deleteConnector(ctx, params.id);
    return null;
  },
);

const setStatusOperation = operation(
  {
    method: 'patch',
    path: '/api/connectors/:id/status',
    id: 'setConnectorStatus',
    summary: 'Activate or deactivate a connector',
    tag: 'Connectors',
    role: 'admin',
    scope: 'connectors:write',
    audit: 'connector.activated',
    input: {
      params: ById,
      body: Type.Object({ status: OneOf(['active', 'inactive']) }, { additionalProperties: false }),
    },
    status: 200,
    response: ConnectorResponse,
    example: { params: exampleId, body: { status: 'active' } },
  },
  async (ctx, { params, body }) => connectorResponse(ctx, await setConnectorStatus(ctx, params.id, body.status)),
);

const validateConfigOperation = operation(
  {
    method: 'post',
    path: '/api/validate-config',
    id: 'validateConfig',
    summary: 'Check values without installing anything',
    description: 'The same validation as install. Without `auth`, only `config` is checked.',
    tag: 'Connectors',
    role: 'member',
    scope: 'connectors:write',
    audit: null,
    input: {
      body: Type.Object(
        {
          catalog_key: Type.String(),
          config: ByEntry('Values to check.'),
          auth: Type.Optional(ByEntry('Values to check.')),
        },
        { additionalProperties: false },
      ),
    },
    status: 200,
    response: Type.Object({ valid: Type.Boolean(), errors: Type.Record(Type.String(), Type.Array(Type.String())) }),
    example: { body: { catalog_key: 'wordpress', ...wordpress } },
  },
  async (ctx, { body }) => validateConfig(ctx, body.catalog_key, body),
);

const PublishTargetResponse = component(
  'PublishTargetResponse',
  Type.Object({
    id: Uuid('Of the connector.'),
    name: Type.String(),
    catalog_key: Type.String(),
    capabilities: ByEntry('What may be published and within which limits, as docs/publishing.md describes it.'),
    ready: Type.Boolean({ description: 'Whether publishing would be tried now.' }),
    reason: Nullable(Type.String(), 'Why it is not ready, e.g. `not_checked`.'),
  }),
);

const publishTargetsOperation = operation(
  {
    method: 'get',
    path: '/api/publish-targets',
    id: 'getPublishTargets',
    summary: 'List where content can be published',
    description: 'Every active connector of a service that publishes.',
    tag: 'Publishing',
    role: 'member',
    scope: 'publish:read',
    audit: null,
    input: { query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }) },
    status: 200,
    response: ListOf(PublishTargetResponse),
    example: {},
  },
  async (ctx, { query }) => {
    const list = await getPublishTargets(ctx, query);
    return {
      data: list.data.map(({ catalogKey, ...target }) => ({
        ...target,
        catalog_key: catalogKey,
        capabilities: { ...target.capabilities },
      })),
      next_cursor: list.nextCursor,
    };
  },
);

export const connectorOperations = [
  listInstalledOperation,
  installConnectorOperation,
  getConnectorOperation,
  updateConnectorOperation,
  setStatusOperation,
  deleteConnectorOperation,
  validateConfigOperation,
  publishTargetsOperation,
];
