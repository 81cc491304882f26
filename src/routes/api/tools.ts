import { type Static, Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import { ofArguments } from '../../lib/schema/limits.ts';
import { resultOf } from '../../services/approvals/execution-results.ts';
import type { OfferedTool } from '../../services/tools/tool-sources.ts';
import { type Executed, executeTool, listTools, streamTool } from '../../services/tools/tools.ts';
import { ByEntry, ById, Cursor, component, exampleId, Limit, ListOf, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';
import { ExecuteResponse, ExecutionResultResponse, executeResponse, resultResponse } from './tool-call-schemas.ts';

const ToolResponse = component(
  'ToolResponse',
  Type.Object({
    slug: Type.String({ description: 'The toolkit and the tool, e.g. github.create_issue.' }),
    title: Type.String(),
    description: Type.String({ description: 'For people and language models: what it does and when to use it.' }),
    toolkit: Type.Object({ slug: Type.String(), name: Type.String() }),
    input_schema: ByEntry('JSON Schema (draft 2020-12) of `arguments`.'),
    output_schema: ByEntry('JSON Schema of `data`.'),
    side_effect: OneOf(['none', 'idempotent', 'write'], {
      description: 'What it changes at the service; only what cannot happen twice is repeated by the hub.',
    }),
    connectors: Type.Array(Type.Object({ id: Uuid('Of the connector.'), name: Type.String(), handle: Type.String() }), {
      description: 'The active connectors that it can be called through.',
    }),
  }),
);

const toolResponse = ({ name, tool, toolkit, connectors }: OfferedTool): Static<typeof ToolResponse> => ({
  slug: name,
  title: tool.title,
  description: tool.description,
  toolkit: { slug: toolkit.key, name: toolkit.name },
  input_schema: tool.input as Record<string, unknown>,
  output_schema: tool.output as Record<string, unknown>,
  side_effect: tool.sideEffect,
  connectors: connectors.map(({ id, name, handle }) => ({ id, name, handle })),
});

export const toolOperations = [
  operation(
    {
      method: 'get',
      path: '/api/tools',
      id: 'listTools',
      summary: 'List the tools that can be called',
      description: 'Those of active connectors, by toolkit; with `search` those that it is about, best first.',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            toolkits: Type.Optional(
              Type.String({
                maxLength: 500,
                description:
                  'Toolkits as answers name them, or catalog keys with everything below; separated by commas.',
              }),
            ),
            search: Type.Optional(
              Type.String({ maxLength: 500, description: 'What is to be done: words, or a sentence in English.' }),
            ),
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(ToolResponse),
      example: { query: { toolkits: 'github' } },
    },
    async (ctx, { query }) => {
      const toolkits = query.toolkits?.split(',').flatMap((key) => key.trim() || []);
      const { data, nextCursor } = await listTools(ctx, { ...query, toolkits });
      return { data: data.map(toolResponse), next_cursor: nextCursor };
    },
  ),
  operation(
    {
      method: 'post',
      path: '/api/tools/:slug/execute',
      id: 'executeTool',
      summary: 'Call a tool',
      description:
        'A failure at the service is an answer (200) with its reason; a status from 400 on means that nothing was called. A key whose calls need approval gets 202, and looks at `status_url`. Send an Idempotency-Key to make a repeated call safe. A body may have 4 MiB and 100,000 values, such as 16,000 rows of five columns; send more in parts. A stream has the provider’s events, and at its end the event `execution` with the answer that there would have been, without `data`.',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:execute',
      audit: null,
      input: {
        params: Type.Object({
          slug: Type.String({ description: 'As GET /api/tools names it, e.g. github.create_issue.' }),
        }),
        body: Type.Object(
          {
            connection_id: Type.Optional(Uuid('The account to act as.')),
            connector_id: Type.Optional(
              Uuid('The connector to go through; needed when several of the toolkit are active.'),
            ),
            arguments: Type.Optional(ByEntry('By the tool’s `input_schema`.')),
            stream: Type.Optional(
              Type.Boolean({
                description:
                  'The answer while it comes, as server-sent events; the same as Accept: text/event-stream. For tools that ask a language model.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
      limit: ofArguments,
      status: 200,
      streams: true,
      waits: true,
      response: ExecuteResponse,
      example: {
        params: { slug: 'github.get_user' },
        body: { connector_id: exampleId, arguments: { login: 'octocat' } },
      },
    },
    async (ctx, { params, body }, c) => {
      const input = {
        connectionId: body.connection_id,
        connectorId: body.connector_id,
        arguments: body.arguments ?? {},
      };
      const { signal } = c.req.raw;
      if (!(body.stream ?? wantsEvents(c))) {
        const executed = await executeTool(ctx, params.slug, input, signal);
        if (executed.status === 'awaiting_approval') c.status(202);
        return executeResponse(executed);
      }
      const last = (executed: Executed) =>
        Buffer.from(`event: execution\ndata: ${JSON.stringify(executeResponse(executed))}\n\n`);
      const given = await streamTool(ctx, params.slug, input, last, signal);
      if (!('stream' in given)) return executeResponse(given);
      const headers = { ...given.headers, 'content-type': 'text/event-stream; charset=utf-8' };
      return new Response(given.stream, { headers: { ...headers, 'cache-control': 'no-cache' } });
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/executions/:id/result',
      id: 'getExecutionResult',
      summary: 'Look how a call of one’s own stands',
      description:
        'For who called, and for keys of that person. What came of a call that had to be approved is kept for 24 hours, for the key that asked; of others only how they went. `wait_s` waits until it is over.',
      tag: 'Tools',
      role: 'member',
      scope: 'tools:execute',
      audit: null,
      input: {
        params: ById,
        query: Type.Object(
          { wait_s: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })) },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ExecutionResultResponse,
      example: { params: { id: exampleId } },
    },
    async (ctx, { params, query }, c) => {
      const wait = { ms: (query.wait_s ?? 0) * 1000, signal: c.req.raw.signal };
      return resultResponse(await resultOf(ctx, params.id, wait));
    },
  ),
];

const wantsEvents = (c: Context): boolean => /^text\/event-stream\b/i.test(c.req.header('accept') ?? '');
