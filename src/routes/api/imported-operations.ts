import { type Static, Type } from '@sinclair/typebox';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { ImportedOperationRow } from '../../db/queries/imported-operations.ts';
import {
  listOperations,
  type OperationsPreview,
  previewOperations,
  saveOperations,
} from '../../services/connectors/imported-operations.ts';
import { ByEntry, ById, component, Instant, ListOf, Nullable, OneOf, pageOfWhole, WholeQuery } from './components.ts';
import { operation } from './operation.ts';

const described = {
  slug: Type.String({ description: 'The last part of the tool’s name; it stays when the document changes.' }),
  operation_id: Nullable(Type.String(), 'As the document calls it.'),
  title: Type.String(),
  description: Type.String(),
  method: Type.String(),
  path: Type.String({ description: 'Below the base URL of the connector.' }),
  side_effect: OneOf(['none', 'idempotent', 'write'], { description: 'By its method.' }),
};

const ImportedOperationResponse = component(
  'ImportedOperationResponse',
  Type.Object({
    ...described,
    tool: Type.String({ description: 'The name to call it by, e.g. http-api.orders.get_order.' }),
    source: Nullable(Type.String(), 'Where the document came from, without its query; null when it was pasted.'),
    input_schema: ByEntry('JSON Schema of `arguments`.'),
    output_schema: ByEntry('JSON Schema of `data`.'),
    updated_at: Instant('When it was imported last.'),
  }),
);

const importedResponse = (
  { catalog, handle }: ConnectorRow,
  row: ImportedOperationRow,
): Static<typeof ImportedOperationResponse> => ({
  slug: row.slug,
  operation_id: row.operationId,
  title: row.title,
  description: row.description,
  method: row.request.method,
  path: row.request.path,
  side_effect: row.sideEffect,
  tool: `${catalog.key}.${handle}.${row.slug}`,
  source: row.source,
  input_schema: row.input as Record<string, unknown>,
  output_schema: row.output as Record<string, unknown>,
  updated_at: row.updatedAt.toISOString(),
});

const OperationsPreviewResponse = component(
  'OperationsPreviewResponse',
  Type.Object({
    title: Type.String({ description: 'Of the document.' }),
    version: Type.String(),
    digest: Type.String({ description: 'Send it along when saving: another document is refused then.' }),
    warnings: Type.Array(Type.String()),
    operations: Type.Array(
      Type.Object({
        ...described,
        status: OneOf(['new', 'same', 'changed'], { description: 'Beside what is imported already.' }),
        changes: Type.Array(OneOf(['method', 'path', 'schema', 'text']), { description: 'What is another one now.' }),
      }),
    ),
    refused: Type.Array(Type.Object({ method: Type.String(), path: Type.String(), reason: Type.String() }), {
      description: 'What cannot become a tool.',
    }),
    removed: Type.Array(
      Type.Object({
        ...{ slug: Type.String(), title: Type.String(), method: Type.String(), path: Type.String() },
        calls: Type.Integer({ description: 'In the last 30 days.' }),
        last_used_at: Nullable(Type.String({ format: 'date-time' }), 'Null when it was not used.'),
      }),
      { description: 'Imported ones that the document does not have any more; saving takes them away.' },
    ),
  }),
);

const previewResponse = (preview: OperationsPreview): Static<typeof OperationsPreviewResponse> => ({
  ...preview,
  operations: preview.operations.map(({ sideEffect, operationId, differences, ...each }) => ({
    ...each,
    operation_id: operationId,
    side_effect: sideEffect,
    status: differences === null ? 'new' : differences.length ? 'changed' : 'same',
    changes: differences ?? [],
  })),
  removed: preview.removed.map(({ lastAt, ...each }) => ({ ...each, last_used_at: lastAt?.toISOString() ?? null })),
});

const source = {
  document: Type.Optional(Type.String({ description: 'OpenAPI 3.0 or 3.1, JSON or YAML, up to 5 MB.' })),
  url: Type.Optional(Type.String({ maxLength: 2048, description: 'Where to get it instead, without any credential.' })),
};

export const importedOperationOperations = [
  operation(
    {
      method: 'get',
      path: '/api/connectors/:id/operations',
      id: 'listOperations',
      summary: 'List the operations that were imported',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:read',
      audit: null,
      input: { params: ById, query: WholeQuery },
      status: 200,
      response: ListOf(ImportedOperationResponse),
      example: {},
    },
    async (ctx, { params, query }) => {
      const { connector, operations } = await listOperations(ctx, params.id);
      return pageOfWhole(
        operations.map((row) => importedResponse(connector, row)),
        query,
        ({ slug }) => slug,
      );
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/connectors/:id/operations/preview',
      id: 'previewOperations',
      summary: 'See what an OpenAPI document would become',
      description: 'Each operation beside what is imported already. Nothing is changed.',
      tag: 'Tools',
      role: 'admin',
      scope: 'connectors:write',
      audit: null,
      input: { params: ById, body: Type.Object(source, { additionalProperties: false }) },
      status: 200,
      response: OperationsPreviewResponse,
      example: { body: { document: 'openapi: 3.1.0\npaths: { "/orders": { get: { operationId: listOrders } } }' } },
    },
    async (ctx, { params, body }) => previewResponse(await previewOperations(ctx, params.id, body)),
  ),
  operation(
    {
      method: 'put',
      path: '/api/connectors/:id/operations',
      id: 'saveOperations',
      summary: 'Choose the operations that are tools',
      description:
        'The chosen ones become tools of this connector, all others go. Without a document the choice is among those that are imported.',
      tag: 'Tools',
      role: 'admin',
      scope: 'connectors:write',
      audit: 'connector.operations_imported',
      input: {
        params: ById,
        body: Type.Object(
          {
            ...source,
            digest: Type.Optional(Type.String({ maxLength: 100, description: 'Of the preview.' })),
            operations: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1_000, description: 'Slugs.' }),
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(ImportedOperationResponse),
      example: {
        body: {
          document: 'openapi: 3.1.0\npaths: { "/orders": { get: { operationId: listOrders } } }',
          operations: ['list_orders'],
        },
      },
    },
    async (ctx, { params, body }) => {
      const saved = await saveOperations(ctx, params.id, body);
      const { connector } = await listOperations(ctx, params.id);
      return { data: saved.map((row) => importedResponse(connector, row)), next_cursor: null };
    },
  ),
];
