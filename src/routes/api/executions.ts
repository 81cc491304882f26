import { type Static, Type } from '@sinclair/typebox';
import type { ExecutionRow } from '../../db/queries/executions.ts';
import { getExecution, listExecutions } from '../../services/tools/executions.ts';
import { ById, Cursor, component, exampleId, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const Status = () => OneOf(['running', 'succeeded', 'failed', 'outcome_unknown', 'awaiting_approval']);

const ExecutionResponse = component(
  'ExecutionResponse',
  Type.Object({
    id: Uuid('Of the execution.'),
    tool: Type.String(),
    connector_id: Uuid('The connector that it went through.'),
    connection_id: Nullable(Type.String({ format: 'uuid' }), 'The account that it acted as.'),
    status: Status(),
    duration_ms: Nullable(Type.Integer(), 'Null while it runs.'),
    attempts: Type.Integer({ description: 'Requests sent, with repetitions.' }),
    error: Nullable(Type.Object({ code: Type.String(), message: Type.String() }), 'Why it did not succeed.'),
    upstream_request_id: Nullable(Type.String(), 'By which the service’s support finds it.'),
    input: Type.Unknown({ description: 'Masked; null unless the workspace keeps inputs and outputs.' }),
    output: Type.Unknown({ description: 'The same.' }),
    actor: Type.Object({ type: Type.String(), id: Nullable(Type.String({ format: 'uuid' }), ''), name: Type.String() }),
    request_id: Type.String(),
    created_at: Instant('When it began.'),
    finished_at: Nullable(Type.String({ format: 'date-time' }), 'Null while it runs.'),
  }),
);

const executionResponse = (row: ExecutionRow): Static<typeof ExecutionResponse> => ({
  id: row.id,
  tool: row.tool,
  connector_id: row.connectorId,
  connection_id: row.connectionId,
  status: row.status,
  duration_ms: row.durationMs,
  attempts: row.attempts,
  error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
  upstream_request_id: row.upstreamRequestId,
  input: row.input,
  output: row.output,
  actor: { type: row.actorType, id: row.actorId, name: row.actorName },
  request_id: row.requestId,
  created_at: row.createdAt.toISOString(),
  finished_at: row.finishedAt?.toISOString() ?? null,
});

export const executionOperations = [
  operation(
    {
      method: 'get',
      path: '/api/executions',
      id: 'listExecutions',
      summary: 'List what was called, newest first',
      description:
        'What went in and out, where the workspace keeps that, is shown to who called, and to owners and admins.',
      tag: 'Tools',
      role: 'member',
      scope: 'executions:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            tool: Type.Optional(Type.String({ maxLength: 200 })),
            status: Type.Optional(Status()),
            connector_id: Type.Optional(Type.String({ format: 'uuid' })),
            connection_id: Type.Optional(Type.String({ format: 'uuid' })),
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(ExecutionResponse),
      example: { query: { limit: '10' } },
    },
    async (ctx, { query }) => {
      const { connector_id: connectorId, connection_id: connectionId, ...rest } = query;
      const list = await listExecutions(ctx, { ...rest, connectorId, connectionId });
      return { data: list.data.map(executionResponse), next_cursor: list.nextCursor };
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/executions/:id',
      id: 'getExecution',
      summary: 'Get one call',
      tag: 'Tools',
      role: 'member',
      scope: 'executions:read',
      audit: null,
      input: { params: ById },
      status: 200,
      response: ExecutionResponse,
      example: { params: { id: exampleId } },
    },
    async (ctx, { params }) => executionResponse(await getExecution(ctx, params.id)),
  ),
];
